"""What somebody may have meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean labels?)`` if one of the known names is much like the word, else nothing."""
    alike = get_close_matches(word, list(known), 1, cutoff=0.75)
    return f" (did you mean {alike[0]}?)" if alike else ""
