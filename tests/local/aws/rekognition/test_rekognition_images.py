"""Image operations through boto3, over HTTP."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.local.aws.rekognition.samples import BUCKET, FACE, Control, text_image

pytestmark = pytest.mark.integration

ImageOf = Callable[[str], dict[str, Any]]
OPERATIONS = ("detect_labels", "detect_moderation_labels", "detect_text", "detect_faces")


def picture(width: int, height: int, kind: str = "PNG", **options: Any) -> bytes:
    """Encode a plain gray picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (90, 90, 90)).save(file, kind, **options)
    return file.getvalue()


def error_code(call: Callable[..., Any], **params: Any) -> str:
    """Call and give the code of the error."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert raised.value.response["Error"]["Message"]
    return str(raised.value.response["Error"]["Code"])


def test_one_face_with_a_box_inside_the_frame(rekognition: Any, image: ImageOf) -> None:
    [face] = rekognition.detect_faces(Image=image("face.jpg"), Attributes=["ALL"])["FaceDetails"]
    box = face["BoundingBox"]
    assert 0.2 < box["Left"] < 0.4
    assert 0.1 < box["Top"] < 0.3
    assert 0.3 < box["Width"] < 0.6
    assert face["Confidence"] > 80
    assert set(face) == {"BoundingBox", "Confidence", "Quality"}  # nothing that was not measured


def test_labels_follow_from_evidence_with_their_ancestors(rekognition: Any, image: ImageOf) -> None:
    reply = rekognition.detect_labels(Image=image("face.jpg"))
    labels = {label["Name"]: label for label in reply["Labels"]}
    assert {"Face", "Head", "Person"} <= set(labels)
    assert labels["Face"]["Parents"] == [{"Name": "Head"}, {"Name": "Person"}]
    assert labels["Person"]["Aliases"] == [{"Name": "Human"}]
    assert len(labels["Face"]["Instances"]) == 1
    assert len(labels["Person"]["Instances"]) == 1
    assert labels["Head"]["Instances"] == []
    assert reply["LabelModelVersion"] == "local-2.0"


def test_plain_picture_has_no_findings(rekognition: Any) -> None:
    plain = {"Bytes": picture(200, 200)}
    assert rekognition.detect_labels(Image=plain, MinConfidence=0)["Labels"] == []
    assert rekognition.detect_faces(Image=plain)["FaceDetails"] == []
    assert rekognition.detect_text(Image=plain)["TextDetections"] == []
    assert rekognition.detect_moderation_labels(Image=plain)["ModerationLabels"] == []


def test_label_filters_and_limits(rekognition: Any, image: ImageOf) -> None:
    def names(**params: Any) -> list[str]:
        return [
            label["Name"] for label in rekognition.detect_labels(Image=image("face.jpg"), **params)["Labels"]
        ]

    assert names(Settings={"GeneralLabels": {"LabelInclusionFilters": ["Person"]}}) == ["Person"]
    assert "Face" not in names(Settings={"GeneralLabels": {"LabelExclusionFilters": ["Face"]}})
    assert len(names(MaxLabels=1)) == 1
    assert names(MinConfidence=100) == []


def test_image_properties_only_when_asked_for(rekognition: Any) -> None:
    plain = {"Bytes": picture(200, 200)}
    assert "ImageProperties" not in rekognition.detect_labels(Image=plain)
    reply = rekognition.detect_labels(Image=plain, Features=["IMAGE_PROPERTIES"])
    [color] = reply["ImageProperties"]["DominantColors"]
    assert (color["HexCode"], color["SimplifiedColor"]) == ("#5a5a5a", "grey")
    assert color["PixelPercent"] == pytest.approx(100)
    assert "Labels" not in reply


def test_lines_and_their_words(rekognition: Any, image: ImageOf) -> None:
    found = rekognition.detect_text(Image=image("text.png"))["TextDetections"]
    lines = [detection for detection in found if detection["Type"] == "LINE"]
    words = [detection for detection in found if detection["Type"] == "WORD"]
    assert [line["DetectedText"].replace(" ", "") for line in lines] == ["BREAKINGNEWS", "MainStreet42"]
    assert [detection["Id"] for detection in found] == list(range(len(found)))
    assert all("ParentId" not in line for line in lines)
    for line in lines:
        own = [word for word in words if word["ParentId"] == line["Id"]]
        assert " ".join(word["DetectedText"] for word in own) == line["DetectedText"]
        assert len(line["Geometry"]["Polygon"]) == 4
        assert own[0]["Geometry"]["BoundingBox"]["Left"] >= line["Geometry"]["BoundingBox"]["Left"]


def test_text_filters(rekognition: Any, image: ImageOf) -> None:
    upper = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 1, "Height": 0.5}}
    found = rekognition.detect_text(Image=image("text.png"), Filters={"RegionsOfInterest": [upper]})
    assert {d["DetectedText"] for d in found["TextDetections"]} & {"BREAKING NEWS", "BREAKINGNEWS"}
    assert not any("42" in d["DetectedText"] for d in found["TextDetections"])
    none = rekognition.detect_text(
        Image=image("text.png"), Filters={"WordFilter": {"MinBoundingBoxWidth": 1.0}}
    )
    assert none["TextDetections"] == []


def face_box(rekognition: Any, data: bytes) -> list[float]:
    [face] = rekognition.detect_faces(Image={"Bytes": data})["FaceDetails"]
    return [face["BoundingBox"][side] for side in ("Left", "Top", "Width", "Height")]


def with_exif(kind: str, picture: Image.Image, exif: Image.Exif | bytes, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, exif=exif, **options)
    return file.getvalue()


def orientation(number: Any) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def test_a_jpeg_is_turned_by_its_exif_data_and_nothing_else_is(rekognition: Any) -> None:
    """As AWS documents it: boxes of a JPEG with an orientation are of the upright picture."""
    with Image.open(io.BytesIO(FACE)) as upright:
        turned, flipped = (
            upright.transpose(Image.Transpose[how]) for how in ("ROTATE_90", "FLIP_LEFT_RIGHT")
        )
        left, *rest = box = face_box(rekognition, FACE)
        width = rest[1]
        mirrored = [1 - left - width, *rest]
        clockwise = orientation(6)
        assert face_box(rekognition, with_exif("JPEG", turned, clockwise)) == pytest.approx(box, abs=0.03)
        mirror = orientation(2)
        xmp = b"<x tiff:Orientation='3' tiff:Orientation=\"3\"/>"
        for kind, exif, expected in (
            ("JPEG", mirror, box),
            ("PNG", mirror, mirrored),
            ("JPEG", orientation(9), mirrored),
            ("JPEG", b"Exif\0\0damaged", mirrored),
        ):
            data = with_exif(kind, flipped, exif, **({"xmp": xmp} if kind == "JPEG" else {}))
            assert face_box(rekognition, data) == pytest.approx(expected, abs=0.03), (kind, exif)


def test_sixteen_bit_gray_is_read(rekognition: Any) -> None:
    with Image.open(io.BytesIO(text_image())) as image:
        levels = np.asarray(image.convert("L")).astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG")
    assert rekognition.detect_text(Image={"Bytes": file.getvalue()})["TextDetections"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html>not found</html>", "InvalidImageFormatException"),
        (FACE[:20_000], "InvalidImageFormatException"),
        (picture(200, 200, "GIF"), "InvalidImageFormatException"),
        (picture(79, 200), "InvalidParameterException"),
        (picture(20_000, 20_000), "ImageTooLargeException"),
        (FACE + bytes(5 * 1024 * 1024), "ImageTooLargeException"),
    ],
    ids=["html", "truncated", "gif", "small", "bomb", "6 MB"],
)
def test_unusable_images(rekognition: Any, control: Control, operation: str, data: bytes, code: str) -> None:
    assert error_code(getattr(rekognition, operation), Image={"Bytes": data}) == code
    assert control.get("calls")["billable"] == {}


def test_sides_beyond_10000_pixels_are_refused_for_labels_only(rekognition: Any) -> None:
    strip = {"Bytes": picture(10_001, 100, "JPEG")}
    assert error_code(rekognition.detect_labels, Image=strip) == "ImageTooLargeException"
    assert error_code(rekognition.detect_moderation_labels, Image=strip) == "ImageTooLargeException"
    assert rekognition.detect_faces(Image=strip)["FaceDetails"] == []


def test_protective_equipment_has_limits_of_its_own(rekognition: Any) -> None:
    def detect(data: bytes) -> Any:
        return rekognition.detect_protective_equipment(Image={"Bytes": data})

    assert detect(picture(64, 64))["Persons"] == []
    for data, code in (
        (picture(63, 200), "InvalidParameterException"),
        (picture(4097, 100), "ImageTooLargeException"),
        (FACE + bytes(4 * 1024 * 1024), "ImageTooLargeException"),
        (FACE[:20_000], "InvalidImageFormatException"),
    ):
        assert error_code(detect, data=data) == code


def test_objects_that_cannot_be_used(rekognition: Any, s3: Any, aws: Callable[..., Any]) -> None:
    s3.put_object(Bucket=BUCKET, Key="16-mb.jpg", Body=FACE + bytes(16 * 1024 * 1024))
    aws("s3", region="eu-west-1").create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.put_object(Bucket="elsewhere", Key="face.jpg", Body=FACE)

    def code(bucket: str, key: str) -> str:
        return error_code(rekognition.detect_faces, Image={"S3Object": {"Bucket": bucket, "Name": key}})

    assert code(BUCKET, "missing.jpg") == "InvalidS3ObjectException"
    assert code("no-such-bucket", "face.jpg") == "InvalidS3ObjectException"
    assert code("elsewhere", "face.jpg") == "InvalidS3ObjectException"
    assert code(BUCKET, "16-mb.jpg") == "ImageTooLargeException"


@pytest.mark.parametrize(
    "params",
    [
        {"Image": {}},
        {"Image": {"Bytes": FACE, "S3Object": {"Bucket": BUCKET, "Name": "face.jpg"}}},
        {"Image": {"Bytes": FACE}, "MinConfidence": 101},
        {"Image": {"Bytes": FACE}, "Features": ["EVERYTHING"]},
        {"Image": {"S3Object": {"Bucket": "not/a/bucket", "Name": "face.jpg"}}},
    ],
)
def test_invalid_parameters(rekognition: Any, params: dict[str, Any]) -> None:
    assert error_code(rekognition.detect_labels, **params) == "InvalidParameterException"


def test_operations_beyond_the_offer_are_refused_clearly(rekognition: Any) -> None:
    with pytest.raises(ClientError, match="The local Rekognition does not offer ListUsers"):
        rekognition.list_users(CollectionId="c")


def test_recorded_moderation_is_replayed_for_the_same_bytes(rekognition: Any, image: ImageOf) -> None:
    def names(key: str, **params: Any) -> list[str]:
        reply = rekognition.detect_moderation_labels(Image=image(key), **params)
        return [label["Name"] for label in reply["ModerationLabels"]]

    assert names("recorded.png") == ["Alcohol", "Gambling"]
    assert names("recorded.png", MinConfidence=60) == ["Alcohol"]
    assert names("text.png") == []


def test_request_ids_and_repeatable_answers(rekognition: Any, image: ImageOf) -> None:
    first, second = (rekognition.detect_faces(Image=image("face.jpg")) for _ in range(2))
    assert first["FaceDetails"] == second["FaceDetails"]
    ids = {reply["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"] for reply in (first, second)}
    assert len(ids) == 2


def test_a_killed_worker_is_replaced(rekognition: Any, service: tuple[str, int]) -> None:
    rekognition.detect_faces(Image={"Bytes": picture(200, 201)})
    pids = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(service[1])], capture_output=True, text=True, check=True
    )
    workers = [int(pid) for pid in pids.stdout.split()]
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert rekognition.detect_faces(Image={"Bytes": picture(200, 202)})["FaceDetails"] == []
