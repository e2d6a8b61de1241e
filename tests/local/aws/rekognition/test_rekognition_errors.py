"""Each failure that AWS documents, met over HTTP, with AWS's status and words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.rekognition.api_model import SERVICE
from local.aws.rekognition.media_files import MAX_VIDEO_BYTES, Media
from local.aws.rekognition.rekognition_errors import DOCUMENTED_ERRORS, ServiceError
from tests.local.aws.rekognition.samples import BUCKET, FACE, Control

pytestmark = pytest.mark.integration

VIDEO = {"S3Object": {"Bucket": BUCKET, "Name": "clip.mp4"}}


def _missing_object(client: Any, control: Control) -> None:
    client.detect_faces(Image={"S3Object": {"Bucket": BUCKET, "Name": "missing.jpg"}})


def _large_image(client: Any, control: Control) -> None:
    client.detect_faces(Image={"Bytes": FACE + bytes(5 * 1024 * 1024)})


def _no_image(client: Any, control: Control) -> None:
    client.detect_faces(Image={"Bytes": b"<html></html>"})


def _no_parameters(client: Any, control: Control) -> None:
    client.detect_faces(Image={})


def _too_many_jobs(client: Any, control: Control) -> None:
    control.post("settings", {"job_limit": 0})
    client.start_face_detection(Video=VIDEO)


def _token_of_another_request(client: Any, control: Control) -> None:
    client.start_content_moderation(Video=VIDEO, ClientRequestToken="one")
    client.start_content_moderation(Video=VIDEO, ClientRequestToken="one", MinConfidence=70)


def _made_up_page(client: Any, control: Control) -> None:
    client.describe_projects(NextToken="made-up")


def _unknown_job(client: Any, control: Control) -> None:
    client.get_face_detection(JobId="0" * 64)


def _model_not_started(client: Any, control: Control) -> None:
    arn = client.create_project(ProjectName="logos")["ProjectArn"]
    output = {"S3Bucket": BUCKET}
    version = client.create_project_version(ProjectArn=arn, VersionName="v1", OutputConfig=output)
    client.detect_custom_labels(ProjectVersionArn=version["ProjectVersionArn"], Image={"Bytes": FACE})


def _project_twice(client: Any, control: Control) -> None:
    client.create_project(ProjectName="logos")
    client.create_project(ProjectName="logos")


def _collection_twice(client: Any, control: Control) -> None:
    client.create_collection(CollectionId="staff")
    client.create_collection(CollectionId="staff")


def _denied(client: Any, control: Control) -> None:
    control.post("settings", {"denied": ["DescribeProjects"]})
    client.describe_projects()


def _too_fast(client: Any, control: Control) -> None:
    control.post("settings", {"tps": {"DescribeProjects": 0.1}})
    client.describe_projects()
    client.describe_projects()


def _throttled(client: Any, control: Control) -> None:
    control.post("settings", {"faults": [{"code": "ThrottlingException"}]})
    client.describe_projects()


# Those without an entry here are met below: the ones that S3 has to be made to cause.
MET: dict[str, Callable[[Any, Control], None]] = {
    "AccessDeniedException": _denied,
    "IdempotentParameterMismatchException": _token_of_another_request,
    "ImageTooLargeException": _large_image,
    "InvalidImageFormatException": _no_image,
    "InvalidPaginationTokenException": _made_up_page,
    "InvalidParameterException": _no_parameters,
    "InvalidS3ObjectException": _missing_object,
    "LimitExceededException": _too_many_jobs,
    "ProvisionedThroughputExceededException": _too_fast,
    "ResourceAlreadyExistsException": _collection_twice,
    "ResourceInUseException": _project_twice,
    "ResourceNotFoundException": _unknown_job,
    "ResourceNotReadyException": _model_not_started,
    "ThrottlingException": _throttled,
}
ARGUMENTS = {
    "AccessDeniedException": (
        "arn:aws:iam::123456789012:user/local",
        "rekognition:DescribeProjects",
        "*",
    ),
    "IdempotentParameterMismatchException": ("one",),
    "ResourceAlreadyExistsException": ("staff",),
}
CAUSED_BY_S3 = {"InternalServerError", "VideoTooLargeException"}


@pytest.mark.parametrize("code", sorted(DOCUMENTED_ERRORS.keys() - CAUSED_BY_S3))
def test_documented_errors_are_met(rekognition: Any, control: Control, s3: Any, code: str) -> None:
    with pytest.raises(getattr(rekognition.exceptions, code)) as raised:
        MET[code](rekognition, control)
    error = raised.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["Error"]["Message"].startswith(
        DOCUMENTED_ERRORS[code].message.format(*ARGUMENTS.get(code, ()))
    )


@pytest.mark.parametrize("code", DOCUMENTED_ERRORS)
def test_every_documented_error_can_be_injected(rekognition: Any, control: Control, code: str) -> None:
    control.post("settings", {"faults": [{"code": code, "operation": "DescribeProjects"}]})
    with pytest.raises(ClientError) as raised:
        rekognition.describe_projects()
    error = raised.value.response
    assert error["Error"]["Code"] == code
    assert error["ResponseMetadata"]["HTTPStatusCode"] == DOCUMENTED_ERRORS[code].status
    assert "{}" not in error["Error"]["Message"]


def test_all_codes_are_of_the_api() -> None:
    assert set(DOCUMENTED_ERRORS) <= {shape.name for shape in SERVICE.error_shapes}


@pytest.mark.parametrize(
    ("operation", "params", "reason"),
    [
        ("start_person_tracking", {"Video": VIDEO}, "AWS ended people pathing"),
        ("get_person_tracking", {"JobId": "0" * 64}, "AWS ended people pathing"),
        ("list_media_analysis_jobs", {}, "closed bulk image analysis"),
    ],
)
def test_what_aws_retired_is_denied_with_the_reason(
    rekognition: Any, operation: str, params: dict[str, Any], reason: str
) -> None:
    with pytest.raises(rekognition.exceptions.AccessDeniedException, match=reason):
        getattr(rekognition, operation)(**params)


class UnusualStorage(BaseHTTPRequestHandler):
    """An S3 that says that its objects are huge, or fails for the key ``broken``."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        broken = self.path.endswith("/broken")
        self.send_response(500 if broken else 200)
        self.send_header("Content-Length", "0" if broken else str(MAX_VIDEO_BYTES + 1))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def unusual_storage() -> Iterator[Media]:
    server = HTTPServer(("127.0.0.1", 0), UnusualStorage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Media(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("key", "code", "status", "message"),
    [
        (
            "huge",
            "VideoTooLargeException",
            400,
            "Video size in bytes: 10737418241 is more than the maximum limit of: 10737418240 bytes.",
        ),
        ("broken", "InternalServerError", 500, "Amazon Rekognition experienced a service issue."),
    ],
)
def test_errors_that_storage_causes(
    unusual_storage: Media, key: str, code: str, status: int, message: str
) -> None:
    with pytest.raises(ServiceError) as raised:
        unusual_storage.check_video({"S3Object": {"Bucket": "bucket", "Name": key}}, "us-east-1")
    assert (raised.value.code, raised.value.status) == (code, status)
    assert raised.value.message.startswith(message)
