from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest

from include.operate.erased_identity import Identity, pruned

MEDIA, KEY, ETAG = "ab" * 16, "cd" * 32, "ef" * 16
IDENTITY = Identity(
    media_ids=frozenset([MEDIA]),
    analysis_keys=frozenset([KEY]),
    content_ids=frozenset([f"etag:{ETAG}-2:9"]),
    keys=frozenset([("media", "raw/a party (1).jpg")]),
    prefixes=frozenset([("media", "raw/partner/")]),
)


@pytest.mark.parametrize(
    "text",
    [
        MEDIA,
        f"{KEY}-image_group_1-run-{MEDIA}",
        f'"{ETAG}-2"',
        "s3://media/raw/a party (1).jpg",
        f"key={quote_plus('raw/a party (1).jpg')}&x",
        json.dumps({"key": "raw/a party (1).jpg"}),
        "raw/partner/2026/logo.jpg cannot be read",
    ],
)
def test_names_are_found_and_replaced_in_any_text(text: str) -> None:
    assert IDENTITY.is_named_in(text)
    other = IDENTITY.without(text, "salt")
    assert not IDENTITY.is_named_in(other)
    assert "erased-" in other
    assert other == IDENTITY.without(text, "salt") != IDENTITY.without(text, "pepper")


@pytest.mark.parametrize(
    "text", ["", "cd" * 31, "my/raw/a party (1).jpg", "raw/a party (1).jpgs", "raw/partners/logo.jpg"]
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert not IDENTITY.is_named_in(text)
    assert IDENTITY.without(text, "salt") == text


def test_of_a_face_the_innermost_elements_go() -> None:
    face = Identity(faces=frozenset(["f1"]), external_image_ids=frozenset(["ada"]))
    match = {"Similarity": 99.0, "Face": {"FaceId": "f1"}}
    by_name = {"Face": {"FaceId": "f3", "ExternalImageId": "ada"}}
    other = {"Similarity": 98.0, "Face": {"FaceId": "f2", "ExternalImageId": "bob"}}
    response = {"Persons": [{"Timestamp": 5, "FaceMatches": [match, other, by_name]}], "Name": "ada"}
    assert pruned(response, face) == {"Persons": [{"Timestamp": 5, "FaceMatches": [other]}], "Name": "ada"}


def test_objects_are_known_by_prefix_and_by_key_in_the_version_that_is_erased() -> None:
    assert IDENTITY.has_object("media", "raw/a party (1).jpg", f"{ETAG}-2")
    assert IDENTITY.has_object("media", "raw/a party (1).jpg", "")
    assert not IDENTITY.has_object("media", "raw/a party (1).jpg", "of what replaced it")
    assert IDENTITY.has_object("media", "raw/partner/x", "any")
    assert not IDENTITY.has_object("other", "raw/partner/x", "any")
