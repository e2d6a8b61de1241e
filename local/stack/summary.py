"""The end of a demonstration: prints rows per table, costs, and the addresses to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import boto3
import pandas as pd
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from include.core.errors import NO_OBJECT, error_code
from include.core.settings import COST_PAGE_KEY, Settings
from include.store.athena_queries import read_query
from local.stack.login import FILE, USER
from local.stack.stack_settings import StackSettings


@dataclass(frozen=True)
class Spending:
    """What some runs used.

    :param paid: number of analyses paid for.
    :param usd: price of these.
    :param reused: number of analyses reused, which had been paid for before.
    :param saved_usd: price that these would have had.
    """

    paid: int
    usd: float
    reused: int
    saved_usd: float


def spending(costs: pd.DataFrame, run_ids: set[str]) -> Spending:
    """Add up what some runs used.

    :param costs: result of ``sql/reports/run_costs.sql``.
    """
    ours = costs[costs["run_id"].isin(run_ids)]
    reused = ours["reused"].astype(bool)
    return Spending(
        paid=int(ours.loc[~reused, "analyses"].sum()),
        usd=float(ours["usd"].sum()),
        reused=int(ours.loc[reused, "analyses"].sum()),
        saved_usd=float(ours["saved_usd"].sum()),
    )


def print_summary(
    stack: StackSettings, settings: Settings, days: Sequence[date], run_ids: set[str], console: Console
) -> None:
    """Print rows, costs and addresses. Rows and costs come from queries in Athena."""
    session = boto3.Session()
    span = [str(days[0]), str(days[-1])]
    rows = read_query(session, settings, "reports/table_rows", span)
    used = spending(read_query(session, settings, "reports/run_costs", span), run_ids)
    table = Table("table", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in zip(rows["table_name"], rows["row_count"], strict=True):
        table.add_row(name, f"{count:,}")
    console.print()
    console.print(table)
    console.print(
        f"\ncost of these runs: {used.paid:,} analyses paid, ${used.usd:.4f}; "
        f"{used.reused:,} reused, which saved ${used.saved_usd:.4f}"
    )
    console.print(
        "prices are AWS's; nothing was billed: the analyses came from the local endpoint, "
        "not from Rekognition"
    )
    console.print(f"\nAirflow:    {stack.airflow_url}")
    console.print(f"log in as:  {USER}, with the password in {stack.folder / FILE}")
    if page := download_cost_page(session, settings, stack.reports):
        console.print(f"cost page:  {page.as_uri()}  ({settings.uri(COST_PAGE_KEY)})")
    console.print('tables:     make query SQL="select * from media_lake.labels limit 5"', markup=False)
    console.print('by file:    make query SQL="select * from media_lake.findings_by_file"', markup=False)


def download_cost_page(session: boto3.Session, settings: Settings, folder: Path) -> Path | None:
    """Save the cost page as a file for a browser, and return its path; None if there is no page yet."""
    try:
        page = session.client("s3").get_object(Bucket=settings.bucket, Key=COST_PAGE_KEY)["Body"].read()
    except ClientError as error:
        if error_code(error) not in NO_OBJECT:
            raise
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(COST_PAGE_KEY).name
    path.write_bytes(page)
    return path.resolve()
