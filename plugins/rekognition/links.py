"""Links from a task to the AWS console. Rekognition's console has no page for a single video job."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.providers.amazon.aws.links.base_aws import BASE_AWS_CONSOLE_LINK, BaseAwsLink


class RekognitionConsoleLink(BaseAwsLink):
    """Link to the Amazon Rekognition console of the region."""

    name = "Amazon Rekognition"
    key = "rekognition_console"
    format_str = BASE_AWS_CONSOLE_LINK + "/rekognition/home?region={region_name}#/"


class RekognitionVideoObjectLink(BaseAwsLink):
    """Link to the analyzed video in the Amazon S3 console."""

    name = "Video in Amazon S3"
    key = "rekognition_video_object"
    format_str = BASE_AWS_CONSOLE_LINK + "/s3/object/{bucket}?region={region_name}&prefix={object_key}"

    def format_link(self, **kwargs: Any) -> str:
        """Escape the object key, which may hold any character."""
        return super().format_link(**{**kwargs, "object_key": quote(kwargs["object_key"], safe="")})
