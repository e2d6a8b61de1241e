"""Every operation that the local Rekognition offers, by boto3 and by the AWS CLI, at both addresses.

A story is a series of calls that belong together. Operations without a call in any story fail the test.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import boto3
import cv2
import numpy as np
import pytest
from botocore import xform_name

from local.aws.rekognition.offered_operations import OFFERED
from tests.integration.command_line_process import command_line as run_aws
from tests.integration.conftest import ROOT, Endpoints, http

pytestmark = pytest.mark.integration

Ask = Callable[..., dict[str, Any]]  # operation, parameters -> reply
SAMPLES = ROOT / "local/sample_media"
BUCKET = "operations"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def clip() -> bytes:
    """Encode H.264 at 25 frames/s: 1 s black, 1 s with a face, 1 s with a word."""
    face = cv2.imread(str(SAMPLES / "grace-hopper.jpg"))
    face = cv2.resize(face, None, fx=480 / face.shape[0], fy=480 / face.shape[0])
    scene = np.zeros((480, 640, 3), np.uint8)
    scene[:, : face.shape[1]] = face[:, :640]
    word = np.full_like(scene, 255)
    cv2.putText(word, "OPENING", (60, 260), cv2.FONT_HERSHEY_SIMPLEX, 4, (0, 0, 0), 10)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for picture in (np.zeros_like(scene), scene, word):
            for _ in range(25):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture(scope="module")
def one_address(endpoints: Endpoints) -> Iterator[dict[str, str]]:
    """An environment with the endpoint's address only, the media in a bucket, and Rekognition reset."""
    settings = {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoints.aws}
    s3 = boto3.client("s3", endpoint_url=endpoints.aws, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    for name in ("grace-hopper.jpg", "astronaut.png", "rocket-night.jpg"):
        s3.upload_file(str(SAMPLES / name), BUCKET, name)
    s3.put_object(Bucket=BUCKET, Key="clip.mp4", Body=clip())
    http.post(f"{endpoints.control}/_control/reset").raise_for_status()
    yield settings
    http.post(f"{endpoints.control}/_control/reset").raise_for_status()


@pytest.fixture
def boto(one_address: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask by boto3."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION", raising=False)
    for name, value in one_address.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("rekognition")
    assert client.meta.endpoint_url == one_address["AWS_ENDPOINT_URL"]

    def ask(operation: str, **params: Any) -> dict[str, Any]:
        reply: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        return reply

    return ask


@pytest.fixture
def direct(boto: Ask, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask by boto3 at Rekognition's own address, as the demo's tasks do."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", endpoints.rekognition)
    client = boto3.client("rekognition")
    assert client.meta.endpoint_url == endpoints.rekognition
    return lambda operation, **params: getattr(client, xform_name(operation))(**params)


@pytest.fixture
def command_line(one_address: dict[str, str], tmp_path: Path) -> Ask:
    """Ask by the AWS CLI, with an environment that holds nothing else about AWS."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **others,
        **one_address,
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }

    def ask(operation: str, **params: Any) -> dict[str, Any]:
        command = ["rekognition", xform_name(operation, "-"), "--output", "json"]
        code, output = run_aws([*command, "--cli-input-json", json.dumps(params)], environment)
        if code:
            raise RuntimeError(output)
        return dict(json.loads(output)) if output.strip() else {}

    return ask


def image(key: str) -> dict[str, Any]:
    return {"S3Object": {"Bucket": BUCKET, "Name": key}}


def wait_while(status: str, ask: Callable[[], dict[str, Any]], member: str) -> dict[str, Any]:
    """Ask until a member has another value."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        reply = ask()
        if reply[member] != status:
            return reply
        time.sleep(0.2)
    raise TimeoutError(f"{member} is still {status}")


def look_at_images(ask: Ask) -> None:
    portrait = image("grace-hopper.jpg")
    labels = ask("DetectLabels", Image=portrait, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"])
    assert "Person" in {label["Name"] for label in labels["Labels"]}
    assert 0 < labels["ImageProperties"]["Quality"]["Brightness"] < 100
    assert labels["ImageProperties"]["DominantColors"]
    [face] = ask("DetectFaces", Image=portrait)["FaceDetails"]
    assert face["Confidence"] > 80
    moderation = ask("DetectModerationLabels", Image=image("rocket-night.jpg"))
    assert moderation["ModerationModelVersion"] == "7.0"  # the recorded example
    assert moderation["ModerationLabels"]
    assert isinstance(ask("DetectText", Image=portrait)["TextDetections"], list)
    equipment = ask(
        "DetectProtectiveEquipment",
        Image=portrait,
        SummarizationAttributes={"MinConfidence": 80, "RequiredEquipmentTypes": ["HEAD_COVER"]},
    )
    assert equipment["Persons"] == equipment["Summary"]["PersonsIndeterminate"] == []


def compare_and_recognize(ask: Ask) -> None:
    portrait = image("grace-hopper.jpg")
    compared = ask("CompareFaces", SourceImage=portrait, TargetImage=portrait)
    assert compared["FaceMatches"][0]["Similarity"] > 95
    other = ask("CompareFaces", SourceImage=portrait, TargetImage=image("astronaut.png"))
    assert other["FaceMatches"] == []
    assert len(other["UnmatchedFaces"]) == 1
    recognized = ask("RecognizeCelebrities", Image=portrait)
    assert recognized["CelebrityFaces"] == []  # nobody is recognized by pixels
    assert len(recognized["UnrecognizedFaces"]) == 1
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        ask("GetCelebrityInfo", Id="1XJ5dK1a")


def search_a_collection(ask: Ask, name: str) -> None:
    """Keep one face, find it by its id, in a picture and in a video, and forget it again."""
    collection = {"CollectionId": f"staff-{name}"}
    assert ask("CreateCollection", **collection)["StatusCode"] == 200
    assert collection["CollectionId"] in ask("ListCollections")["CollectionIds"]
    [record] = ask("IndexFaces", **collection, Image=image("grace-hopper.jpg"), ExternalImageId="grace")[
        "FaceRecords"
    ]
    face_id = record["Face"]["FaceId"]
    assert ask("DescribeCollection", **collection)["FaceCount"] == 1
    assert [face["ExternalImageId"] for face in ask("ListFaces", **collection)["Faces"]] == ["grace"]
    assert ask("SearchFaces", **collection, FaceId=face_id)["FaceMatches"] == []  # no other face
    found = ask("SearchFacesByImage", **collection, Image=image("grace-hopper.jpg"))
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [face_id]
    job = ask("StartFaceSearch", **collection, Video=image("clip.mp4"))["JobId"]
    reply = wait_while("IN_PROGRESS", lambda: ask("GetFaceSearch", JobId=job), "JobStatus")
    matches = [match for person in reply["Persons"] for match in person.get("FaceMatches", [])]
    assert {match["Face"]["FaceId"] for match in matches} == {face_id}
    assert ask("DeleteFaces", **collection, FaceIds=[face_id])["DeletedFaces"] == [face_id]
    assert ask("DeleteCollection", **collection)["StatusCode"] == 200


def watch_a_video(ask: Ask) -> None:
    kinds = {
        "LabelDetection": {},
        "TextDetection": {},
        "FaceDetection": {},
        "ContentModeration": {},
        "CelebrityRecognition": {},
        "SegmentDetection": {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
    }
    jobs = {
        kind: ask(f"Start{kind}", Video=image("clip.mp4"), **params)["JobId"]
        for kind, params in kinds.items()
    }

    def result(kind: str) -> dict[str, Any]:
        reply = wait_while("IN_PROGRESS", lambda: ask(f"Get{kind}", JobId=jobs[kind]), "JobStatus")
        assert reply["JobStatus"] == "SUCCEEDED", reply.get("StatusMessage")
        return reply

    assert "Person" in {item["Label"]["Name"] for item in result("LabelDetection")["Labels"]}
    texts = {item["TextDetection"]["DetectedText"] for item in result("TextDetection")["TextDetections"]}
    assert "OPENING" in texts
    faces = {item["Timestamp"] for item in result("FaceDetection")["Faces"]}
    assert faces == {1000, 1520}  # of the frames from 1.0 s and from 1.5 s on
    assert result("ContentModeration")["ModerationLabels"] == []  # nothing was recorded for it
    celebrities = [
        item for item in result("CelebrityRecognition")["Celebrities"] if item["Celebrity"].get("Name")
    ]
    assert celebrities == []
    segments = result("SegmentDetection")["Segments"]
    assert [item["StartTimestampMillis"] for item in segments if item["Type"] == "SHOT"] == [0, 1000, 2000]
    [cue] = [item["TechnicalCueSegment"]["Type"] for item in segments if item["Type"] == "TECHNICAL_CUE"]
    assert cue == "BlackFrames"


def run_a_model(ask: Ask, name: str) -> None:
    """Create a model, start it, ask it, stop it, and delete it."""
    project = ask("CreateProject", ProjectName=f"logos-{name}")["ProjectArn"]
    version = ask(
        "CreateProjectVersion", ProjectArn=project, VersionName="v1", OutputConfig={"S3Bucket": BUCKET}
    )["ProjectVersionArn"]
    model = {"ProjectVersionArn": version}

    def wait_until_no_longer(status: str) -> str:
        def describe() -> dict[str, Any]:
            found = ask("DescribeProjectVersions", ProjectArn=project, VersionNames=["v1"])
            return dict(found["ProjectVersionDescriptions"][0])

        return str(wait_while(status, describe, "Status")["Status"])

    assert project in {item["ProjectArn"] for item in ask("DescribeProjects")["ProjectDescriptions"]}
    assert wait_until_no_longer("TRAINING_IN_PROGRESS") == "TRAINING_COMPLETED"
    assert ask("StartProjectVersion", **model, MinInferenceUnits=1)["Status"] == "STARTING"
    assert wait_until_no_longer("STARTING") == "RUNNING"
    assert ask("DetectCustomLabels", **model, Image=image("astronaut.png"))["CustomLabels"] == []
    assert ask("StopProjectVersion", **model)["Status"] == "STOPPING"
    assert wait_until_no_longer("STOPPING") == "STOPPED"
    assert ask("DeleteProjectVersion", **model)["Status"] == "DELETING"
    assert ask("DeleteProject", ProjectArn=project)["Status"] == "DELETING"


@pytest.mark.parametrize("client", ["boto", "direct", "command_line"])
def test_every_offered_operation_answers(client: str, request: pytest.FixtureRequest) -> None:
    client_ask: Ask = request.getfixturevalue(client)
    asked: set[str] = set()

    def ask(operation: str, **params: Any) -> dict[str, Any]:
        asked.add(operation)
        return client_ask(operation, **params)

    stories: list[Callable[[], None]] = [
        lambda: watch_a_video(ask),
        lambda: search_a_collection(ask, client.replace("_", "-")),
        lambda: run_a_model(ask, client.replace("_", "-")),
        lambda: look_at_images(ask),
        lambda: compare_and_recognize(ask),
    ]
    with ThreadPoolExecutor(3) as pool:
        failures = [future.exception() for future in [pool.submit(story) for story in stories]]
    for failure in failures:
        if failure is not None:
            raise failure
    assert asked == OFFERED.keys()


@pytest.mark.parametrize("client", ["boto", "command_line"])
def test_what_is_not_offered_says_why(client: str, request: pytest.FixtureRequest) -> None:
    ask: Ask = request.getfixturevalue(client)
    with pytest.raises(Exception, match="AWS ended people pathing"):
        ask("StartPersonTracking", Video=image("clip.mp4"))
    with pytest.raises(Exception, match="user vectors"):
        ask("ListUsers", CollectionId="staff")
