"""Counters, throttling and faults, over HTTP."""

from __future__ import annotations

import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from local.aws.access import control_login
from local.aws.rekognition.app import App
from local.aws.rekognition.control import Behavior
from local.aws.rekognition.control import Control as Present
from local.aws.rekognition.rekognition_errors import ServiceError
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings
from tests.local.aws.rekognition.samples import BUCKET, CONTROL_TOKEN, Control

pytestmark = pytest.mark.integration

ImageOf = Callable[[str], dict[str, Any]]


def outcomes(call: Callable[[], Any], times: int) -> Counter[str]:
    """Call so many times and count the outcomes."""
    found: Counter[str] = Counter()
    for _ in range(times):
        try:
            call()
            found["ok"] += 1
        except ClientError as error:
            found[error.response["Error"]["Code"]] += 1
    return found


def test_calls_are_counted_as_they_are_billed(rekognition: Any, control: Control, image: ImageOf) -> None:
    for key in ("face.jpg", "face.jpg", "missing.jpg"):
        outcomes(lambda key=key: rekognition.detect_faces(Image=image(key)), 1)
    calls = control.get("calls")
    assert calls["requests"] == {"DetectFaces": 3}
    assert calls["billable"] == {"DetectFaces": 2}
    assert calls["images"] == [{"bucket": BUCKET, "key": "face.jpg", "operation": "DetectFaces", "count": 2}]


@pytest.mark.parametrize(
    ("features", "units"),
    [
        (None, {"image-group-2": 1}),
        ([], {"image-group-2": 1}),
        (["IMAGE_PROPERTIES"], {"image-properties": 1}),
        (["GENERAL_LABELS", "IMAGE_PROPERTIES"], {"image-group-2": 1, "image-properties": 1}),
    ],
)
def test_each_feature_of_a_call_is_a_line_of_the_bill(
    rekognition: Any, control: Control, image: ImageOf, features: list[str] | None, units: dict[str, int]
) -> None:
    asked = {} if features is None else {"Features": features}
    rekognition.detect_labels(Image=image("face.jpg"), **asked)
    assert control.get("calls")["units"] == units


@pytest.mark.parametrize(
    ("types", "lines"),
    [
        (["SHOT"], {"video-shot-minutes"}),
        (["TECHNICAL_CUE"], {"video-technical-cue-minutes"}),
        (["SHOT", "TECHNICAL_CUE"], {"video-shot-minutes", "video-technical-cue-minutes"}),
    ],
)
def test_each_type_of_segment_is_a_line_of_the_bill_once_its_job_has_succeeded(
    types: list[str], lines: set[str]
) -> None:
    control, request = Present(Behavior()), {"SegmentTypes": types}
    control.bill_job("StartSegmentDetection", {"Bucket": BUCKET, "Name": "clip.mp4"})
    assert control.calls()["units"] == {}
    control.bill_minutes("StartSegmentDetection", request, 1.5)
    assert control.calls()["units"] == dict.fromkeys(lines, 1.5)


def test_a_call_of_a_model_is_billed_by_the_hours_of_the_model() -> None:
    control = Present(Behavior())
    control.bill_image("DetectCustomLabels", {}, {})
    control.bill_image("SearchFacesByImage", {}, {})
    assert control.calls()["units"] == {"image-group-1": 1}


def test_faults_strike_so_often(rekognition: Any, control: Control, image: ImageOf) -> None:
    fault = {"operation": "DetectFaces", "code": "InternalServerError", "status": 500, "times": 2}
    control.post("settings", {"faults": [fault]})
    found = outcomes(lambda: rekognition.detect_faces(Image=image("face.jpg")), 4)
    assert found == {"InternalServerError": 2, "ok": 2}
    assert control.get("calls")["billable"] == {"DetectFaces": 2}


def test_rates_are_the_same_for_the_same_seed(rekognition: Any, control: Control, image: ImageOf) -> None:
    def strikes(seed: int) -> Counter[str]:
        control.post("settings", {"seed": seed, "faults": [{"code": "ThrottlingException", "rate": 0.5}]})
        return outcomes(lambda: rekognition.detect_faces(Image=image("face.jpg")), 20)

    first = strikes(1)
    assert first == strikes(1)
    assert 3 <= first["ThrottlingException"] <= 17


def test_throughput_is_limited(rekognition: Any, control: Control, image: ImageOf) -> None:
    rekognition.detect_faces(Image=image("face.jpg"))
    control.post("settings", {"tps": {"DetectFaces": 3}})
    found = outcomes(lambda: rekognition.detect_faces(Image=image("face.jpg")), 10)
    assert found["ProvisionedThroughputExceededException"] >= 5
    assert found["ok"] >= 3


def test_latency_is_added(rekognition: Any, control: Control) -> None:
    control.post("settings", {"latency_ms": 200})
    began = time.monotonic()
    outcomes(lambda: rekognition.get_label_detection(JobId="0"), 1)
    assert time.monotonic() - began >= 0.2


