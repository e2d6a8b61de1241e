"""Read the result of a query of ``sql/`` through Athena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import awswrangler as wr
import boto3
import pandas as pd

from include.core.settings import Settings
from include.store.objects import Row
from include.store.sql import load_sql


def read_query(
    session: boto3.Session,
    settings: Settings,
    name: str,
    parameters: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Run a query of ``sql/`` and return its result.

    :param name: path below ``sql/`` without its ending, such as ``reports/month_to_date_units``.
    :param parameters: strings for the query's ``?`` placeholders, in order; they travel apart from the query.
    :param names: of the query's placeholders; None for the lake's database alone.
    """
    return wr.athena.read_sql_query(
        load_sql(name, **(names or {"database": settings.database})),
        database=settings.database,
        workgroup=settings.workgroup,
        ctas_approach=False,
        params=[_literal(value) for value in parameters] or None,
        paramstyle="qmark",
        boto3_session=session,
    )


def read_rows(
    session: boto3.Session,
    settings: Settings,
    name: str,
    parameters: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
) -> list[Row]:
    """Run a query as :func:`read_query` does and return its rows; what is null is None."""
    frame = read_query(session, settings, name, parameters, names).astype(object)
    columns = [str(column) for column in frame.columns]
    rows = frame.where(frame.notna(), None).itertuples(index=False, name=None)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _literal(value: str) -> str:
    """Quote an execution parameter: Athena takes each as a literal of its SQL."""
    return "'" + value.replace("'", "''") + "'"
