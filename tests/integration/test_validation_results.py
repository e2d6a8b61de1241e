"""What validation found, as a reader sees it through Athena."""

from __future__ import annotations

import awswrangler as wr
import pandas as pd
import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.publish.publisher import publish
from include.store.tables import write_table
from include.validate.audit import check
from tests.integration.conftest import LocalLake
from tests.workspaces import make_workspace

pytestmark = pytest.mark.integration

DAY = "2026-03-09"


def test_a_reader_finds_the_check_that_failed_and_how_many_rows_broke_it(local_lake: LocalLake) -> None:
    table = TABLES["usage"]
    frame = pd.DataFrame({name: [None, None, None] for name in table.column_types})
    column = next(column for column in table.columns if column.minimum == 0)
    frame[column.name] = [1, -1, -2]
    s3 = local_lake.client("s3")
    run = Run(local_lake.settings.bucket, "enrich_images", "run-of-failed-checks", DAY)
    made = check(table, frame, run.run_id)
    uri = f"{run.staged_uri('validation_results', 'image')}results.parquet"
    write_table(s3, TABLES["validation_results"], made, uri)
    publish(
        make_workspace(run, local_lake.session, local_lake.settings, s3=s3), ["validation_results"], "image"
    )

    published = wr.athena.read_sql_query(
        f"""
        select table_name, expectation, column_name, success, checked_rows, unexpected_rows,
               json_extract_scalar(details, '$.kwargs.column') as checked_column
        from validation_results where dt = '{DAY}' and media_type = 'image' and run_id = '{run.run_id}'
        """,
        database=local_lake.settings.database,
        workgroup=local_lake.settings.workgroup,
        ctas_approach=False,
        boto3_session=local_lake.session,
    )

    assert len(published) == len(made)
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
