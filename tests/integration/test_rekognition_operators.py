"""The operators of the plugin against the local Rekognition over HTTP, waiting here and on the event loop."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk.exceptions import TaskDeferred
from botocore.exceptions import ClientError
from PIL import Image

from rekognition.operators import (
    RekognitionCompareFacesOperator,
    RekognitionCreateCollectionOperator,
    RekognitionDeleteCollectionOperator,
    RekognitionDeleteFacesOperator,
    RekognitionIndexFacesOperator,
    RekognitionSearchFacesByImageOperator,
    RekognitionStartCelebrityRecognitionOperator,
    RekognitionStartFaceSearchOperator,
    RekognitionStartProjectVersionOperator,
    RekognitionStopProjectVersionOperator,
)
from rekognition.sensors import RekognitionProjectVersionStateSensor, RekognitionVideoJobCompletedSensor
from tests.integration.conftest import ROOT, LocalLake, http, picture
from tests.plugins.conftest import TaskContext

pytestmark = pytest.mark.integration

PORTRAIT = ROOT / "tests/fixtures/media/grace-hopper.jpg"
Place = dict[str, dict[str, str]]


@pytest.fixture(autouse=True)
def aws_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")


@pytest.fixture
def put(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> Callable[[str, bytes], Place]:
    """Upload an object; return where it is, as requests name it."""

    def run(key: str, body: bytes) -> Place:
        upload(key, body)
        return {"S3Object": {"Bucket": local_lake.settings.bucket, "Name": key}}

    return run


@pytest.fixture
def staff(local_lake: LocalLake) -> Iterator[str]:
    """Id of a collection that is gone after the test."""
    yield "staff"
    RekognitionDeleteCollectionOperator(task_id="clean", collection_id="staff").execute(_try())


@pytest.fixture
def model(local_lake: LocalLake) -> str:
    """ARN of a trained model that takes a moment to start and to stop."""
    client = local_lake.client("rekognition")
    local_lake.behave(model_seconds=0.0)
    project = client.create_project(ProjectName="crates")["ProjectArn"]
    arn: str = client.create_project_version(
        ProjectArn=project,
        VersionName="v1",
        OutputConfig={"S3Bucket": local_lake.settings.bucket, "S3KeyPrefix": "models"},
    )["ProjectVersionArn"]
    local_lake.behave(model_seconds=0.5)
    return arn


def _try(number: int = 1, context: TaskContext | None = None) -> Any:
    return (context or TaskContext()).for_try(number)


def _crop(portrait: bytes) -> bytes:
    """Return the portrait with its edges cut off: the same face in another file."""
    with Image.open(io.BytesIO(portrait)) as image:
        width, height = image.size
        buffer = io.BytesIO()
        image.crop((width // 20, 0, width - width // 20, height - height // 10)).save(buffer, "JPEG")
    return buffer.getvalue()


def _clip() -> bytes:
    """Return a second of H.264 without a person."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for shade in range(25):
            frame = np.full((120, 160, 3), 10 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


async def _event(deferred: TaskDeferred) -> dict[str, Any]:
    event = await asyncio.wait_for(anext(aiter(deferred.trigger.run())), 30)
    payload: dict[str, Any] = event.payload
    return payload


def _counted(lake: LocalLake, arn: str) -> dict[str, Any]:
    calls = http.get(f"{lake.control_url}/_control/calls").raise_for_status().json()
    (found,) = [model for model in calls["models"] if model["arn"] == arn]
    return {name: found[name] for name in ("starts", "stops", "status")}


def test_a_face_is_indexed_found_and_deleted(staff: str, put: Callable[[str, bytes], Place]) -> None:
    portrait = PORTRAIT.read_bytes()
    image, other = put("raw/portrait.jpg", portrait), put("raw/crop.jpg", _crop(portrait))
    collection = {"task_id": "call", "collection_id": staff}

    arn = RekognitionCreateCollectionOperator(**collection).execute(_try())
    assert arn.endswith(":collection/staff")
    assert RekognitionCreateCollectionOperator(**collection).execute(_try(2)) == arn
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        RekognitionCreateCollectionOperator(**collection, if_exists="fail").execute(_try())

    index = RekognitionIndexFacesOperator(**collection, image=image, external_image_id="grace")
    indexed = index.execute(_try())
    assert len(indexed["face_ids"]) == 1
    assert index.execute(_try(2)) == indexed

    (found,) = RekognitionSearchFacesByImageOperator(**collection, image=other).execute(_try())
    assert found["face_id"] == indexed["face_ids"][0]
    assert found["external_image_id"] == "grace"
    assert 80 <= found["similarity"] <= 100
    compared = RekognitionCompareFacesOperator(
        task_id="call", source_image=image, target_image=other
    ).execute(_try())
    assert len(compared["similarities"]) == 1
    assert compared["unmatched_faces"] == 0
    json.dumps([indexed, found, compared])

    delete = RekognitionDeleteFacesOperator(**collection, face_ids=indexed["face_ids"])
    assert delete.execute(_try()) == 1
    assert delete.execute(_try(2)) == 0
    assert RekognitionSearchFacesByImageOperator(**collection, image=image).execute(_try()) == []
    for number in (1, 2):
        RekognitionDeleteCollectionOperator(**collection).execute(_try(number))


def test_picture_without_a_face(staff: str, put: Callable[[str, bytes], Place]) -> None:
    collection = {"task_id": "call", "collection_id": staff}
    RekognitionCreateCollectionOperator(**collection).execute(_try())
    noise = put("raw/noise.jpg", picture(1))
    indexed = RekognitionIndexFacesOperator(**collection, image=noise).execute(_try())
    assert indexed == {"face_ids": [], "unindexed_faces": 0}
    with pytest.raises(ClientError, match="InvalidParameterException"):
        RekognitionSearchFacesByImageOperator(**collection, image=noise).execute(_try())


async def test_the_new_video_jobs(staff: str, put: Callable[[str, bytes], Place]) -> None:
    video = put("raw/clip.mp4", _clip())
    RekognitionCreateCollectionOperator(task_id="call", collection_id=staff).execute(_try())
    here = RekognitionStartCelebrityRecognitionOperator(task_id="celebrities", video=video, waiter_delay=1)
    job_id = here.execute(_try())
    context = TaskContext()
    there = RekognitionStartFaceSearchOperator(
        task_id="search", video=video, collection_id=staff, waiter_delay=1, deferrable=True
    )
    with pytest.raises(TaskDeferred) as deferred:
        there.execute(_try(1, context))
    event = await _event(deferred.value)
    assert there.execute_complete(_try(1, context), event) == there.job_id != job_id

    for operation, job in (("GetCelebrityRecognition", job_id), ("GetFaceSearch", there.job_id)):
        sensor = RekognitionVideoJobCompletedSensor(task_id="wait", job_id=str(job), operation=operation)
        assert sensor.poke(_try()) is True


def test_a_model_is_started_and_stopped_once(local_lake: LocalLake, model: str) -> None:
    arguments: dict[str, Any] = {"task_id": "model", "project_version_arn": model, "waiter_delay": 1}
    start = RekognitionStartProjectVersionOperator(**arguments)
    assert start.execute(_try()) == model
    assert start.execute(_try(2)) == model, "a retry while it is starting"
    running = RekognitionProjectVersionStateSensor(
        task_id="wait", project_version_arn=model, poke_interval=0.1, timeout=20
    )
    running.execute(_try())
    assert start.execute(_try(3)) == model, "a retry while it runs"
    assert _counted(local_lake, model) == {"starts": 1, "stops": 0, "status": "RUNNING"}

    stop = RekognitionStopProjectVersionOperator(**arguments)
    assert stop.execute(_try()) == model
    assert stop.execute(_try(2)) == model
    assert _counted(local_lake, model) == {"starts": 1, "stops": 1, "status": "STOPPED"}


async def test_a_model_that_is_starting_is_stopped_on_the_event_loop(
    local_lake: LocalLake, model: str
) -> None:
    local_lake.behave(model_seconds=4)  # so that it still starts when it is stopped, on a busy machine too
    arguments: dict[str, Any] = {"task_id": "model", "project_version_arn": model, "waiter_delay": 1}
    RekognitionStartProjectVersionOperator(**arguments).execute(_try())
    stop = RekognitionStopProjectVersionOperator(**arguments, deferrable=True)
    with pytest.raises(TaskDeferred) as starting:
        stop.execute(_try())
    assert starting.value.method_name == "execute_started"
    with pytest.raises(TaskDeferred) as stopping:
        stop.execute_started(_try(), await _event(starting.value))
    assert stopping.value.method_name == "execute_complete"
    assert stop.execute_complete(_try(), await _event(stopping.value)) == model
    assert _counted(local_lake, model) == {"starts": 1, "stops": 1, "status": "STOPPED"}


def test_a_model_that_is_not_there(local_lake: LocalLake, model: str) -> None:
    arguments: dict[str, Any] = {"task_id": "model"}
    for operator_class in (RekognitionStartProjectVersionOperator, RekognitionStopProjectVersionOperator):
        with pytest.raises(AirflowException, match="no Custom Labels project 'boxes'"):
            operator_class(project_version_arn=model.replace("/crates/", "/boxes/"), **arguments).execute(
                _try()
            )
        with pytest.raises(AirflowException, match="has no model"):
            operator_class(project_version_arn=model.replace("/v1/", "/v2/"), **arguments).execute(_try())
