"""Links from a task to the AWS console, which has no page for a video job or a collection of faces."""

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


class RekognitionCustomLabelsProjectLink(BaseAwsLink):
    """Link to the project of a model in the Amazon Rekognition Custom Labels console."""

    name = "Amazon Rekognition Custom Labels project"
    key = "rekognition_custom_labels_project"
    format_str = (
        "https://{region_name}.console.{aws_domain}/rekognition/custom-labels#/projects/{project_name}"
    )
