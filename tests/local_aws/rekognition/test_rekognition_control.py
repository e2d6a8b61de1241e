"""Counters, throttling and faults, over HTTP."""

from __future__ import annotations

import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.rekognition.samples import BUCKET, Control

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


def test_reset_forgets(rekognition: Any, control: Control, image: ImageOf) -> None:
    control.post("settings", {"faults": [{"code": "ThrottlingException"}]})
    outcomes(lambda: rekognition.detect_faces(Image=image("face.jpg")), 1)
    control.post("reset")
    assert control.get("calls") == {"requests": {}, "billable": {}, "images": [], "jobs": []}
    assert rekognition.detect_faces(Image=image("face.jpg"))["FaceDetails"]
