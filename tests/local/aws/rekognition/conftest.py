"""A local Rekognition of the tests' own in a process, with moto's S3, SNS and SQS over HTTP beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tests.local.aws.rekognition.face_samples import write_face_recordings
from tests.local.aws.rekognition.samples import (
    BUCKET,
    CLIP,
    CONTROL_TOKEN,
    FACE,
    REPLAYED,
    REPLAYED_CLIP,
    ROOT,
    Control,
    text_image,
    write_recordings,
)


def free_port() -> int:
    """Find a TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Address of S3, SNS and SQS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="session")
def aws(moto_url: str) -> Callable[..., Any]:
    """Make a boto3 client that does not retry; ``url`` is moto unless said otherwise."""

    def make(service: str, url: str = moto_url, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
        )

    return make


@pytest.fixture(scope="session")
def service(moto_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Address and process id of the service."""
    folder = tmp_path_factory.mktemp("replay")
    write_recordings(folder)
    write_face_recordings(folder)
    port = free_port()
    settings = {
        "AWS_ENDPOINT_URL": moto_url,
        "LOCAL_REKOGNITION_CONTROL_TOKEN": CONTROL_TOKEN,
        "LOCAL_REKOGNITION_PORT": str(port),
        "LOCAL_REKOGNITION_REPLAY_FOLDER": str(folder),
    }
    command = [sys.executable, "-m", "local.aws.rekognition"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            Control(url).get("health")
            break
        except OSError:
            assert process.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.05)
    yield url, process.pid
    process.terminate()
    process.wait(timeout=15)


@pytest.fixture
def control(service: tuple[str, int]) -> Control:
    """The control address of a service that has just been reset."""
    control = Control(service[0])
    control.post("reset")
    return control


@pytest.fixture
def rekognition(service: tuple[str, int], control: Control, aws: Callable[..., Any]) -> Any:
    """A client for Rekognition."""
    return aws("rekognition", service[0])


@pytest.fixture(scope="module")
def s3(aws: Callable[..., Any]) -> Any:
    """A client for S3, with the media in a bucket. Other tests with moto may have emptied it."""
    client = aws("s3")
    client.create_bucket(Bucket=BUCKET)
    media = {
        "face.jpg": FACE,
        "text.png": text_image(),
        "recorded.png": REPLAYED,
        "clip.mp4": CLIP,
        "recorded.mp4": REPLAYED_CLIP,
        "not-a-video.mp4": FACE,
    }
    for key, data in media.items():
        client.put_object(Bucket=BUCKET, Key=key, Body=data)
    return client


@pytest.fixture
def image(s3: Any) -> Callable[[str], dict[str, Any]]:
    """Make the Image member for a key of the bucket."""
    return lambda key: {"S3Object": {"Bucket": BUCKET, "Name": key}}


@pytest.fixture
def finished(rekognition: Any) -> Callable[..., dict[str, Any]]:
    """Wait for a job to end and give its Get reply."""

    def wait(kind: str, job_id: str, **options: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            reply: dict[str, Any] = getattr(rekognition, f"get_{kind}")(JobId=job_id, **options)
            if reply["JobStatus"] != "IN_PROGRESS":
                return reply
            time.sleep(0.05)
        raise TimeoutError(job_id)

    return wait
