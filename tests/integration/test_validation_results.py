"""What validation found, as a reader sees it through Athena."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import awswrangler as wr
import pyarrow as pa
import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.publish.check_results import publish_results
from include.store.parquet import file_schema
from include.validate.column_rules import check
from tests.integration.conftest import LocalLake
from tests.workspaces import make_workspace

pytestmark = pytest.mark.integration

DAY = "2026-03-09"
CHECKED_AT = datetime(2026, 3, 10, 5, tzinfo=UTC)


def test_a_reader_finds_the_check_that_failed_and_how_many_rows_broke_it(local_lake: LocalLake) -> None:
    table = TABLES["usage"]
    column = next(column for column in table.columns if column.minimum == 0)
    schema = pa.schema([(each.name, each.type) for each in file_schema(table)])
    values = {name: [1, -1, -2] if name == column.name else [None] * 3 for name in table.column_types}
    run = Run(local_lake.settings.bucket, "enrich_images", "run-of-failed-checks", DAY)
    results = check(table, pa.table(values, schema))
    # An audit of another run, and one that is repeated: the other's results stay, the repeated one's once.
    for each in (run, replace(run, run_id="another-run"), run):
        workspace = make_workspace(each, local_lake.session, local_lake.settings)
        made = [result.to_row(each.run_id, {}) for result in results]
        failures = [row for result in results for row in result.failures(each.run_id)]
        publish_results(workspace, "image", made, failures, CHECKED_AT)

    published = wr.athena.read_sql_query(
        f"""
        select run_id, table_name, expectation, column_name, success, checked_rows, unexpected_rows,
               json_extract_scalar(details, '$.kwargs.column') as checked_column
        from validation_results where dt = '{DAY}' and media_type = 'image'
        """,
        database=local_lake.settings.database,
        workgroup=local_lake.settings.workgroup,
        ctas_approach=False,
        boto3_session=local_lake.session,
    )

    assert published["run_id"].value_counts().to_dict() == {run.run_id: len(made), "another-run": len(made)}
    published = published[published["run_id"] == run.run_id]
    assert (published["table_name"] == table.name).all()
    bounds = published[
        (published["expectation"] == "expect_column_values_to_be_between")
        & (published["column_name"] == column.name)
    ]
    (bound,) = bounds.to_dict("records")
    assert not bound["success"]
    assert (bound["checked_rows"], bound["unexpected_rows"]) == (3, 2)
    named = published.dropna(subset=["column_name"])
    assert len(named) > 0
    assert (named["checked_column"] == named["column_name"]).all()

    failed = wr.athena.read_sql_query(
        f"""
        select value from validation_failures
        where dt = '{DAY}' and run_id = '{run.run_id}' and column_name = '{column.name}'
        """,
        database=local_lake.settings.database,
        workgroup=local_lake.settings.workgroup,
        ctas_approach=False,
        boto3_session=local_lake.session,
    )
    assert sorted(failed["value"]) == ["-1.0", "-2.0"]
