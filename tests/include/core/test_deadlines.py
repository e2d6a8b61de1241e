from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from include.core.deadlines import PREFIX, Deadlines, load_deadlines

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    load_deadlines.cache_clear()
    yield
    load_deadlines.cache_clear()


def test_videos_may_take_a_day_and_the_rest_less() -> None:
    deadlines = load_deadlines()
    assert deadlines.of("enrich_videos") == timedelta(hours=24)
    assert all(
        deadlines.of(name) < timedelta(hours=24) for name in Deadlines.model_fields if "video" not in name
    )


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_DEADLINE_HOURS_ENRICH_IMAGES", "0.5")
    assert load_deadlines().of("enrich_images") == timedelta(minutes=30)


@pytest.mark.parametrize("value", ["0", "-1", "soon"])
def test_a_wrong_deadline_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MEDIA_LAKE_DEADLINE_HOURS_REPORT_COSTS", value)
    with pytest.raises(ValueError, match="^MEDIA_LAKE_DEADLINE_HOURS_REPORT_COSTS: Input should be"):
        load_deadlines()


def test_the_example_environment_has_every_deadline() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, field in Deadlines.model_fields.items():
        assert f"# {field.description}\n# {PREFIX}{name.upper()}={field.default}\n" in text
