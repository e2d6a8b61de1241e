"""Partition keys, as people type them and clients send them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from random import Random

from include.core.run import PartitionError, Run
from tests.fuzz.mutations import changed_text

_KEYS = (
    "2026-11-20",
    "2026-02-29",
    "2026-13-01",
    "0000-00-00",
    "9999-12-31",
    "20261120",
    "2026-W47-5",
    "２０２６-11-20",
)


def make(random: Random) -> str:
    """Return a key."""
    key = random.choice(_KEYS)
    if random.random() < 0.3:
        key = f"{random.randrange(10_000):04d}-{random.randrange(16):02d}-{random.randrange(40):02d}"
    return changed_text(key, random) if random.random() < 0.6 else key


def check(key: str) -> None:
    """Make a run of a key; one that is accepted is a day."""
    with suppress(PartitionError):
        run = Run("media-lake", "discover_media", "by-hand", key)
        assert date.fromisoformat(key).isoformat() == key
        assert run.manifest_uri() == f"s3://media-lake/staging/manifests/dt={key}/manifest.parquet"
