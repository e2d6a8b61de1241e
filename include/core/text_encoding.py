"""The encoding of JSON that other tools saved, such as the UTF-16 of Windows PowerShell's redirection."""

from __future__ import annotations

import codecs

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(head: bytes) -> str:
    """Return the codec for a text: UTF-16 if it begins with that mark, or else UTF-8, with a mark or without.

    :param head: the first two bytes, or more. The codec drops the mark.
    """
    return "utf-16" if head.startswith(_UTF_16_MARKS) else "utf-8-sig"
