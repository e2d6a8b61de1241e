"""``lake.yaml``: changed as text, and changed as a value."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from include.core.lake import load_lake
from include.core.settings import SettingsError
from tests.fuzz.mutations import changed_text, changed_value

ROOT = Path(__file__).parents[2]
_BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_SMALL = """
min_confidence: {labels: 55}
model_versions: {labels: "3.0"}
cost_centers: {team: {title: Team}}
budgets: {team: {usd: 10.5, kind: hard, months: {"2026-12": 20}}}
sources:
  - name: photos
    title: Photographs
    prefix: raw/photos/
    approval_limit_usd: 20
    cost_center: team
    features:
      image: [labels, {face_search: {CollectionId: people, MaxFaces: 3}}, {moderation: {MinConfidence: 60.0}}]
      video: [{segments: {SegmentTypes: [SHOT], Filters: {ShotFilter: {MinSegmentConfidence: 60.0}}}}]
  - name: listed
    bucket: other-bucket
    discovery: inventory
    inventory: {bucket: inventories, prefix: lists, id: daily}
    cost_center: team
    features: {image: [image_properties]}
  - {name: dated, prefix: raw/dated/, date_path: "%Y-%m-%d/", cost_center: team, features: {video: [text]}}
"""


@cache
def _texts() -> list[str]:
    fixture = (ROOT / "tests/fixtures/state_0_1/lake.yaml").read_text(encoding="utf-8")
    return [_SMALL, _SMALL, _SMALL, _SMALL, fixture, f"{_BOMB}{_SMALL.replace('Team', '*i')}"]


@cache
def _value() -> Any:
    return yaml.safe_load(_SMALL)


def make(random: Random) -> str:
    """Return the text of a file."""
    if random.random() < 0.5:
        return changed_text(random.choice(_texts()), random)
    changed = changed_value(_value(), random, random.choice((0.01, 0.03)))
    return yaml.dump(changed, Dumper=yaml.SafeDumper, allow_unicode=random.random() < 0.5)


def check(text: str) -> None:
    """Load a file; what is accepted can be used, and what is refused says so in a short text."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        refusal = ""
        try:
            lake = load_lake(Path(file.name), "media-lake")
        except SettingsError as error:
            refusal = str(error)
    if refusal:
        assert len(refusal) < 100_000, "an error for people"
        return
    for source in lake.sources:
        source.prefix_of(date(2026, 11, 20)).encode()
        repr(source)
