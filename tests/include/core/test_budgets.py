from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.core.budgets import Budget, month_at, month_before, month_end
from include.core.lake import load_lake
from include.core.settings import SettingsError

TEXT = """
cost_centers: {{team: {{title: Team}}}}
budgets: {budgets}
sources: [{{name: photos, prefix: raw/, cost_center: team, features: {{image: [labels]}}}}]
"""


def written(folder: Path, budgets: str) -> Path:
    file = folder / "lake.yaml"
    file.write_text(TEXT.format(budgets=budgets), encoding="utf-8")
    return file


def test_a_month_may_have_an_amount_of_its_own(tmp_path: Path) -> None:
    lake = load_lake(written(tmp_path, "{team: {usd: 10.1, kind: hard, months: {2026-12: 20}}}"))
    budget = lake.budgets["team"]
    assert (budget.limit_usd("2026-11"), budget.limit_usd("2026-12")) == (10.1, 20)
    assert (budget.limit_micros("2026-11"), budget.limit_micros("2026-12")) == (10_100_000, 20_000_000)


def test_amounts_are_exact() -> None:
    assert Budget(usd=0.29, kind="hard").limit_micros("2026-11") == 290_000


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        ("{teem: {usd: 5, kind: hard}}", r"line 3: budgets.teem: 'teem' is not under cost_centers \(did you"),
        ("{team: {usd: 5, kind: strict}}", r"budgets.team.kind: 'strict' is none of 'hard' or 'soft'"),
        ("{team: {usd: -5, kind: hard}}", r"budgets.team.usd: -5 is below 0; write dollars"),
        ("{team: {usd: .inf, kind: hard}}", r"budgets.team.usd: "),
        ("{team: {kind: hard}}", r"budgets.team.usd"),
        ("{team: {usd: 5, kind: hard, months: {2026-13: 3}}}", r"'2026-13' does not have the right form"),
    ],
)
def test_a_wrong_budget_is_named(tmp_path: Path, budgets: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_lake(written(tmp_path, budgets))


@pytest.mark.parametrize("day", [1, 15, 31])
def test_a_month_is_that_of_utc(day: int) -> None:
    at = datetime(2026, 12, day, 23, 59, 59, tzinfo=UTC).timestamp()
    assert month_at(at) == "2026-12"
    assert month_before(month_at(at)) == "2026-11"
    assert month_end(at) == datetime(2027, 1, 1, tzinfo=UTC).timestamp()
