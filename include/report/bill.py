"""Read AWS's bill for Rekognition, by day, usage type and kind of charge, from where the settings say.

- ``cost-explorer``: GetCostAndUsage, grouped by USAGE_TYPE and RECORD_TYPE
  (https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html). A request
  costs $0.01.
- ``cur``: a CUR 2.0 export that Athena can query.

Both have the charges of the account of the credentials, without those of others in its organization.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from include.core.settings import Settings, SettingsError
from include.store.workspace import Deployment

if TYPE_CHECKING:
    import boto3

SERVICE = "Amazon Rekognition"

# Kinds of charge that count units: Cost Explorer's RECORD_TYPE and the export's line_item_line_item_type.
USAGE_RECORDS = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})


class BillRow(NamedTuple):
    """A charge: a row of table ``bill_daily`` but for when it was read.

    :ivar units: as the bill counts them; 0 unless the charge is for usage.
    :ivar estimated: whether AWS may still change it; None if AWS does not say.
    """

    usage_date: date
    usage_type: str
    record_type: str
    units: float
    usd: float
    estimated: bool | None


def read_bill(deployment: Deployment, first: date, end: date) -> list[BillRow]:
    """Return the charges of the days from the first to the one before the end.

    :raises SettingsError: if the settings name no table of the export.
    :raises botocore.exceptions.ClientError: if AWS refuses, for instance for lack of a permission.
    """
    settings = deployment.settings
    account = deployment.aws.client("sts").get_caller_identity()["Account"]
    if settings.bill_source == "cur":
        return list(_of_export(deployment.session, settings, account, first, end))
    return list(_of_cost_explorer(deployment.aws.client("ce"), account, first, end))


def _of_cost_explorer(ce: Any, account: str, first: date, end: date) -> Iterator[BillRow]:
    request: dict[str, Any] = {
        "TimePeriod": {"Start": first.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in ("USAGE_TYPE", "RECORD_TYPE")],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "SERVICE", "Values": [SERVICE]}},
                {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}},
            ]
        },
    }
    while True:
        page = ce.get_cost_and_usage(**request)
        for day in page["ResultsByTime"]:
            yield from _of_day(day)
        if "NextPageToken" not in page:
            return
        request["NextPageToken"] = page["NextPageToken"]


def _of_day(day: dict[str, Any]) -> Iterator[BillRow]:
    usage_date = date.fromisoformat(day["TimePeriod"]["Start"])
    for group in day["Groups"]:
        usage_type, record_type = group["Keys"]
        metrics = group["Metrics"]
        units = float(metrics["UsageQuantity"]["Amount"]) if record_type in USAGE_RECORDS else 0.0
        usd = float(metrics["UnblendedCost"]["Amount"])
        yield BillRow(usage_date, usage_type, record_type, units, usd, day.get("Estimated"))


def _of_export(
    session: boto3.Session, settings: Settings, account: str, first: date, end: date
) -> Iterator[BillRow]:
    # Importing what asks Athena takes a CPU second.
    from include.store.athena_queries import read_rows

    database, _, table = settings.bill_table.partition(".")
    if not table:
        raise SettingsError("MEDIA_LAKE_BILL_TABLE: with MEDIA_LAKE_BILL_SOURCE=cur, give database.table")
    rows = read_rows(
        session,
        settings,
        "reports/bill_of_export",
        [account, f"{first} 00:00:00", f"{end} 00:00:00"],
        {"bill_database": database, "bill_table": table},
    )
    for row in rows:
        units = float(row["units"]) if row["record_type"] in USAGE_RECORDS else 0.0
        place = row["usage_date"], row["usage_type"], row["record_type"]
        yield BillRow(*place, units, float(row["usd"]), None)
