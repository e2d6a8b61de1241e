"""Tables of the lake in a Glue catalog in memory, as `python -m infrastructure` makes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from include.core.schemas import TABLES

DATABASE = "media_lake"


def create_tables(glue: Any, names: Iterable[str]) -> None:
    """Make the database and some of its tables."""
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for name in names:
        table = TABLES[name]
        columns = [{"Name": column.name, "Type": column.type} for column in table.columns]
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={
                "Name": name,
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in table.partition_keys],
                "StorageDescriptor": {"Columns": columns, "Location": f"s3://media-lake/curated/{name}/"},
            },
        )
