"""Reads media from S3: images into memory, videos into a temporary file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.rekognition.rekognition_errors import ServiceError, documented_error

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

MEBIBYTE = 1024 * 1024
MAX_IMAGE_BYTES_IN_REQUEST = 5 * MEBIBYTE
MAX_IMAGE_BYTES_IN_S3 = 15 * MEBIBYTE
MAX_VIDEO_BYTES = 10 * 1024 * MEBIBYTE
_CHUNK = MEBIBYTE


class Media:
    """Reads objects. Every method blocks: call it in a thread.

    :param endpoint_url: address of S3.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._client: Callable[[str], S3Client] = cache(lambda region: aws_client("s3", endpoint_url, region))
        self._bucket_regions: dict[str, str] = {}

    def image(
        self, image: dict[str, Any], region: str, max_in_request: int = MAX_IMAGE_BYTES_IN_REQUEST
    ) -> bytes:
        """Return the bytes of a request's ``Image``.

        :param max_in_request: most bytes of an image that is in the request itself.
        :raises ServiceError: InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException.
        """
        if ("Bytes" in image) == ("S3Object" in image):
            raise documented_error("InvalidParameterException")
        if "Bytes" in image:
            data: bytes = image["Bytes"]
            if len(data) > max_in_request:
                raise _too_large(len(data), max_in_request)
            return data
        reply = self._get(image["S3Object"], region)
        with closing(reply["Body"]) as body:
            if reply["ContentLength"] > MAX_IMAGE_BYTES_IN_S3:
                raise _too_large(reply["ContentLength"], MAX_IMAGE_BYTES_IN_S3)
            return bytes(body.read())

    def check_video(self, video: dict[str, Any], region: str) -> None:
        """Make sure that a request's ``Video`` exists and is not too large.

        :raises ServiceError: InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException.
        """
        if "S3Object" not in video:
            raise documented_error("InvalidParameterException")
        reply = self._get(video["S3Object"], region)
        reply["Body"].close()
        size = reply["ContentLength"]
        if size > MAX_VIDEO_BYTES:
            raise documented_error("VideoTooLargeException", size, MAX_VIDEO_BYTES)

    def save_video(self, video: dict[str, Any], region: str, path: str) -> str:
        """Write a video to a file and return the SHA-256 of its bytes.

        :raises ServiceError: InvalidS3ObjectException if it no longer exists.
        """
        digest = hashlib.sha256()
        with closing(self._get(video["S3Object"], region)["Body"]) as body, open(path, "wb") as file:
            for chunk in body.iter_chunks(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    def _get(self, address: dict[str, str], region: str) -> GetObjectOutputTypeDef:
        if "Bucket" not in address or "Name" not in address:
            raise documented_error("InvalidParameterException")
        version: Any = {"VersionId": address["Version"]} if "Version" in address else {}
        try:
            if self._bucket_region(address["Bucket"], region) != region:
                raise documented_error("InvalidS3ObjectException")
            return self._client(region).get_object(Bucket=address["Bucket"], Key=address["Name"], **version)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise documented_error("InternalServerError", detail=f"S3: {error}") from error
            raise documented_error("InvalidS3ObjectException") from error
        except BotoCoreError as error:
            raise documented_error("InternalServerError", detail=f"S3: {error}") from error

    def _bucket_region(self, bucket: str, region: str) -> str:
        if bucket not in self._bucket_regions:
            reply = self._client(region).head_bucket(Bucket=bucket)
            self._bucket_regions[bucket] = reply.get("BucketRegion", region)
        return self._bucket_regions[bucket]


def aws_client(service: Literal["s3", "sns"], endpoint_url: str, region: str) -> Any:
    """Make a client of the local endpoint, which accepts any credentials."""
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=32, s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )


def _too_large(size: int, limit: int) -> ServiceError:
    return documented_error("ImageTooLargeException", detail=f"It has {size} bytes, the limit is {limit}.")
