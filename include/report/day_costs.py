"""Draw the cost page of the whole lake."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3

from include.core.settings import COST_PAGE_KEY, Settings
from include.report.chart_library import chart_library
from include.report.cost_figures import read_cost_figures
from include.report.cost_page import render_cost_page
from include.store.objects import put

COST_TABLES = ("usage", "costs_daily")


def draw_page(session: boto3.Session, s3: Any, settings: Settings) -> dict[str, Any]:
    """Draw the cost page from every published day and return where it is: ``{uri, bytes}``."""
    page = render_cost_page(
        read_cost_figures(session, settings),
        title="Media Lake Enrichment: costs",
        generated_at=datetime.now(UTC),
        simulated=settings.simulated,
        library=partial(chart_library, s3, settings),
    )
    uri = settings.uri(COST_PAGE_KEY)
    return {"uri": uri, "bytes": put(s3, uri, page.encode(), "text/html; charset=utf-8")}
