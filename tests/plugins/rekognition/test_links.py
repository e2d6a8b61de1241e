from __future__ import annotations

from rekognition.links import (
    RekognitionConsoleLink,
    RekognitionCustomLabelsProjectLink,
    RekognitionVideoObjectLink,
)

WHERE = {"region_name": "eu-west-1", "aws_domain": "aws.amazon.com"}


def test_console_link() -> None:
    link = RekognitionConsoleLink().format_link(**WHERE)
    assert link == "https://console.aws.amazon.com/rekognition/home?region=eu-west-1#/"


def test_video_object_link_escapes_the_key() -> None:
    link = RekognitionVideoObjectLink().format_link(
        bucket="media", object_key="raw/a clip & more.mp4", **WHERE
    )
    assert link == (
        "https://console.aws.amazon.com/s3/object/media?region=eu-west-1&prefix=raw%2Fa%20clip%20%26%20more.mp4"
    )


def test_custom_labels_project_link() -> None:
    link = RekognitionCustomLabelsProjectLink().format_link(project_name="crates", **WHERE)
    assert link == "https://eu-west-1.console.aws.amazon.com/rekognition/custom-labels#/projects/crates"
