"""The cost page: its totals against arithmetic of its own, its safety, and that it loads nothing."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from include.core.features import FEATURES
from include.report.cost_figures import CostFigures
from include.report.cost_page import render_cost_page
from include.report.page_charts import (
    DARK_COLORS,
    DARK_GROUND,
    DARK_OTHERS,
    LIGHT_COLORS,
    LIGHT_GROUND,
    LIGHT_OTHERS,
    OTHERS,
)
from tests.include.report.large_lake import COLUMNS, cost

OCTOBER = date(2026, 10, 31)
COSTS = pd.DataFrame(
    [
        cost(
            date(2026, 11, 18), "labels", "DetectLabels", "image-group-2", 1200.0, 1.2, reused_analyses=3,
            saved_usd=0.003,
        ),
        cost(date(2026, 11, 18), "text", "DetectText", "image-group-2", 300.0, 0.3, cost_center="newsroom"),
        cost(date(2026, 11, 20), "labels", "StartLabelDetection", "video-minutes", 2.25, 0.225),
        cost(date(2026, 11, 20), "segments", "StartSegmentDetection", "video-shot-minutes", 2.25, 0.1125),
        cost(OCTOBER, "segments", "StartSegmentDetection", "video-technical-cue-minutes", 2.25, 0.1125),
    ],
    columns=COLUMNS,
)  # fmt: skip


def page(costs: pd.DataFrame = COSTS, **options: Any) -> str:
    settings = {
        "title": "Costs",
        "generated_at": datetime(2026, 11, 22, 8, 30),
        "library": lambda: "/* charts */",
        **options,
    }
    return render_cost_page(CostFigures(costs), **settings)


def data(html: str) -> Any:
    """Return what the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def test_each_month_has_the_sum_of_its_rows_at_its_head_newest_first() -> None:
    heads = re.findall(r'data-month="([\d-]+)".*?data-total="usd" data-value="([^"]+)"', page(), re.DOTALL)
    assert heads[:2] == [("2026-11", "1.8375"), ("2026-10", "0.1125")]


def test_lines_and_charts_have_all_of_the_money() -> None:
    found = data(page())
    lines = {month: sum(row[4] for row in rows) for month, rows in found["lines"].items()}
    charts = {month: sum(row[2] for row in chart["costs"]) for month, chart in found["months"].items()}
    history = {each["month"]: each["usd"] for each in found["history"] if each["usd"]}
    assert [found["history"][place]["label"] for place in (0, -1)] == ["Dec 2025", "Nov 2026"]
    assert lines == charts == history == {"2026-10": 0.1125, "2026-11": pytest.approx(1.8375)}
    assert found["months"]["2026-11"]["days"] == 30


def test_a_feature_that_the_registry_does_not_know_is_among_the_others() -> None:
    found = data(page(COSTS.assign(feature=["labels", "new", "newer", "labels", "labels"])))
    assert found["features"] == ["labels", OTHERS]
    shown = {(day, name): usd for day, name, usd in found["months"]["2026-11"]["costs"]}
    assert shown[(18, OTHERS)] == pytest.approx(0.3)


def test_prices_and_currency_are_named() -> None:
    assert '<span id="price-versions">us-east-1-2026-10-07</span>' in page()
    assert "USD, days in UTC" in page()


def test_only_simulated_costs_say_that_nothing_was_paid() -> None:
    assert "Nothing was really paid" in page(simulated=True)
    assert "Nothing was really paid" not in page()


def test_no_costs_are_a_friendly_page() -> None:
    html = page(COSTS.head(0))
    assert "No use yet" in html
    assert "<script" not in html


def test_text_from_data_stays_text() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    html = page(COSTS.assign(cost_center=evil, source=evil, feature=evil, price_version=evil), title=evil)
    assert evil not in html
    assert html.count("<script") == 3
    assert "<img src=x" not in html
    assert data(html)["of"][0][0] == evil


class Loads(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset", "data")
        ]


def test_the_page_may_load_nothing_and_make_no_scripts() -> None:
    html = page()
    parser = Loads()
    parser.feed(html)
    assert parser.found == []
    assert "default-src 'none'" in html
    assert "unsafe-eval" not in html.split("<title>")[0]


def luminance(color: str) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("colors", "others", "ground"),
    [(LIGHT_COLORS, LIGHT_OTHERS, LIGHT_GROUND), (DARK_COLORS, DARK_OTHERS, DARK_GROUND)],
)
def test_every_feature_has_a_color_of_its_own_with_a_contrast_of_3(
    colors: tuple[str, ...], others: str, ground: str
) -> None:
    assert len({*colors, others}) == len(colors) + 1
    assert len(colors) >= len(FEATURES)
    for color in (*colors, others):
        light, dark = sorted((luminance(color), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, color
