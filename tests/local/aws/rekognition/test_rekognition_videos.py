"""Video jobs through boto3, over HTTP: findings, tokens, limit, pages, notifications."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.rekognition.samples import BUCKET, TOPIC_ROLE, Control

pytestmark = pytest.mark.integration

Finished = Callable[..., dict[str, Any]]
KINDS = ("label_detection", "text_detection", "face_detection", "content_moderation", "segment_detection")


@pytest.fixture
def video(s3: Any) -> dict[str, Any]:
    """The Video member of the clip."""
    return {"S3Object": {"Bucket": BUCKET, "Name": "clip.mp4"}}


@pytest.fixture
def inbox(aws: Callable[..., Any]) -> tuple[dict[str, str], Callable[[float], list[dict[str, Any]]]]:
    """A NotificationChannel, and what has come through it after a wait in seconds."""
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name=f"completed-{time.monotonic_ns()}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"completed-{time.monotonic_ns()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def receive(seconds: float) -> list[dict[str, Any]]:
        time.sleep(seconds)
        reply = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in reply.get("Messages", [])]

    return {"SNSTopicArn": topic, "RoleArn": TOPIC_ROLE}, receive


def start(rekognition: Any, kind: str, **params: Any) -> str:
    """Start a job and give its id."""
    if kind == "segment_detection":
        params = {"SegmentTypes": ["TECHNICAL_CUE", "SHOT"], **params}
    return str(getattr(rekognition, f"start_{kind}")(**params)["JobId"])


def error_code(call: Callable[..., Any], **params: Any) -> str:
    """Call and give the code of the error."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    return str(raised.value.response["Error"]["Code"])


def test_shots_and_black_frames(rekognition: Any, finished: Finished, video: dict[str, Any]) -> None:
    reply = finished("segment_detection", start(rekognition, "segment_detection", Video=video))
    assert [segment["Type"] for segment in reply["Segments"]] == ["TECHNICAL_CUE", *["SHOT"] * 4]
    cue, *shots = reply["Segments"]
    assert cue["TechnicalCueSegment"]["Type"] == "BlackFrames"
    assert (cue["StartFrameNumber"], cue["EndFrameNumber"], cue["EndTimecodeSMPTE"]) == (0, 24, "00:00:00:24")
    assert [shot["StartTimestampMillis"] for shot in shots] == [0, 1000, 2000, 3000]
    assert [shot["StartTimecodeSMPTE"] for shot in shots] == [f"00:00:0{second}:00" for second in range(4)]
    assert [shot["ShotSegment"]["Index"] for shot in shots] == [0, 1, 2, 3]
    assert shots[0]["EndTimestampMillis"] == 960
    assert shots[0]["DurationFrames"] == 24
    assert [kind["Type"] for kind in reply["SelectedSegmentTypes"]] == ["TECHNICAL_CUE", "SHOT"]
    [metadata] = reply["VideoMetadata"]
    assert (metadata["Codec"], metadata["DurationMillis"], metadata["FrameRate"]) == ("h264", 4000, 25.0)
    assert reply["AudioMetadata"] == []


def test_only_the_segment_types_asked_for(
    rekognition: Any, control: Control, finished: Finished, video: dict[str, Any]
) -> None:
    job_id = start(rekognition, "segment_detection", Video=video, SegmentTypes=["SHOT"])
    assert {segment["Type"] for segment in finished("segment_detection", job_id)["Segments"]} == {"SHOT"}
    assert control.get("calls")["units"] == {"video-shot-minutes": pytest.approx(4 / 60)}


def test_text_of_a_video(rekognition: Any, finished: Finished, video: dict[str, Any]) -> None:
    reply = finished("text_detection", start(rekognition, "text_detection", Video=video, JobTag="campaign-7"))
    lines = [item for item in reply["TextDetections"] if item["TextDetection"]["Type"] == "LINE"]
    assert [(line["Timestamp"], line["TextDetection"]["DetectedText"]) for line in lines] == [
        (1000, "OPENING")
    ]
    assert (reply["JobTag"], reply["Video"]) == ("campaign-7", video)
    assert reply["VideoMetadata"]["FrameWidth"] == 320


@pytest.mark.parametrize(
    ("kind", "member"), [("face_detection", "Faces"), ("content_moderation", "ModerationLabels")]
)
def test_a_clip_without_evidence_has_no_findings(
    rekognition: Any, finished: Finished, video: dict[str, Any], kind: str, member: str
) -> None:
    reply = finished(kind, start(rekognition, kind, Video=video))
    assert (reply["JobStatus"], reply[member]) == ("SUCCEEDED", [])


