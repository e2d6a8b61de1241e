"""The note of a Dag run: what came of it in one line, so that nobody has to open a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from include.operate.alerts import Alert, cut_bytes

# How every note of this project begins; what people write themselves is left alone.
BEGINNING = "Result"
# Airflow's column takes 1000 characters.
NOTE_BYTES = 900

_COUNTS = {
    "files": "files",
    "images": "images",
    "videos": "videos",
    "defective": "defective",
    "ignored": "ignored",
    "known": "known before",
    "days": "days reported",
    "analyses": "analyses",
    "paid": "paid",
    "reused": "reused",
    "failed": "failed",
    "rejected": "rejected",
    "rows": "rows",
    "warnings": "rules of validation warn",
}

# Said even if there were none of them; other counts are left out then.
_ALWAYS = {"files", "paid", "reused", "failed"}


def note_of_success(day: str | None, figures: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the note of a run that succeeded, or None if its tasks left no figures.

    :param day: day of the lake that the run is about, if it is about one.
    :param figures: what tasks left; the counts of several are added.
    """
    total: Counter[str] = Counter()
    for each in figures:
        total.update({name: value for name, value in each.items() if isinstance(value, int | float)})
    if not total:
        return None
    named = [name for name in _COUNTS if name in total and (total[name] or name in _ALWAYS)]
    words = [f"{total[name]:,} {_COUNTS[name]}" for name in named]
    if "saved_usd" in total:
        words.append(f"${total['usd']:,.4f} paid, ${total['saved_usd']:,.4f} saved by reuse")
    elif total["usd"]:
        words.append(f"about ${total['usd']:,.4f}")
    return _note(day, ", ".join(words) or "nothing was left to do")


def note_of_rejection(day: str | None) -> str:
    """Return the note of a run in which a person said no."""
    return _note(day, "a person rejected it; nothing was published")


def note_of_failure(day: str | None, alert: Alert) -> str:
    """Return the note of a run that failed: the alert about it, without the link to the run itself."""
    return _note(day, "; ".join(line for line in alert.lines if not line.startswith("Run: ")))


def _note(day: str | None, text: str) -> str:
    return cut_bytes(f"{BEGINNING}{f' of {day}' if day else ''}: {' '.join(text.split())}", NOTE_BYTES)
