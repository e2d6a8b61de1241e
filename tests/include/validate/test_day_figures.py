from __future__ import annotations

import pytest

from include.core.features import MediaType
from include.core.schemas import FINDING_TABLES, TABLES
from include.store.parquet import arrow_rows
from include.validate import day_figures
from include.validate.day_figures import DayFigures
from tests.include.validate.clean_days import CleanDay


def figures_of(day: CleanDay) -> tuple[DayFigures, dict[str, list[dict]]]:  # type: ignore[type-arg]
    rows = day.rows()
    figures = DayFigures(arrow_rows(TABLES["media_assets"], rows["media_assets"]))
    for name, found in rows.items():
        if name in FINDING_TABLES:
            for start in range(0, len(found), 2):
                figures.add(TABLES[name], arrow_rows(TABLES[name], found[start : start + 2]))
    return figures, rows


@pytest.mark.parametrize("media_type", ["image", "video"])
def test_a_profile_has_the_figures_of_the_tables(
    clean_days: dict[MediaType, CleanDay], media_type: MediaType
) -> None:
    figures, rows = figures_of(clean_days[media_type])
    profile = figures.profile(arrow_rows(TABLES["analyses"], rows["analyses"]))
    (source,) = {row["source"] for row in rows["media_assets"]}
    assert profile.assets == {source: 3}
    assert sum(each.answered for each in profile.analyses) == len(rows["analyses"])
    assert sum(each.empty for each in profile.analyses) == sum(
        not row["findings"] for row in rows["analyses"]
    )
    (labels,) = [each for each in profile.findings if each.table == "labels"]
    scores = [row["confidence"] for row in rows["labels"]]
    assert labels.scores == len(scores)
    assert labels.score_sum == pytest.approx(sum(scores))
    assert labels.names == {
        name: sum(row["name"] == name for row in rows["labels"])
        for name in {row["name"] for row in rows["labels"]}
    }


def test_a_profile_names_nobody(clean_days: dict[MediaType, CleanDay]) -> None:
    figures, rows = figures_of(clean_days["image"])
    profile = figures.profile(arrow_rows(TABLES["analyses"], rows["analyses"]))
    sensitive = [each for each in profile.findings if TABLES[each.table].sensitive or each.table == "texts"]
    assert {each.table for each in sensitive} >= {"celebrities", "face_matches", "texts"}
    assert all(each.names == {} for each in sensitive)
    text = profile.model_dump_json()
    assert not any(row["name"] in text for row in rows["celebrities"])


def test_rare_names_are_kept_together(
    clean_days: dict[MediaType, CleanDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_figures, "KEPT_NAMES", 1)
    figures, rows = figures_of(clean_days["image"])
    profile = figures.profile(arrow_rows(TABLES["analyses"], rows["analyses"]))
    (labels,) = [each for each in profile.findings if each.table == "labels"]
    assert len(labels.names) == 2
    assert sum(labels.names.values()) == len(rows["labels"])
    assert labels.names[""] > 0