def test_a_plain_blue_second_is_the_only_evidence_of_labels(
    rekognition: Any, finished: Finished, video: dict[str, Any]
) -> None:
    reply = finished("label_detection", start(rekognition, "label_detection", Video=video))
    found = {(item["Label"]["Name"], item["Timestamp"]) for item in reply["Labels"]}
    assert found == {(name, time) for name in ("Nature", "Outdoors", "Sky") for time in (3000, 3520)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_no_video_fails_with_a_reason(
    rekognition: Any, finished: Finished, s3: Any, kind: str
) -> None:
    video = {"S3Object": {"Bucket": BUCKET, "Name": "not-a-video.mp4"}}
    reply = finished(kind, start(rekognition, kind, Video=video))
    assert reply["JobStatus"] == "FAILED"
    assert "Unsupported" in reply["StatusMessage"]


def test_missing_objects_and_jobs(
    rekognition: Any, video: dict[str, Any], aws: Callable[..., Any], service: Any
) -> None:
    missing = {"S3Object": {"Bucket": BUCKET, "Name": "missing.mp4"}}
    assert error_code(rekognition.start_label_detection, Video=missing) == "InvalidS3ObjectException"
    assert error_code(rekognition.get_label_detection, JobId="0" * 64) == "ResourceNotFoundException"
    job_id = start(rekognition, "face_detection", Video=video)
    assert error_code(rekognition.get_label_detection, JobId=job_id) == "ResourceNotFoundException"
    elsewhere = aws("rekognition", service[0], region="eu-west-1")
    assert error_code(elsewhere.get_face_detection, JobId=job_id) == "ResourceNotFoundException"


def test_a_token_starts_one_job(
    rekognition: Any, control: Control, finished: Finished, video: dict[str, Any], inbox: Any
) -> None:
    channel, receive = inbox
    params = {"Video": video, "ClientRequestToken": "token-1", "NotificationChannel": channel}
    job_id = start(rekognition, "content_moderation", **params)
    finished("content_moderation", job_id)
    assert start(rekognition, "content_moderation", **params) == job_id
    assert len(receive(0.5)) == 1
    other = {**params, "MinConfidence": 70.0}
    assert error_code(rekognition.start_content_moderation, **other) == "IdempotentParameterMismatchException"
    assert start(rekognition, "face_detection", **params) != job_id  # tokens are per operation
    jobs = control.get("calls")["jobs"]
    assert {(job["operation"], job["key"], job["count"]) for job in jobs} == {
        ("StartContentModeration", "clip.mp4", 1),
        ("StartFaceDetection", "clip.mp4", 1),
    }


def test_open_jobs_are_limited_and_in_progress(
    rekognition: Any, control: Control, video: dict[str, Any]
) -> None:
    control.post("settings", {"job_seconds": 60})
    jobs = [start(rekognition, "content_moderation", Video=video) for _ in range(20)]
    reply = rekognition.get_content_moderation(JobId=jobs[0])
    assert (reply["JobStatus"], reply["ModerationLabels"]) == ("IN_PROGRESS", [])
    assert error_code(rekognition.start_content_moderation, Video=video) == "LimitExceededException"
    assert control.get("health")["open_jobs"] == 20


def test_completion_message(rekognition: Any, finished: Finished, video: dict[str, Any], inbox: Any) -> None:
    channel, receive = inbox
    before = int(time.time() * 1000)
    job_id = start(rekognition, "content_moderation", Video=video, NotificationChannel=channel, JobTag="tag")
    finished("content_moderation", job_id)
    [message] = receive(0.5)
    assert before <= message.pop("Timestamp") <= int(time.time() * 1000)
    assert message == {
        "JobId": job_id,
        "Status": "SUCCEEDED",
        "API": "StartContentModeration",
        "JobTag": "tag",
        "Video": {"S3ObjectName": "clip.mp4", "S3Bucket": BUCKET},
    }


@pytest.mark.parametrize(("faults", "messages"), [({"lost": 1}, 0), ({"duplicated": 1}, 2)])
def test_messages_go_astray(
    rekognition: Any,
    control: Control,
    finished: Finished,
    video: dict[str, Any],
    inbox: Any,
    faults: dict[str, float],
    messages: int,
) -> None:
    channel, receive = inbox
    control.post("settings", {"notifications": faults})
    finished(
        "content_moderation",
        start(rekognition, "content_moderation", Video=video, NotificationChannel=channel),
    )
    assert len(receive(0.5)) == messages


def test_pages_of_a_replayed_analysis(rekognition: Any, finished: Finished, s3: Any) -> None:
    video = {"S3Object": {"Bucket": BUCKET, "Name": "recorded.mp4"}}
    job_id = start(rekognition, "content_moderation", Video=video)
    whole = finished("content_moderation", job_id)
    assert [item["Timestamp"] for item in whole["ModerationLabels"]] == [0, 500, 1000, 36_000, 36_500, 37_000]
    assert whole["ModerationModelVersion"] == "7.0"
    assert "NextToken" not in whole

    pages = [rekognition.get_content_moderation(JobId=job_id, MaxResults=4)]
    token = pages[0]["NextToken"]
    pages.append(rekognition.get_content_moderation(JobId=job_id, MaxResults=4, NextToken=token))
    assert [len(page["ModerationLabels"]) for page in pages] == [4, 2]
    assert "NextToken" not in pages[1]
    assert [item for page in pages for item in page["ModerationLabels"]] == whole["ModerationLabels"]

    other_job = start(rekognition, "content_moderation", Video=video)
    finished("content_moderation", other_job)
    for params in (
        {"JobId": other_job, "NextToken": token},
        {"JobId": job_id, "NextToken": token, "SortBy": "NAME"},
        {"JobId": job_id, "NextToken": "made-up"},
    ):
        assert error_code(rekognition.get_content_moderation, **params) == "InvalidPaginationTokenException"


def test_aggregation_to_segments(rekognition: Any, finished: Finished, s3: Any) -> None:
    video = {"S3Object": {"Bucket": BUCKET, "Name": "recorded.mp4"}}
    job_id = start(rekognition, "content_moderation", Video=video)
    reply = finished("content_moderation", job_id, AggregateBy="SEGMENTS")
    spans = [(item["StartTimestampMillis"], item["EndTimestampMillis"]) for item in reply["ModerationLabels"]]
    assert spans == [(0, 1000), (36_000, 37_000)]
    assert reply["GetRequestMetadata"] == {"SortBy": "TIMESTAMP", "AggregateBy": "SEGMENTS"}
