from __future__ import annotations

from typing import Any

import pytest

from include.operate.erasure_request import ErasureError, ErasureRequest


@pytest.mark.parametrize(
    ("chosen", "collection", "sentence"),
    [
        ({}, None, "give one of asset, prefix, content, face, not nothing"),
        ({"asset": "a", "face": "b"}, None, "not asset and face"),
        ({"asset": "s3://bucket"}, None, "'s3://bucket' names a whole bucket"),
        ({"prefix": "s3://bucket/"}, None, "names a whole bucket"),
        ({"prefix": "raw/"}, None, "'raw/' does not begin with s3://"),
        ({"content": "abc"}, None, "'abc' is no content_id"),
        ({"asset": "ab"}, "staff", "only a face is in a collection"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(chosen: Any, collection: str | None, sentence: str) -> None:
    with pytest.raises(ErasureError) as error:
        ErasureRequest.of(chosen, "ann", "", collection)
    assert sentence in str(error.value)


def test_empty_fields_count_as_none() -> None:
    made = ErasureRequest.of({"asset": " s3://b/k ", "face": ""}, "ann", "why", None)
    assert (made.kind, made.value, made.place) == ("asset", "s3://b/k", ("b", "k"))
