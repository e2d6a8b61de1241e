"""The cost page of 400 days and 12 teams as people see it in Chromium, at three widths, light and dark."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations, product
from pathlib import Path

import pandas as pd
import pytest

from include.report.cost_figures import CostFigures
from include.report.cost_page import render_cost_page
from include.report.page_numbers import dollars
from local.stack.browser import Browser
from tests.include.report.large_lake import MONTH, TEAMS, large_lake

pytestmark = pytest.mark.integration

SIZES = ((390, 844), (1280, 900), (2560, 1300))
SCHEMES = ("light", "dark")

MEASURES = Path(__file__).parent / "page_measures.js"


@pytest.fixture(scope="module")
def figures() -> CostFigures:
    return large_lake()


@pytest.fixture(scope="module")
def page(figures: CostFigures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "costs.html"
    html = render_cost_page(figures, title="Media lake: costs", generated_at=datetime(2026, 11, 27, 6))
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Browser]:
    """The page, drawn."""
    with Browser(1280) as opened:
        opened.open(page.as_uri())
        opened.wait_for("document.documentElement?.dataset.drawn === '2'")
        opened.evaluate(MEASURES.read_text(encoding="utf-8"))
        yield opened


def luminance(color: list[float]) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [part / 255 for part in color]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def at_size(browser: Browser, width: int, height: int, scheme: str = "light") -> None:
    browser.prefer(scheme)
    browser.resize(width, height)
    # Vega draws anew in the next frames.
    browser.evaluate("new Promise((done) => setTimeout(done, 150))")


def choose(browser: Browser, month: str) -> None:
    browser.evaluate(
        f"(() => {{ const one = document.getElementById('month'); one.value = '{month}';"
        " one.dispatchEvent(new Event('change')); })()"
    )
    browser.wait_for(f"document.documentElement.dataset.shown === '{month}'")


def of_month(costs: pd.DataFrame, month: str) -> pd.DataFrame:
    return costs[pd.to_datetime(costs["usage_date"]).dt.strftime("%Y-%m") == month]


@pytest.mark.parametrize(("size", "scheme"), list(product(SIZES, SCHEMES)))
def test_no_text_or_column_is_clipped(browser: Browser, size: tuple[int, int], scheme: str) -> None:
    at_size(browser, *size, scheme)
    for month in (MONTH, "2025-10"):
        choose(browser, month)
        assert browser.evaluate("clipped()") == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colors_of_series_are_unique_and_have_a_contrast_of_3_and_text_of_4_5(
    browser: Browser, scheme: str
) -> None:
    at_size(browser, 1280, 900, scheme)
    choose(browser, MONTH)
    series = browser.evaluate("series()")
    assert len(series) == 11  # ten features and the mark of unusual days
    assert all(one != other for (_, one, _), (_, other, _) in combinations(series, 2))
    assert {
        name: contrast(color, ground) for name, color, ground in series if contrast(color, ground) < 3
    } == {}
    drawn = {tuple(color) for color in browser.evaluate("drawnColors()")}
    assert drawn == {tuple(color) for _, color, _ in series}
    texts = browser.evaluate("texts()")
    assert len(texts) > 500
    assert {text: round(contrast(*both), 2) for text, *both in texts if contrast(*both) < 4.5} == {}


def test_every_month_shows_the_totals_of_costs_daily(browser: Browser, figures: CostFigures) -> None:
    at_size(browser, 1280, 900)
    months = pd.to_datetime(figures.costs["usage_date"]).dt.strftime("%Y-%m")
    expected = figures.costs.groupby(months)["usd"].sum().to_dict()
    heads = browser.evaluate(
        "Object.fromEntries([...document.querySelectorAll('dl[data-month]')]"
        ".map((each) => [each.dataset.month, +each.querySelector('[data-total=usd]').dataset.value]))"
    )
    assert (len(heads), heads) == (14, pytest.approx(expected))
    for month in (MONTH, "2026-01", "2025-10"):
        choose(browser, month)
        lines = browser.evaluate("+document.querySelector('#lines tfoot').dataset.usd")
        assert lines == pytest.approx(expected[month])
        written = browser.evaluate("document.querySelector('#lines tfoot [data-label=Cost]').textContent")
        assert written == dollars(expected[month])


def test_the_day_chart_has_a_place_for_each_day_and_marks_unusual_ones(browser: Browser) -> None:
    at_size(browser, 1280, 900)
    choose(browser, MONTH)
    assert browser.evaluate("document.querySelectorAll('#chart-days .mark-symbol path').length") == 2
    days = browser.evaluate(
        "[...document.querySelectorAll('#chart-days .role-axis-label text')].map((each) => each.textContent)"
    )
    assert days[:30] == [str(day) for day in range(1, 31)]


def test_a_heading_sorts_by_keyboard(browser: Browser) -> None:
    at_size(browser, 1280, 900)
    choose(browser, MONTH)
    first = "document.querySelector('#lines tbody th').textContent"
    browser.evaluate("document.querySelector('#lines [data-name=cost_center] button').focus()")
    browser.press("Enter", "\r")
    assert browser.evaluate(first) == min(TEAMS)
    assert browser.evaluate("document.activeElement.parentElement.getAttribute('aria-sort')") == "ascending"
    browser.press("Enter", "\r")
    assert browser.evaluate(first) == max(TEAMS)


def test_keys_choose_the_month_and_each_stop_of_the_keyboard_is_seen(browser: Browser) -> None:
    at_size(browser, 1280, 900)
    choose(browser, MONTH)
    browser.evaluate("document.getElementById('earlier').focus()")
    browser.press("Enter", "\r")
    browser.wait_for("document.documentElement.dataset.shown === '2026-10'")
    assert browser.evaluate("location.hash") == "#2026-10"
    assert browser.evaluate("document.getElementById('announced').textContent") == "Costs of October 2026"
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("width", [390, 1280])
def test_tables_are_tables_for_assistive_technology(browser: Browser, width: int) -> None:
    at_size(browser, width, 900)
    choose(browser, MONTH)
    roles = browser.roles()
    assert roles["table"] == 11
    assert roles["rowheader"] > 100
    assert roles["columnheader"] > 50
    assert roles["cell"] > 500


def test_the_csv_has_every_line_of_the_month(browser: Browser, figures: CostFigures, tmp_path: Path) -> None:
    browser.save_downloads(tmp_path)
    choose(browser, "2026-02")
    browser.evaluate("document.getElementById('csv-month').click()")
    saved = tmp_path / "costs-2026-02.csv"
    end = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < end:
        time.sleep(0.05)
    rows = list(csv.DictReader(saved.read_text(encoding="utf-8").splitlines()))
    costs = of_month(figures.costs, "2026-02")
    assert len(rows) == len(costs)
    assert sum(float(row["usd"]) for row in rows) == pytest.approx(costs["usd"].sum())
    assert {row["route"] for row in rows} == {"image", "job", "frames", "model"}


def test_the_page_is_one_file_that_asks_for_nothing(browser: Browser, page: Path) -> None:
    assert page.stat().st_size < 4_000_000
    assert browser.evaluate("performance.getEntriesByType('resource').map((each) => each.name)") == []
