from __future__ import annotations

import pytest

from include.report.page_numbers import change, dollars, percent, quantity


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1234567.891, "$1,234,567.89"), (1.0, "$1.00"), (0.8, "$0.80"), (0.3931, "$0.393"),
        (0.1435, "$0.144"), (0.9999, "$1.00"), (2.675, "$2.68"),
        (0.01254, "$0.0125"), (0.00025, "$0.00025"), (0.0000012, "$0.0000012"), (0.0, "$0.00"),
        (1e-12, "$0.00"), (-1e-12, "$0.00"), (-3.2, "−$3.20"), (None, "–"),
    ],
)  # fmt: skip
def test_dollars_are_exact_enough_and_never_too_long(value: float | None, written: str) -> None:
    assert dollars(value) == written


def test_changes_have_their_sign() -> None:
    assert [change(value) for value in (1.5, -0.25, 0.0, None)] == ["+$1.50", "−$0.25", "$0.00", "–"]


def test_quantities_and_percents() -> None:
    assert [quantity(value) for value in (1200.0, 3.917, 0.0, None)] == ["1,200", "3.92", "0", "–"]
    assert [percent(value) for value in (1.11, 0.5, 0.004, -0.25, 0.0, None)] == [
        "111%", "50%", "0.4%", "−25%", "0%", "–",
    ]  # fmt: skip
