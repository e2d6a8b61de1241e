"""Price a day's usage log, and draw the cost page of the whole lake."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
import pandas as pd

from include.core.prices import load_price_book
from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import COST_PAGE_KEY, Settings
from include.report.chart_library import chart_library
from include.report.cost_page import render_cost_page
from include.report.pricing import billing_months, daily_costs, price_usage, usage_frame
from include.store.athena_queries import read_query
from include.store.month_to_date import month_to_date_units
from include.store.objects import put
from include.store.usage_log import read_usage_log

COST_TABLES = ("usage", "costs_daily")

LINK_SECONDS = 7 * 86_400


def price_day(session: boto3.Session, s3: Any, settings: Settings, run: Run) -> dict[str, pd.DataFrame]:
    """Return the rows of the day's cost tables: its usage log, priced.

    :raises include.core.prices.PriceError: if something was used that the price book does not know.
    """
    book = load_price_book(settings.region)
    usage = usage_frame(read_usage_log(s3, run.bucket, run.partition))
    before = {
        (month.name, item): units
        for month in billing_months(usage)
        for item, units in month_to_date_units(
            session, settings, month.name, month.first_use.to_pydatetime(), run.partition
        ).items()
    }
    priced = price_usage(usage, book, before)
    return {"usage": priced[list(TABLES["usage"].column_types)], "costs_daily": daily_costs(priced)}


def draw_page(session: boto3.Session, s3: Any, settings: Settings) -> dict[str, Any]:
    """Draw the cost page from every published day and return where it is: ``{uri, url, bytes}``."""
    page = render_cost_page(
        read_query(session, settings, "reports/costs"),
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
