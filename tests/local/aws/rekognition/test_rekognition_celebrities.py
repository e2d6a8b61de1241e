"""Celebrities, of whom only recordings know, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.rekognition.face_samples import CELEBRITY, FACE, NO_FACE, RECORDED_FILM, RECORDED_IMAGE
from tests.local.aws.rekognition.samples import BUCKET, Control

pytestmark = pytest.mark.integration


def test_faces_of_an_image_are_not_recognized(rekognition: Any, control: Control) -> None:
    reply = rekognition.recognize_celebrities(Image={"Bytes": FACE})
    [face] = reply["UnrecognizedFaces"]
    assert reply["CelebrityFaces"] == []
    assert set(face) == {"BoundingBox", "Confidence", "Quality"}
    assert rekognition.recognize_celebrities(Image={"Bytes": NO_FACE})["UnrecognizedFaces"] == []
    assert control.get("calls")["billable"] == {"RecognizeCelebrities": 2}


def test_recorded_celebrities_are_replayed(rekognition: Any) -> None:
    [celebrity] = rekognition.recognize_celebrities(Image={"Bytes": RECORDED_IMAGE})["CelebrityFaces"]
    assert (celebrity["Name"], celebrity["MatchConfidence"]) == ("A Person", 98.0)


def test_only_recorded_celebrities_are_known(rekognition: Any) -> None:
    info = rekognition.get_celebrity_info(Id=CELEBRITY["Id"])
    del info["ResponseMetadata"]
    assert info == {name: CELEBRITY[name] for name in ("Name", "Urls", "KnownGender")}
    assert rekognition.get_celebrity_info(Id="a1")["Name"] == "a1"  # of a video
    with pytest.raises(ClientError) as raised:
        rekognition.get_celebrity_info(Id="nobody")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as raised:
        rekognition.get_celebrity_info(Id="no body")
    assert raised.value.response["Error"]["Code"] == "InvalidParameterException"


def test_nobody_is_recognized_in_a_video(
    rekognition: Any, finished: Callable[..., dict[str, Any]], s3: Any
) -> None:
    video = {"S3Object": {"Bucket": BUCKET, "Name": "clip.mp4"}}
    job_id = rekognition.start_celebrity_recognition(Video=video)["JobId"]
    reply = finished("celebrity_recognition", job_id)
    assert (reply["JobStatus"], reply["Celebrities"]) == ("SUCCEEDED", [])
    assert reply["VideoMetadata"]["DurationMillis"] == 4000


def test_recorded_celebrities_of_a_video_are_sorted_and_paged(
    rekognition: Any, finished: Callable[..., dict[str, Any]], s3: Any
) -> None:
    s3.put_object(Bucket=BUCKET, Key="celebrities.mp4", Body=RECORDED_FILM)
    video = {"S3Object": {"Bucket": BUCKET, "Name": "celebrities.mp4"}}
    job_id = rekognition.start_celebrity_recognition(Video=video)["JobId"]

    def seen(**params: Any) -> list[tuple[int, str]]:
        reply = finished("celebrity_recognition", job_id, **params)
        return [(item["Timestamp"], item["Celebrity"]["Id"]) for item in reply["Celebrities"]]

    assert seen() == seen(SortBy="TIMESTAMP") == [(0, "b2"), (500, "a1"), (1000, "b2")]
    assert seen(SortBy="ID") == [(500, "a1"), (0, "b2"), (1000, "b2")]
    token = rekognition.get_celebrity_recognition(JobId=job_id, SortBy="ID", MaxResults=2)["NextToken"]
    assert seen(SortBy="ID", NextToken=token) == [(1000, "b2")]
    with pytest.raises(ClientError) as raised:
        rekognition.get_celebrity_recognition(JobId=job_id, SortBy="TIMESTAMP", NextToken=token)
    assert raised.value.response["Error"]["Code"] == "InvalidPaginationTokenException"
