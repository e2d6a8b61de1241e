"""Report: price a day's usage log, publish it as tables, and draw the cost page of the whole lake."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd

from include.athena import read_query
from include.costs import billing_months, daily_costs, load_price_book, price_usage, usage_frame
from include.objects import Row, get_ndjson, list_uris, put
from include.publish import publish
from include.report import render_cost_page
from include.run import Run, usage_log_uri
from include.schemas import TABLES
from include.settings import COST_PAGE_KEY, Settings
from include.validate import check, in_words

log = logging.getLogger(__name__)

COST_TABLES = ("usage", "costs_daily")
LINK_SECONDS = 7 * 86_400


class CheckError(ValueError):
    """Priced usage broke its own schema; nothing was published. The text names the checks."""


def read_usage_log(s3: Any, bucket: str, partition: str) -> Iterator[Row]:
    """Yield the lines of a partition's usage log, over all runs."""
    for uri in list_uris(s3, usage_log_uri(bucket, partition)):
        yield from get_ndjson(s3, uri)


def month_to_date_units(
    session: boto3.Session, settings: Settings, month: str, before: datetime, partition: str = ""
) -> dict[str, float]:
    """Return the units billed in a month before a moment, by line of the price book, as far as they are published.

    :param month: ``YYYY-MM``.
    :param partition: day of the lake to leave out.
    """
    until = before.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    rows = read_query(
        session, settings, "reports/month_to_date_units", [f"{month}-01 00:00:00", until, partition]
    )
    return dict(zip(rows["price_item"], rows["units"].astype(float), strict=True))


def this_month(session: boto3.Session, settings: Settings) -> dict[str, float]:
    """Return the units billed so far in the present month (UTC), as a plan needs them."""
    now = datetime.now(UTC)
    return month_to_date_units(session, settings, now.strftime("%Y-%m"), now)


def report(session: boto3.Session, s3: Any, glue: Any, settings: Settings, run: Run) -> dict[str, Any]:
    """Publish the priced usage of a day and the cost page.

    :return: ``{uri, url, bytes, rows, usd, saved_usd}``; the URL works for a week.
    :raises include.costs.PriceError: if something was used that the price book does not know.
    :raises CheckError: if the result breaks its schema.
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
    costs = daily_costs(priced)
    frames = {"usage": priced[list(TABLES["usage"].column_types)], "costs_daily": costs}
    failed = [
        row
        for name in COST_TABLES
        for row in check(TABLES[name], frames[name], run.run_id)
        if not row["success"]
    ]
    if failed:
        raise CheckError(f"the costs of {run.partition} were not published:\n{in_words(failed)}")
    for name in COST_TABLES:
        _write(session, name, frames[name], run)
    publish(s3, glue, settings.database, run, COST_TABLES, None)
    log.info(
        "%s: $%.4f paid, $%.4f saved by re-use", run.partition, costs["usd"].sum(), costs["saved_usd"].sum()
    )
    return {
        "rows": len(priced),
        "usd": round(float(costs["usd"].sum()), 6),
        "saved_usd": round(float(costs["saved_usd"].sum()), 6),
        **draw_page(session, s3, settings),
    }


def draw_page(session: boto3.Session, s3: Any, settings: Settings) -> dict[str, Any]:
    """Draw the cost page from every published day and return where it is."""
    page = render_cost_page(
        read_query(session, settings, "reports/costs"),
        title="Media Lake Enrichment: costs",
        generated_at=datetime.now(UTC),
        simulated=settings.simulated,
    )
    uri = settings.uri(COST_PAGE_KEY)
    size = put(s3, uri, page.encode(), "text/html; charset=utf-8")
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": settings.bucket, "Key": COST_PAGE_KEY}, ExpiresIn=LINK_SECONDS
    )
    return {"uri": uri, "url": url, "bytes": size}


def _write(session: boto3.Session, name: str, frame: pd.DataFrame, run: Run) -> None:
    if len(frame):
        wr.s3.to_parquet(
            frame,
            path=f"{run.staged_uri(name, None)}{name}.parquet",
            dtype=TABLES[name].column_types,
            compression="zstd",
            index=False,
            boto3_session=session,
        )
