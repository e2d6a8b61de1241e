"""The units billed so far in a month, read from the published usage."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3

from include.core.settings import Settings


def month_to_date_units(
    session: boto3.Session, settings: Settings, month: str, before: datetime, partition: str = ""
) -> dict[str, float]:
    """Return the published units of a month before a moment, by line of the price book.

    :param month: ``YYYY-MM``.
    :param partition: day of the lake to leave out.
    """
    # Importing what asks Athena takes a CPU second, and a plan asks only if there is something to pay for.
    from include.store.athena_queries import read_query

    until = before.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    rows = read_query(
        session, settings, "reports/month_to_date_units", [f"{month}-01 00:00:00", until, partition]
    )
    return dict(zip(rows["price_item"], rows["units"].astype(float), strict=True))


def this_month(session: boto3.Session, settings: Settings) -> dict[str, float]:
    """Return the units billed so far in the present month (UTC), as a plan needs them."""
    now = datetime.now(UTC)
    return month_to_date_units(session, settings, now.strftime("%Y-%m"), now)
