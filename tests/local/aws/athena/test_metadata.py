"""What drivers ask of the catalog: data catalogs, databases, tables, workgroups, engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyathena.util import PATTERN_METADATA_SERVICE_ERROR

from tests.local.aws.athena.checked_calls import CheckedCalls

pytestmark = pytest.mark.integration

Query = Callable[..., list[tuple[str | None, ...]]]
IN_GLUE = {"CatalogName": "AwsDataCatalog"}


def test_catalogs_and_engines_are_described(call: CheckedCalls) -> None:
    [catalog] = call("ListDataCatalogs")["DataCatalogsSummary"]
    assert call("GetDataCatalog", Name=catalog["CatalogName"])["DataCatalog"]["Type"] == "GLUE"
    assert call.error("GetDataCatalog", Name="mysql")[1] == "Data catalog mysql was not found"
    effective = {
        version["EffectiveEngineVersion"] for version in call("ListEngineVersions")["EngineVersions"]
    }
    assert effective == {"Athena engine version 3"}


def test_tables_are_listed_by_an_expression(call: CheckedCalls, database: str, query: Query) -> None:
    for name in ("labels", "label_counts", "faces"):
        query(f"CREATE VIEW {name} AS SELECT 1 AS a")
    in_database = {**IN_GLUE, "DatabaseName": database}
    first = call("ListTableMetadata", **in_database, Expression="label.*", MaxResults=1)
    rest = call("ListTableMetadata", **in_database, Expression="label.*", NextToken=first["NextToken"])
    found = [table["Name"] for page in (first, rest) for table in page["TableMetadataList"]]
    assert sorted(found) == ["label_counts", "labels"]
    assert call("GetDatabase", **in_database)["Database"]["Name"] == database
    assert database in [item["Name"] for item in call("ListDatabases", **IN_GLUE)["DatabaseList"]]
    assert call.error("ListTableMetadata", **in_database, Expression="(")[0] == "InvalidRequestException"


def test_what_is_missing_is_said_as_drivers_parse_it(call: CheckedCalls, database: str) -> None:
    for operation, request in (
        ("GetTableMetadata", {"DatabaseName": database, "TableName": "none"}),
        ("GetTableMetadata", {"DatabaseName": "none", "TableName": "none"}),
        ("GetDatabase", {"DatabaseName": "none"}),
        ("ListTableMetadata", {"DatabaseName": "none"}),
    ):
        code, message = call.error(operation, **IN_GLUE, **request)
        parsed = PATTERN_METADATA_SERVICE_ERROR.search(message)
        assert (code, parsed and parsed[1]) == ("MetadataException", "EntityNotFoundException")


def test_sqlalchemy_reflects_a_lake(bucket: str, database: str, query: Query) -> None:
    import sqlalchemy

    query(
        "CREATE EXTERNAL TABLE labels (name string COMMENT 'what', confidence double) "
        f"PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://{bucket}/labels/'"
    )
    query("ALTER TABLE labels ADD PARTITION (dt = '2026-01-01')")
    query("INSERT INTO labels VALUES ('Cat', 99.5, '2026-01-01')")
    engine = sqlalchemy.create_engine(
        f"awsathena+rest://local:local@athena.us-east-1.amazonaws.com:443/{database}"
        f"?s3_staging_dir=s3://{bucket}/results/&poll_interval=0.02"
    )
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_table_names() == ["labels"]
    assert not inspector.has_table("none")
    table = sqlalchemy.Table("labels", sqlalchemy.MetaData(schema=database), autoload_with=engine)
    assert [column.name for column in table.columns] == ["name", "confidence", "dt"]
    with engine.connect() as connection:
        asked = sqlalchemy.select(table.c.name, table.c.confidence).where(table.c.dt == "2026-01-01")
        assert connection.execute(asked).all() == [("Cat", 99.5)]
    engine.dispose()


def test_a_workgroup_is_updated(call: CheckedCalls, client: Callable[[str], Any], bucket: str) -> None:
    results = {"OutputLocation": f"s3://{bucket}/a/", "ExpectedBucketOwner": "123456789012"}
    client("athena").create_work_group(Name=bucket, Configuration={"ResultConfiguration": results})
    call(
        "UpdateWorkGroup",
        WorkGroup=bucket,
        Description="analysts",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfigurationUpdates": {
                "OutputLocation": f"s3://{bucket}/b/",
                "RemoveExpectedBucketOwner": True,
            },
        },
    )
    found = call("GetWorkGroup", WorkGroup=bucket)["WorkGroup"]
    assert (found["Description"], found["Configuration"]["EnforceWorkGroupConfiguration"]) == (
        "analysts",
        True,
    )
    assert found["Configuration"]["ResultConfiguration"] == {"OutputLocation": f"s3://{bucket}/b/"}
    assert call.error("UpdateWorkGroup", WorkGroup="none")[1] == "WorkGroup none is not found."
    assert bucket in [group["Name"] for group in call("ListWorkGroups")["WorkGroups"]]


def test_named_queries_are_kept_by_workgroup(call: CheckedCalls) -> None:
    asked = {"Name": "cats", "Database": "media_lake", "QueryString": "SELECT 1"}
    token = "t" * 32
    query_id = call("CreateNamedQuery", **asked, ClientRequestToken=token)["NamedQueryId"]
    assert call("CreateNamedQuery", **asked, ClientRequestToken=token)["NamedQueryId"] == query_id
    call("UpdateNamedQuery", NamedQueryId=query_id, Name="dogs", QueryString="SELECT 2")
    found = call("GetNamedQuery", NamedQueryId=query_id)["NamedQuery"]
    assert (found["Name"], found["QueryString"], found["WorkGroup"]) == ("dogs", "SELECT 2", "primary")
    both = call("BatchGetNamedQuery", NamedQueryIds=[query_id, "none"])
    assert [item["NamedQueryId"] for item in both["UnprocessedNamedQueryIds"]] == ["none"]
    assert both["NamedQueries"] == [found]
    assert query_id in call("ListNamedQueries")["NamedQueryIds"]
    call("DeleteNamedQuery", NamedQueryId=query_id)
    assert call.error("GetNamedQuery", NamedQueryId=query_id)[0] == "InvalidRequestException"


def test_statistics_of_a_query_are_found(call: CheckedCalls, execute: Callable[..., dict[str, Any]]) -> None:
    execution = execute("SELECT x FROM UNNEST(sequence(1, 3)) AS t(x)")
    found = call("GetQueryRuntimeStatistics", QueryExecutionId=execution["QueryExecutionId"])
    assert found["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 3
    assert call("GetQueryExecution", QueryExecutionId=execution["QueryExecutionId"])
    assert "was not found" in call.error("GetQueryRuntimeStatistics", QueryExecutionId="none")[1]
