from __future__ import annotations

import pytest

from include.core.printable import as_code, escaped


@pytest.mark.parametrize("text", ["raw/a b+c%20.jpg", "café 写真 📷 ابجد", "back\\slash", ""])
def test_text_that_is_shown_as_itself_stays(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"),
        ("\x85\x9b31m", "\\x85\\x9b31m"),
        ("gpj.\u202eexe\u2066", "gpj.\\u202eexe\\u2066"),
        ("\u2028\ufeff\ud800", "\\u2028\\ufeff\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_every_control_character_is_escaped() -> None:
    controls = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
    assert escaped(controls).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("raw/a.jpg", "`raw/a.jpg`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\n# b", "`a\\n# b`")],
)
def test_markdown_shows_a_text_as_it_is(text: str, shown: str) -> None:
    assert as_code(text) == shown


def test_markdown_shows_as_much_of_a_text_as_is_asked_for() -> None:
    assert as_code("a" * 300, 10) == f"`{'a' * 9}…`"
