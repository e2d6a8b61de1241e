"""The cost page: its totals against arithmetic of its own, its safety, and that it loads nothing."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from include.core.features import FEATURES
from include.core.schemas import TABLES
from include.report.cost_page import _COLORS, render_cost_page
from tests.browser import chromium

COLUMNS = [column.name for column in TABLES["costs_daily"].columns]


def cost(
    day: int, feature: str, operation: str, item: str, units: float, usd: float, **more: Any
) -> dict[str, Any]:
    row = {
        "usage_date": date(2026, 11, day), "source": "sample", "cost_center": "media-team",
        "media_type": "image" if item.startswith("image") else "video", "feature": feature,
        "operation": operation, "price_item": item, "analyses": 2, "units": units, "usd": usd,
        "reused_analyses": 0, "reused_units": 0.0, "saved_usd": 0.0, "price_version": "us-east-1-2026-10-07",
    }  # fmt: skip
    return {**row, **more}


COSTS = pd.DataFrame(
    [
        cost(18, "labels", "DetectLabels", "image-group-2", 1200.0, 1.2, reused_analyses=3, saved_usd=0.003),
        cost(18, "text", "DetectText", "image-group-2", 300.0, 0.3, cost_center="newsroom"),
        cost(
            20,
            "labels",
            "StartLabelDetection",
            "video-minutes",
            2.25,
            0.225,
            reused_analyses=1,
            saved_usd=0.1,
        ),
        cost(20, "segments", "StartSegmentDetection", "video-shot-minutes", 2.25, 0.1125),
        cost(20, "segments", "StartSegmentDetection", "video-technical-cue-minutes", 2.25, 0.1125),
    ],
    columns=COLUMNS,
)


def page(costs: pd.DataFrame = COSTS, **options: Any) -> str:
    settings = {
        "film_minutes": 2.25,
        "title": "Costs",
        "generated_at": datetime(2026, 11, 22, 8, 30),
        **options,
    }
    return render_cost_page(costs, **settings)


def totals(html: str) -> dict[str, float]:
    return {
        name: float(value) for name, value in re.findall(r'id="total-([a-z-]+)" data-value="([^"]+)"', html)
    }


def specs(html: str) -> dict[str, Any]:
    found = re.search(r"^const specs = (.*);$", html, re.MULTILINE)
    assert found
    return dict(json.loads(found[1]))


def test_totals_are_the_sums_of_the_rows() -> None:
    assert totals(page()) == {
        "usd": pytest.approx(1.2 + 0.3 + 0.225 + 2 * 0.1125),
        "saved-usd": pytest.approx(0.103),
        "images": 1500.0,
        "minutes": 2.25,
        "hours": 0.0,
        "reused-analyses": 4.0,
    }


def test_13_the_hours_of_a_model_are_no_minutes_and_a_film_counts_once() -> None:
    hours = cost(20, "custom_labels", "StartProjectVersion", "custom-labels-inference-hours", 10.0, 40.0)
    film = [cost(20, "labels", f"Start{number}", "video-minutes", 0.4, 0.04) for number in range(8)]
    found = totals(page(pd.DataFrame([hours, *film], columns=COLUMNS), film_minutes=0.4))
    assert (found["hours"], found["minutes"]) == (10.0, 0.4)


def test_each_chart_shows_all_of_the_money_or_units() -> None:
    sums = {
        name: sum(row.get("usd", row.get("amount")) for rows in spec["datasets"].values() for row in rows)
        for name, spec in specs(page()).items()
    }
    assert sums == {
        "cost-per-day": pytest.approx(1.95),
        "cost-per-team": pytest.approx(1.95),
        "paid-and-saved": pytest.approx(1.95 + 0.103),
        "images-by-operation": 1500.0,
        "minutes-by-operation": 6.75,
    }


def test_days_without_use_keep_their_place() -> None:
    domain = specs(page())["cost-per-day"]["encoding"]["x"]["scale"]["domain"]
    assert domain == ["2026-11-18", "2026-11-19", "2026-11-20"]


def test_the_table_has_every_row_newest_first_and_prices_are_named() -> None:
    html = page()
    rows = re.findall(r"<tr><td>(.*?)</td>", html)
    assert rows == ["2026-11-20"] * 3 + ["2026-11-18"] * 2
    assert '<span id="price-versions">us-east-1-2026-10-07</span>' in html
    assert "Amounts in USD" in html


def test_a_long_table_is_cut_and_says_so_while_totals_count_everything() -> None:
    many = pd.concat([COSTS] * 100, ignore_index=True)
    html = page(many)
    assert html.count("<tr><td>") == 400
    assert "the 100 oldest rows are left out" in html
    assert totals(html)["usd"] == pytest.approx(195.0)


def test_only_simulated_costs_say_that_nothing_was_paid() -> None:
    assert "Nothing was really paid" in page(simulated=True)
    assert "Nothing was really paid" not in page()


def test_no_costs_are_a_friendly_page() -> None:
    html = page(COSTS.head(0), film_minutes=0.0)
    assert "No use yet" in html
    assert set(totals(html).values()) == {0.0}
    assert "<script" not in html


def test_text_from_data_stays_text() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    html = page(COSTS.assign(cost_center=evil, feature=evil, price_version=evil), title=evil)
    assert evil not in html
    assert html.count("<script") == 2
    assert "<img src=x" not in html
    assert any(
        row["cost_center"] == evil for row in next(iter(specs(html)["cost-per-team"]["datasets"].values()))
    )


class Loads(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset", "data")
        ]


def test_the_page_is_one_small_file_that_may_load_nothing() -> None:
    html = page()
    parser = Loads()
    parser.feed(html)
    assert parser.found == []
    assert "default-src 'none'" in html
    assert len(html.encode()) < 2_000_000


@pytest.mark.integration
def test_chromium_draws_every_chart(tmp_path: Path) -> None:
    browser = chromium()
    (tmp_path / "costs.html").write_text(page(), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", profile]
    arguments += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    arguments += ["--virtual-time-budget=10000", "--dump-dom", (tmp_path / "costs.html").as_uri()]
    dom = subprocess.run([browser, *arguments], capture_output=True, text=True, timeout=90, check=True).stdout
    assert 'data-drawn="5"' in dom
    for name in specs(page()):
        drawn = dom.split(f'id="{name}"')[1].split("</section>")[0]
        assert "<svg" in drawn, name
        assert "mark-rect" in drawn, name


def test_every_feature_has_a_color_of_its_own() -> None:
    assert len(set(_COLORS)) == len(_COLORS) >= len(FEATURES)
