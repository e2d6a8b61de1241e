"""What a demonstration says it cost."""

from __future__ import annotations

import pandas as pd
import pytest

from local.stack.summary import Spending, spending


def test_only_the_given_runs_count() -> None:
    columns = ["run_id", "reused", "analyses", "units", "usd", "saved_usd"]
    costs = pd.DataFrame(
        [
            ["mine", False, 4, 4.0, 0.004, 0.0],
            ["mine", True, 2, 2.0, 0.0, 0.002],
            ["mine-too", True, 1, 0.5, 0.0, 0.05],
            ["yours", False, 9, 9.0, 0.009, 0.0],
        ],
        columns=columns,
    )
    used = spending(costs, {"mine", "mine-too"})
    assert used == Spending(paid=4, usd=pytest.approx(0.004), reused=3, saved_usd=pytest.approx(0.052))


def test_no_use_costs_nothing() -> None:
    costs = pd.DataFrame({name: [] for name in ("run_id", "reused", "analyses", "units", "usd", "saved_usd")})
    assert spending(costs, {"mine"}) == Spending(paid=0, usd=0.0, reused=0, saved_usd=0.0)
