from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from include.core.deadlines import DEFAULT_HOURS, HOURS, PREFIX, DeadlineError, deadline_of

ROOT = Path(__file__).parents[3]


def test_videos_may_take_a_day_people_a_week_and_the_rest_less() -> None:
    assert deadline_of("enrich_videos") == timedelta(hours=24)
    assert deadline_of("review_moderation") > timedelta(days=7)
    assert max(HOURS[dag_id] for dag_id in HOURS.keys() - {"enrich_videos", "review_moderation"}) < 24


def test_a_dag_without_hours_of_its_own_has_the_default() -> None:
    assert deadline_of("added_tomorrow") == timedelta(hours=DEFAULT_HOURS)


@pytest.mark.parametrize("dag_id", ["enrich_videos", "added_tomorrow"])
def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch, dag_id: str) -> None:
    monkeypatch.setenv(f"MEDIA_LAKE_DEADLINE_HOURS_{dag_id.upper()}", "0.5")
    assert deadline_of(dag_id) == timedelta(minutes=30)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "nan", "inf", "1e30"])
def test_a_wrong_deadline_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MEDIA_LAKE_DEADLINE_HOURS_REPORT_COSTS", value)
    with pytest.raises(DeadlineError, match="^MEDIA_LAKE_DEADLINE_HOURS_REPORT_COSTS is '.*'; give hours"):
        deadline_of("report_costs")


def test_the_example_environment_has_the_default_and_every_dag_with_hours_of_its_own() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert f"reports a run that has not ended after {DEFAULT_HOURS:g} hours" in text
    for name, hours in HOURS.items():
        assert f"# {PREFIX}{name.upper()}={hours:g}\n" in text