def test_unknown_settings_are_refused(control: Control) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        control.post("settings", {"latency": 5})
    assert raised.value.code == 400
    assert b"latency" in raised.value.read()


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"denied": ["DetectNothing"]}, b"DetectNothing"),
        ({"job_seconds": [3, 1]}, b"the second at least the first"),
        ({"job_seconds": -1}, b"job_seconds"),
        ({"tps": {"DetectFaces": 0}}, b"DetectFaces"),
        ({"job_failures": {"share": 1}}, b"share"),
        ([], b"must be a JSON object"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_reason(
    control: Control, settings: object, part: bytes
) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        control.post("settings", settings)
    assert raised.value.code == 400
    assert part in raised.value.read()


def test_jobs_fail_as_set(rekognition: Any, control: Control, finished: Callable[..., Any], s3: Any) -> None:
    control.post("settings", {"job_failures": {"rate": 0.5, "message": "Out of luck"}, "seed": 3})
    video = {"S3Object": {"Bucket": BUCKET, "Name": "clip.mp4"}}
    jobs = [rekognition.start_content_moderation(Video=video)["JobId"] for _ in range(8)]
    replies = [finished("content_moderation", job) for job in jobs]
    states = Counter((reply["JobStatus"], reply.get("StatusMessage")) for reply in replies)
    assert states.keys() == {("SUCCEEDED", None), ("FAILED", "Out of luck")}


def test_lifetimes_run_out(rekognition: Any, control: Control, finished: Callable[..., Any], s3: Any) -> None:
    video = {"S3Object": {"Bucket": BUCKET, "Name": "recorded.mp4"}}
    start = {"Video": video, "ClientRequestToken": "token"}
    job = rekognition.start_content_moderation(**start)["JobId"]
    finished("content_moderation", job)
    control.post("settings", {"page_size": 4})
    page = rekognition.get_content_moderation(JobId=job, MaxResults=1000)
    assert len(page["ModerationLabels"]) == 4
    rekognition.get_content_moderation(JobId=job, NextToken=page["NextToken"])
    assert rekognition.start_content_moderation(**start)["JobId"] == job
    control.post("settings", {"page_token_seconds": 0.001, "request_token_seconds": 0.001})
    time.sleep(0.01)
    with pytest.raises(rekognition.exceptions.InvalidPaginationTokenException, match="expired"):
        rekognition.get_content_moderation(JobId=job, NextToken=page["NextToken"])
    assert rekognition.start_content_moderation(**start)["JobId"] != job
    control.post("settings", {"job_result_seconds": 0.001})
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.get_content_moderation(JobId=job)


def test_durations_are_drawn_from_a_range() -> None:
    def draw(**behavior: Any) -> list[float]:
        present = Present(Behavior(**behavior))
        return [present.draw_job_seconds() for _ in range(50)]

    drawn = draw(job_seconds=(1, 3), seed=1)
    assert all(1 <= seconds <= 3 for seconds in drawn)
    assert max(drawn) - min(drawn) > 1
    assert drawn == draw(job_seconds=(1, 3), seed=1)
    assert drawn != draw(job_seconds=(1, 3), seed=2)
    assert set(draw(job_seconds=2)) == {2}


def test_the_environment_sets_the_initial_behavior(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(value: str) -> Behavior:
        monkeypatch.setenv("LOCAL_REKOGNITION_BEHAVIOR", value)
        return LocalRekognitionSettings().behavior

    assert read('{"job_limit": 3, "job_seconds": [1, 2]}').job_seconds == (1, 2)
    file = tmp_path / "behavior.json"
    file.write_text('{"faults": [{"code": "ThrottlingException", "rate": 0.1}]}')
    present = Present(read(str(file)))
    present.change({"faults": []})
    present.reset()
    assert [fault.code for fault in present.behavior.faults] == ["ThrottlingException"]
    file.write_text("{")
    for wrong, part in (
        ('{"job_limits": 3}', "job_limits"),
        ('{"job_limit": -3}', "job_limit"),
        ('{"job_limit"', "is not JSON"),
        (str(file), "is not JSON"),
        (str(tmp_path / "none.json"), "neither a JSON object nor a readable file"),
    ):
        with pytest.raises(ValidationError, match=part):
            read(wrong)


def test_reset_forgets(rekognition: Any, control: Control, image: ImageOf) -> None:
    control.post("settings", {"faults": [{"code": "ThrottlingException"}]})
    outcomes(lambda: rekognition.detect_faces(Image=image("face.jpg")), 1)
    control.post("reset")
    assert not any(control.get("calls").values())
    assert rekognition.detect_faces(Image=image("face.jpg"))["FaceDetails"]


SETTINGS = '{"job_limit": 0}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": control_login("guessed")}, 401),
        ({"Authorization": control_login("")}, 401),
        ({"Content-Type": "text/plain", "Origin": "https://evil.example"}, 403),
        ({"Authorization": control_login(CONTROL_TOKEN), "Host": "evil.example"}, 403),
        ({"Authorization": control_login(CONTROL_TOKEN), "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_only_who_has_the_token_controls_it(
    service: tuple[str, int], control: Control, headers: dict[str, str], status: int
) -> None:
    for path in ("settings", "reset"):
        url = f"{service[0]}/_control/{path}"
        assert httpx.post(url, content=SETTINGS, headers=headers, trust_env=False).status_code == status
    assert httpx.get(f"{service[0]}/_control/calls", headers=headers, trust_env=False).status_code == status
    assert control.post("settings")["job_limit"] == 20


def test_health_needs_no_token(service: tuple[str, int]) -> None:
    assert httpx.get(f"{service[0]}/_control/health", trust_env=False).json()["status"] == "ok"


def test_without_a_token_nobody_controls_it() -> None:
    app = App(LocalRekognitionSettings())
    for token in ("", "anything"):
        with pytest.raises(ServiceError, match="LOCAL_REKOGNITION_CONTROL_TOKEN is not set"):
            app.require_token({b"authorization": control_login(token).encode()})


def test_pages_call_no_operation_either(service: tuple[str, int]) -> None:
    headers = {"X-Amz-Target": "RekognitionService.ListCollections", "Origin": "https://evil.example"}
    reply = httpx.post(service[0], content="{}", headers=headers, trust_env=False)
    assert reply.json()["__type"] == "AccessDeniedException"
