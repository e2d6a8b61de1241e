"""Draw the cost page of the whole lake."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3

from include.core.settings import COST_PAGE_KEY, Settings
from include.report.chart_library import chart_library
from include.report.cost_page import render_cost_page
from include.store.athena_queries import read_query
from include.store.objects import put

COST_TABLES = ("usage", "costs_daily")

LINK_SECONDS = 7 * 86_400


def draw_page(session: boto3.Session, s3: Any, settings: Settings) -> dict[str, Any]:
    """Draw the cost page from every published day and return where it is: ``{uri, url, bytes}``."""
    page = render_cost_page(
        read_query(session, settings, "reports/costs"),
        film_minutes=float(read_query(session, settings, "reports/film_minutes")["minutes"].iloc[0]),
        title="Media Lake Enrichment: costs",
        generated_at=datetime.now(UTC),
        simulated=settings.simulated,
        library=partial(chart_library, s3, settings),
    )
    size = put(s3, settings.uri(COST_PAGE_KEY), page.encode(), "text/html; charset=utf-8")
    return {**page_address(s3, settings), "bytes": size}


def page_address(s3: Any, settings: Settings) -> dict[str, str]:
    """Return where the cost page is: ``{uri, url}``; the URL works for a week."""
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": settings.bucket, "Key": COST_PAGE_KEY}, ExpiresIn=LINK_SECONDS
    )
    return {"uri": settings.uri(COST_PAGE_KEY), "url": url}
