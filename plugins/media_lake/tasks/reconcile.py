"""The tasks that compare the lake with AWS's bill, and look for costs that somebody should know of."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from media_lake.callbacks.alert_sender import send

if TYPE_CHECKING:
    from datetime import date, datetime

    from include.report.lake_against_bill import Comparison
    from include.store.objects import Row
    from include.store.workspace import Deployment

log = logging.getLogger(__name__)

DAG_ID = "reconcile_costs"

# AWS changes prices a few times a year.
MOST_DAYS_OF_A_PRICE_BOOK = 90

# Of the one file of a day in each of the two tables.
_FILE = "bill"


@task(multiple_outputs=False)
def reconcile() -> dict[str, int]:
    """Read AWS's bill of the last weeks and name the cause of every difference to the lake's usage.

    A difference without a cause is reported once. Returns how many days of usage types agree, are explained,
    and are not.
    """
    from datetime import UTC, datetime

    from media_lake.task_context import task_deployment

    deployment = task_deployment()
    if not deployment.settings.bill_source:
        raise AirflowSkipException("no bill is read: MEDIA_LAKE_BILL_SOURCE is empty")
    return reconcile_days(deployment, datetime.now(UTC).replace(tzinfo=None))


@task(multiple_outputs=False)
def watch_costs() -> dict[str, int]:
    """Report once each day of use that costs much more than usual, and a price book that is old.

    Returns how many of each are reported now.
    """
    from datetime import UTC, datetime

    from media_lake.task_context import task_deployment

    deployment, today = task_deployment(), datetime.now(UTC).date()
    return {
        "anomalies": report_anomalies(deployment),
        "price_books": report_old_price_book(deployment, today),
    }


def reconcile_days(deployment: Deployment, now: datetime) -> dict[str, int]:
    """Compare, publish tables ``bill_daily`` and ``reconciliation``, and alert.

    :param now: in UTC, without a time zone.
    :return: days of usage types by what came of them: ``{agrees, explained, unexplained}``.
    """
    from collections import Counter

    from include.core.schemas.bill_tables import STATUSES
    from include.report.lake_against_bill import compare

    comparison = compare(deployment, now.date())
    rows = _publish(deployment, comparison, now)
    _report_unexplained(deployment, comparison, rows)
    found = Counter(row["status"] for row in rows)
    for row in rows:
        if row["cause"]:
            log.info("%s, %s: %s", row["usage_date"], row["usage_type"], row["cause"])
    return {status: found[status] for status in STATUSES}


def _publish(deployment: Deployment, comparison: Comparison, now: datetime) -> list[Row]:
    """Put all days in place of an earlier comparison, and return the rows of ``reconciliation``."""
    from include.publish.added_rows import publish_added
    from include.report.lake_against_bill import RECONCILIATION
    from include.store.appended_rows import appended_uri
    from include.store.objects import delete

    compared, gone = [], []
    for day in map(str, comparison.days):
        for table, rows in comparison.rows(day, now).items():
            if rows:
                publish_added(deployment, table, [day], rows, _FILE)
            else:
                gone.append(f"{appended_uri(deployment.settings.bucket, table, [day])}{_FILE}.parquet")
            compared += rows if table == RECONCILIATION else []
    delete(deployment.s3, gone)
    return compared


def _report_unexplained(deployment: Deployment, comparison: Comparison, rows: Iterable[Row]) -> None:
    from include.operate.cost_alerts import unexplained_bill

    found = {
        f"{row['usage_date']} {row['usage_type']}": row
        for row in rows
        if row["status"] == "unexplained" and row["usage_date"] <= comparison.complete_until
    }
    if fresh := _first_occasions(deployment, "reconciliation", found):
        send(unexplained_bill([found[name] for name in fresh]), DAG_ID, "reconciliation")


def report_anomalies(deployment: Deployment) -> int:
    """Alert about the last days of view ``cost_anomalies`` that nobody was told of, and return how many."""
    from include.operate.cost_alerts import costly_days
    from include.store.athena_queries import read_rows

    recent = read_rows(deployment.session, deployment.settings, "reports/recent_anomalies")
    found = {f"{row['usage_date']} {row['cost_center']} {row['feature']}": row for row in recent}
    fresh = _first_occasions(deployment, "anomaly", found)
    if fresh:
        send(costly_days([found[name] for name in fresh]), DAG_ID, "anomaly")
    return len(fresh)


def report_old_price_book(deployment: Deployment, today: date) -> int:
    """Alert once about the price book in use if it is older than 90 days, and return how many are."""
    from include.core.prices import load_price_book
    from include.operate.cost_alerts import old_price_book

    book = load_price_book(deployment.settings.region)
    if (today - book.effective).days <= MOST_DAYS_OF_A_PRICE_BOOK:
        return 0
    if not _first_occasions(deployment, "price-book", [book.version]):
        return 0
    send(old_price_book(book.version, book.effective, today), DAG_ID, "price-book")
    return 1


def _first_occasions(deployment: Deployment, kind: str, occasions: Iterable[str]) -> list[str]:
    from include.store.sent_alerts import first_occasions

    return first_occasions(deployment.s3, deployment.settings.bucket, kind, occasions)
