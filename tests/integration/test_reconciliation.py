"""The lake against the bill of the local Rekognition, and against an export, over HTTP; alerts come once."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.prices import load_price_book
from include.core.settings import Settings
from include.store.workspace import Deployment
from local.questions.written_lake import Row, WrittenLake
from media_lake.tasks.reconcile import reconcile_days, report_anomalies, report_old_price_book
from tests.integration.conftest import Endpoints, picture
from tests.workspaces import GivenClients
from tools.query import run_query

pytestmark = pytest.mark.integration

IMAGES = "USE1-Group2-ImagesProcessed"


class BilledLake(WrittenLake):
    """A lake whose usage is written, and whose calls of Rekognition the test makes."""

    def __init__(self, session: boto3.Session) -> None:
        self.name, self.session = f"bill{uuid4().hex[:12]}", session
        self.s3, self._athena = session.client("s3"), session.client("athena")
        self.s3.create_bucket(Bucket=self.name)
        session.client("glue").create_database(DatabaseInput={"Name": self.name})
        output = {"ResultConfiguration": {"OutputLocation": f"s3://{self.name}/athena/"}}
        self._athena.create_work_group(Name=self.name, Configuration=output)  # type: ignore[arg-type]
        super().__init__(self.s3, self.name, self.name, self.query)

    def query(self, sql: str) -> list[Any]:
        return list(run_query(self._athena, sql, self.name, self.name).rows)

    def deployment(self, **settings: Any) -> Deployment:
        names = {"bucket": self.name, "database": self.name, "workgroup": self.name}
        exact = {"bill_source": "cost-explorer", "bill_tolerance_usd": 0.0001, "bill_complete_after_days": 0}
        return Deployment(Settings(**{**names, **exact, **settings}), GivenClients(self.session))

    def call(self, times: int) -> None:
        """Have texts read; the bill counts them."""
        rekognition = self.session.client("rekognition")
        for number in range(times):
            rekognition.detect_text(Image={"Bytes": picture(number)})

    def use(self, images: int, at: datetime) -> None:
        """Publish as much usage of images, in place of what was there."""
        row: Row = {
            "dt": f"{at:%Y-%m-%d}",
            "at": at,
            "usage_type": IMAGES,
            "price_item": "image-group-2",
            "units": 1.0,
            "usd": 0.001,
        }
        self.insert("usage", *(row for _ in range(images)))


@pytest.fixture(scope="module")
def module_lake(endpoints: Endpoints, aws_environment: None) -> BilledLake:
    return BilledLake(boto3.Session(region_name="us-east-1"))


@pytest.fixture
def lake(module_lake: BilledLake, endpoints: Endpoints) -> Iterator[BilledLake]:
    """The lake, with nothing on the bill."""
    httpx.post(f"{endpoints.control}/_control/reset").raise_for_status()
    yield module_lake
    httpx.post(f"{endpoints.control}/_control/reset").raise_for_status()


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    sent = [record for record in caplog.records if record.levelno == logging.ERROR]
    return [record.getMessage().split(" | ")[0] for record in sent if "alert_sender" in record.name]


def test_what_rekognition_billed_agrees_and_calls_of_others_are_told_once(
    lake: BilledLake, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    lake.use(3, now)
    lake.call(3)
    assert reconcile_days(lake.deployment(), now) == {"agrees": 1, "explained": 0, "unexplained": 0}
    assert alerts(caplog) == []

    lake.call(2)
    for _ in range(2):
        found = reconcile_days(lake.deployment(), now)
        assert found == {"agrees": 0, "explained": 0, "unexplained": 1}
    assert alerts(caplog) == ["1 difference between bill and lake without a cause"]
    day = f"WHERE dt = '{now:%Y-%m-%d}'"
    columns = "usage_type, price_item, lake_units, bill_units, status, cause, round(unexplained_usd, 6)"
    rows = lake.query(f"SELECT {columns} FROM reconciliation {day}")
    assert rows == [[IMAGES, "image-group-2", 3.0, 5.0, "unexplained", None, 0.002]]
    assert lake.query(f"SELECT record_type, units, usd FROM bill_daily {day}") == [["Usage", 5.0, 0.005]]

    reconcile_days(lake.deployment(count_account_volume=True), now)
    causes = "SELECT part.cause, part.units FROM reconciliation CROSS JOIN UNNEST(causes)"
    rows = lake.query(f"{causes} AS part (cause, units, usd, reason) {day}")
    assert rows == [["other users", 2.0]]


def test_a_day_that_neither_has_any_more_loses_its_rows(lake: BilledLake, endpoints: Endpoints) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    lake.insert("usage", {"dt": f"{now:%Y-%m-%d}", "at": now, "reused": True})
    lake.call(1)
    assert sum(reconcile_days(lake.deployment(), now).values()) == 1
    httpx.post(f"{endpoints.control}/_control/reset").raise_for_status()
    assert sum(reconcile_days(lake.deployment(), now).values()) == 0
    assert lake.query("SELECT count(*) FROM reconciliation") == [[0]]


EXPORT = """
CREATE EXTERNAL TABLE `{database}`.`cur2` (
  line_item_usage_start_date timestamp, line_item_usage_account_id string, line_item_product_code string,
  line_item_usage_type string, line_item_line_item_type string, line_item_usage_amount double,
  line_item_unblended_cost double
)
STORED AS PARQUET
LOCATION 's3://{database}/billing/'
"""


def exported(hour: int, kind: str, units: float, usd: float, **more: str) -> Row:
    return {
        "line_item_usage_start_date": datetime(2026, 11, 5, hour),
        "line_item_usage_account_id": "123456789012",
        "line_item_product_code": "AmazonRekognition",
        "line_item_usage_type": IMAGES,
        "line_item_line_item_type": kind,
        "line_item_usage_amount": units,
        "line_item_unblended_cost": usd,
        **more,
    }


def test_a_bill_of_an_export_is_summed_by_day_and_kind_of_charge(lake: BilledLake) -> None:
    file = io.BytesIO()
    rows = [
        exported(9, "Usage", 4.0, 0.004),
        exported(10, "Usage", 1.0, 0.001),
        exported(0, "Credit", 5.0, -0.002),
        exported(9, "Usage", 9.0, 9.0, line_item_product_code="AmazonS3"),
        exported(9, "Usage", 9.0, 9.0, line_item_usage_account_id="210987654321"),
    ]
    schema = pa.schema([(name, pa.timestamp("ms") if "date" in name else kind) for name, kind in _KINDS])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    lake.s3.put_object(Bucket=lake.name, Key="billing/1.parquet", Body=file.getvalue())
    lake.query(EXPORT.format(database=lake.name))
    lake.use(5, datetime(2026, 11, 5, 9))
    deployment = lake.deployment(bill_source="cur", bill_table=f"{lake.name}.cur2")
    reconcile_days(deployment, datetime(2026, 11, 20, 6))
    columns = "usage_date, bill_units, round(bill_usd, 6), cause"
    assert lake.query(f"SELECT {columns} FROM reconciliation WHERE dt = '2026-11-05'") == [
        ["2026-11-05", 5.0, 0.003, "credits"]
    ]


_KINDS = [
    (name, pa.float64() if isinstance(value, float) else pa.string())
    for name, value in exported(0, "Usage", 0.0, 0.0).items()
]


def test_costly_days_and_old_price_books_are_told_once(
    lake: BilledLake, caplog: pytest.LogCaptureFixture
) -> None:
    days = [date(2025, 5, 1) + timedelta(days=number) for number in range(20)]
    row = {"dt": "2025-05-20", "cost_center": "news", "feature": "labels"}
    lake.insert(
        "costs_daily", *({**row, "usage_date": day, "usd": 9.0 if day == days[-1] else 1.0} for day in days)
    )
    lake.make_views("cost_anomalies")
    deployment = lake.deployment()
    assert [report_anomalies(deployment) for _ in range(2)] == [1, 0]
    effective = load_price_book("us-east-1").effective
    ages = (90, 91, 91)
    found = [report_old_price_book(deployment, effective + timedelta(days=age)) for age in ages]
    assert found == [0, 1, 0]
    first, second = alerts(caplog)
    assert first == "1 day of use costs much more than usual"
    assert second.startswith("price book us-east-1-")
