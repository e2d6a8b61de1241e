"""Each role of readers can query the tables and views that are for it, and no others."""

from __future__ import annotations

import boto3
import pytest

from infrastructure.readers import Audience, people_workgroup, readable_tables, readable_views
from infrastructure.roles import role_name
from tests.integration.conftest import LocalLake
from tools.query import QueryError, run_query

pytestmark = pytest.mark.integration


def names_for(*audiences: Audience) -> set[str]:
    return {name for each in audiences for name in (*readable_tables(each), *readable_views(each))}


# What is for all is everybody's by the same two policies: its views are asked for once, which read tables.
@pytest.mark.parametrize(
    ("role", "given", "others"),
    [
        ("readers", set(readable_views("all")), names_for("people", "finance")),
        ("people-readers", names_for("people"), names_for("finance")),
        ("finance-readers", names_for("finance"), names_for("people")),
        ("quicksight", names_for("finance"), names_for("people")),
    ],
)
def test_a_role_reads_what_is_for_it_and_nothing_else(
    local_lake: LocalLake, role: str, given: set[str], others: set[str]
) -> None:
    settings = local_lake.settings
    athena = boto3.client(
        "athena",
        aws_access_key_id=role_name(settings, settings.region, role),
        aws_secret_access_key="local",
        region_name=settings.region,
    )
    workgroup = people_workgroup(settings) if role == "people-readers" else settings.workgroup
    refused = {}
    for name in given | others:
        try:
            list(run_query(athena, f"SELECT * FROM {name} LIMIT 1", settings.database, workgroup).rows)
        except QueryError as error:
            refused[name] = str(error)
    assert set(refused) == others
    assert all("is not authorized to perform: glue:GetTable" in reason for reason in refused.values())
