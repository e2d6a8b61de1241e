"""Text of others on a terminal or in a log: keys of S3 may hold line feeds and escape sequences."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Return a text that a terminal shows in one line and obeys nowhere.

    Control characters, characters that turn the direction of writing, odd spaces and surrogates are written
    as Python writes them, such as ``\\n`` or ``\\x1b``.
    """
    return text if text.isprintable() else "".join(map(_escaped_character, text))


def _escaped_character(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def as_code(text: str, most: int = 200) -> str:
    """Return a text as Markdown that shows it as it is, on one line.

    :param most: characters that are shown; the rest is cut.
    """
    line = escaped(text)
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    fence = "`"
    while fence in line:
        fence += "`"
    return f"{fence}{line}{fence}" if "`" not in line else f"{fence} {line} {fence}"
