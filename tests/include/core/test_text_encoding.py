from __future__ import annotations

import pytest

from include.core.text_encoding import encoding_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_codec_reads_the_text_without_its_mark(encoding: str) -> None:
    saved = "{ë}".encode(encoding)
    assert saved.decode(encoding_of(saved[:2])) == "{ë}"


def test_a_text_of_no_or_one_byte_is_utf_8() -> None:
    assert b"".decode(encoding_of(b"")) == ""
    assert b"5".decode(encoding_of(b"5")) == "5"
