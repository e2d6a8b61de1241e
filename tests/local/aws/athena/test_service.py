"""Athena over HTTP: statements, files, errors."""

from __future__ import annotations

import io
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

Execute = Callable[..., dict[str, Any]]
Query = Callable[..., list[tuple[str | None, ...]]]
Client = Callable[[str], Any]


def put_parquet(
    client: Client, bucket: str, key: str, rows: list[dict[str, Any]], schema: pa.Schema | None = None
) -> int:
    """Store rows as a Parquet object; gives its size."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    client("s3").put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
    return buffer.tell()


@pytest.fixture
def labels(client: Client, bucket: str, query: Query) -> str:
    """A partitioned table with two days of data."""
    query(
        f"""
        -- findings of the day
        CREATE EXTERNAL TABLE IF NOT EXISTS labels (
          `name` string COMMENT 'what was seen',
          confidence double,
          instances array<struct<box_left:double,box_top:double>>
        )
        COMMENT 'all labels'
        PARTITIONED BY (dt string COMMENT 'day', media_type string)
        STORED AS PARQUET
        LOCATION 's3://{bucket}/labels/'
        TBLPROPERTIES ('classification' = 'parquet', 'owner' = 'media')
        """
    )
    boxes = [{"box_left": 0.5, "box_top": 0.25}, {"box_left": 0.125, "box_top": 0.75}]
    for day, names in (("2026-01-01", ["Cat", "Dog"]), ("2026-01-02", ["Car"])):
        rows = [{"name": name, "confidence": 90.5, "instances": boxes} for name in names]
        put_parquet(client, bucket, f"labels/dt={day}/media_type=image/a [1]*.parquet", rows)
    query("MSCK REPAIR TABLE labels")
    return "labels"


def test_external_table_in_glue(client: Client, database: str, labels: str) -> None:
    table = client("glue").get_table(DatabaseName=database, Name=labels)["Table"]
    assert table["Description"] == "all labels"
    assert table["Parameters"]["owner"] == "media"
    assert table["PartitionKeys"][0] == {"Name": "dt", "Type": "string", "Comment": "day"}
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "name", "Type": "string", "Comment": "what was seen"},
        {"Name": "confidence", "Type": "double"},
        {"Name": "instances", "Type": "array<struct<box_left:double,box_top:double>>"},
    ]


def test_select_over_partitions(query: Query, labels: str) -> None:
    rows = query("SELECT dt, count(*) FROM labels GROUP BY dt ORDER BY dt")
    assert rows == [("2026-01-01", "2"), ("2026-01-02", "1")]
    unnested = query(
        "SELECT l.name, i.x FROM labels l CROSS JOIN UNNEST(l.instances) AS i(x, y) "
        "WHERE dt = '2026-01-02' ORDER BY x"
    )
    assert unnested == [("Car", "0.125"), ("Car", "0.5")]
    shadowed = "WITH labels AS (SELECT * FROM labels WHERE name = 'Cat') SELECT name, media_type FROM labels"
    assert query(shadowed) == [("Cat", "image")]
    assert query(
        "SELECT name FROM labels WHERE name IN (SELECT name FROM labels WHERE dt > '2026-01-01')"
    ) == [("Car",)]


@pytest.mark.parametrize(
    "condition",
    [
        "dt = '2026-01-02'",
        "dt IN ('2026-01-02')",
        "dt > '2026-01-01' AND name <> 'x'",
        "date(dt) = date '2026-01-02'",
    ],
)
def test_partitions_are_pruned(execute: Execute, labels: str, condition: str) -> None:
    everything = execute("SELECT name FROM labels")["Statistics"]["DataScannedInBytes"]
    chosen = execute(f"SELECT name FROM labels WHERE {condition}")["Statistics"]["DataScannedInBytes"]
    assert 0 < chosen < everything
    assert execute("SELECT name FROM labels WHERE dt = 'none'")["Statistics"]["DataScannedInBytes"] == 0


def test_partitions_are_pruned_behind_views(query: Query, execute: Execute, labels: str) -> None:
    numbered = "row_number() OVER (PARTITION BY dt ORDER BY name) AS place"
    query(f"CREATE VIEW queue AS SELECT a.*, {numbered} FROM labels AS a")
    query("CREATE VIEW pairs AS SELECT a.name, b.place, a.dt FROM labels a JOIN queue b ON b.dt = a.dt")
    for view in ("queue", "pairs"):
        everything = execute(f"SELECT name FROM {view}")["Statistics"]["DataScannedInBytes"]
        nothing = execute(f"SELECT name FROM {view} WHERE dt = 'none'")["Statistics"]["DataScannedInBytes"]
        assert (everything > 0, nothing) == (True, 0)
    assert query("SELECT name, place FROM pairs WHERE dt = '2026-01-02'") == [("Car", "1")]


def test_the_path_of_a_rows_file_is_a_hidden_column(bucket: str, query: Query, labels: str) -> None:
    """As in "Getting the file locations for source data in Amazon S3", Athena user guide."""
    path = f"s3://{bucket}/labels/dt=2026-01-02/media_type=image/a [1]*.parquet"
    assert query("SELECT name, \"$path\" FROM labels WHERE dt = '2026-01-02'") == [("Car", path)]
    query('CREATE VIEW files AS SELECT dt, "$path" AS path FROM labels')
    assert query("SELECT DISTINCT path FROM files WHERE dt = '2026-01-02'") == [(path,)]
    assert query("SELECT path FROM files WHERE dt = 'none'") == []
    whole = query("SELECT * FROM labels WHERE dt = '2026-01-02'")
    assert len(whole[0]) == 5
    assert query("SELECT *, \"$path\" FROM labels WHERE dt = '2026-01-02'") == [(*whole[0], path)]
    assert query("SELECT l.*, \"$path\" FROM labels AS l WHERE dt = '2026-01-02'") == [(*whole[0], path)]


def test_outer_join_does_not_prune_the_nullable_side(query: Query, labels: str) -> None:
    rows = query(
        "SELECT a.name, b.dt FROM labels a LEFT JOIN labels b ON a.name = b.name AND b.name <> 'Cat' "
        "WHERE a.dt = '2026-01-01' AND b.dt IS NULL"
    )
    assert rows == [("Cat", None)]


def test_data_scanned_depends_on_columns(client: Client, bucket: str, query: Query, execute: Execute) -> None:
    rows = [{"small": i % 2, "large": random.randbytes(60).hex()} for i in range(20_000)]
    size = put_parquet(client, bucket, "wide/a.parquet", rows)
    query(
        "CREATE EXTERNAL TABLE wide (small int, large string) STORED AS PARQUET "
        f"LOCATION 's3://{bucket}/wide/'"
    )
    small = execute("SELECT sum(small) FROM wide")["Statistics"]["DataScannedInBytes"]
    large = execute("SELECT max(length(large)), sum(small) FROM wide")["Statistics"]["DataScannedInBytes"]
    assert 0 < small < size / 10
    assert size * 0.9 < large < size * 1.2


def test_location_swap(client: Client, bucket: str, database: str, query: Query, labels: str) -> None:
    put_parquet(
        client, bucket, "runs/2/part.parquet", [{"name": "Horse", "confidence": 1.0, "instances": []}]
    )
    query(
        "ALTER TABLE labels PARTITION (dt = '2026-01-01', media_type = 'image') "
        f"SET LOCATION 's3://{bucket}/runs/2/'"
    )
    assert query("SELECT name FROM labels WHERE dt = '2026-01-01'") == [("Horse",)]
    glue = client("glue")
    key = {"DatabaseName": database, "TableName": "labels"}
    values = ["2026-01-01", "image"]
    partition = glue.get_partition(**key, PartitionValues=values)["Partition"]
    storage = partition["StorageDescriptor"] | {
        "Location": f"s3://{bucket}/labels/dt=2026-01-01/media_type=image/"
    }
    glue.update_partition(
        **key, PartitionValueList=values, PartitionInput={"Values": values, "StorageDescriptor": storage}
    )
    assert query("SELECT name FROM labels WHERE dt = '2026-01-01' ORDER BY 1") == [("Cat",), ("Dog",)]


def test_partition_statements(bucket: str, query: Query, execute: Execute, labels: str) -> None:
    added = (
        f"ALTER TABLE labels ADD IF NOT EXISTS PARTITION (dt='2026-01-02', media_type='image') "
        f"PARTITION (dt='2026-01-03', media_type='image') LOCATION 's3://{bucket}/elsewhere/'"
    )
    query(added)
    expected = [(f"dt=2026-01-0{day}/media_type=image",) for day in (1, 2, 3)]
    assert query("SHOW PARTITIONS labels") == expected
    again = execute("ALTER TABLE labels ADD PARTITION (dt='2026-01-03', media_type='image')")
    assert again["Status"]["State"] == "FAILED"
    assert "AlreadyExists" in again["Status"]["StateChangeReason"]
    query("ALTER TABLE labels DROP PARTITION (dt='2026-01-03', media_type='image')")
    assert query("SHOW PARTITIONS labels") == expected[:2]
    assert (
        execute("ALTER TABLE labels DROP PARTITION (dt='x', media_type='y')")["Status"]["State"] == "FAILED"
    )
    query("ALTER TABLE labels DROP IF EXISTS PARTITION (dt='x', media_type='y')")
    partial = execute("ALTER TABLE labels ADD PARTITION (dt='2026-01-04')")
    assert "does not name all" in partial["Status"]["StateChangeReason"]


def test_show_and_describe(database: str, query: Query, labels: str) -> None:
    assert (database,) in query("SHOW DATABASES")
    assert query("SHOW TABLES") == [("labels",)]
    assert query(f"SHOW TABLES IN {database} 'x*'") == []
    described = [tuple((cell or "").strip() for cell in row) for row in query("DESCRIBE labels")]
    assert described[0] == ("name", "string", "what was seen")
    assert ("dt", "string", "day") in described
    created = "\n".join(row[0] or "" for row in query("SHOW CREATE TABLE labels"))
    assert "`name` string COMMENT 'what was seen'" in created
    assert "PARTITIONED BY" in created


def test_shown_table_can_be_created_again(query: Query, labels: str) -> None:
    created = "\n".join(row[0] or "" for row in query("SHOW CREATE TABLE labels"))
    query("DROP TABLE labels")
    query(created)
    query("MSCK REPAIR TABLE labels")
    assert query("SELECT count(*) FROM labels") == [("3",)]


def test_database_statements(client: Client, query: Query, execute: Execute, database: str) -> None:
    name = database + "_x"
    query(f"CREATE DATABASE IF NOT EXISTS {name} COMMENT 'a lake' LOCATION 's3://b/lake/'")
    found = client("athena").get_database(CatalogName="AwsDataCatalog", DatabaseName=name)["Database"]
    assert found["Description"] == "a lake"
    assert "ALREADY_EXISTS" in execute(f"CREATE DATABASE {name}")["Status"]["StateChangeReason"]
    query(f"CREATE EXTERNAL TABLE {name}.t (a int) STORED AS PARQUET LOCATION 's3://b/t/'")
    assert "not empty" in execute(f"DROP DATABASE {name}")["Status"]["StateChangeReason"]
    query(f"DROP DATABASE {name} CASCADE")
    assert (name,) not in query("SHOW DATABASES")
    query(f"DROP DATABASE IF EXISTS {name}")
    assert execute(f"DROP DATABASE {name}")["Status"]["State"] == "FAILED"


def test_views(client: Client, database: str, query: Query, execute: Execute, labels: str) -> None:
    query("CREATE VIEW cats AS SELECT name, confidence, dt FROM labels WHERE name = 'Cat'")
    query("CREATE OR REPLACE VIEW best AS SELECT upper(name) AS loud, dt FROM cats WHERE confidence > 1")
    assert query("SELECT loud FROM best b WHERE b.dt = '2026-01-01'") == [("CAT",)]
    stored = client("glue").get_table(DatabaseName=database, Name="best")["Table"]
    assert stored["TableType"] == "VIRTUAL_VIEW"
    assert stored["ViewOriginalText"].startswith("/* Presto View: ")
    assert stored["StorageDescriptor"]["Columns"] == [
        {"Name": "loud", "Type": "string"},
        {"Name": "dt", "Type": "string"},
    ]
    assert "already exists" in execute("CREATE VIEW cats AS SELECT 1 AS x")["Status"]["StateChangeReason"]
    query("CREATE OR REPLACE VIEW cats AS SELECT 'Tiger' AS name, 2.0 AS confidence, '2026-01-01' AS dt")
    assert query("SELECT loud FROM best") == [("TIGER",)]
    query("DROP VIEW best")
    assert query("SHOW VIEWS") == [("cats",)]
    assert wr.catalog.get_table_types(database=database, table="cats") == {
        "name": "string",
        "confidence": "decimal(2,1)",
        "dt": "string",
    }


def test_empty_table_has_types(
    client: Client, bucket: str, query: Query, execute: Execute, database: str
) -> None:
    columns = (
        "s string, i int, l bigint, d double, b boolean, t timestamp, y date, m decimal(10,2), "
        "a array<struct<x:double,y:double>>, r struct<k:string>"
    )
    types = [
        "varchar",
        "integer",
        "bigint",
        "double",
        "boolean",
        "timestamp",
        "date",
        "decimal",
        "array",
        "row",
    ]
    query(f"CREATE EXTERNAL TABLE plain ({columns}) STORED AS PARQUET LOCATION 's3://{bucket}/none/'")
    query(
        f"CREATE EXTERNAL TABLE parted ({columns}) PARTITIONED BY (dt string) STORED AS PARQUET "
        f"LOCATION 's3://{bucket}/no/'"
    )
    for table, expected in (("plain", types), ("parted", [*types, "varchar"])):
        execution = execute(f"SELECT * FROM {table}")
        assert execution["Status"]["State"] == "SUCCEEDED"
        results = client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])[
            "ResultSet"
        ]
        assert [column["Type"] for column in results["ResultSetMetadata"]["ColumnInfo"]] == expected
        assert len(results["Rows"]) == 1
    assert query("SELECT count(*), sum(i) FROM parted") == [("0", None)]


def test_values_of_all_types(client: Client, bucket: str, query: Query) -> None:
    schema = pa.schema(
        [
            ("s", pa.string()),
            ("i", pa.int32()),
            ("d", pa.float64()),
            ("b", pa.bool_()),
            ("t", pa.timestamp("ms")),
            ("y", pa.date32()),
            ("m", pa.decimal128(10, 2)),
            ("a", pa.list_(pa.struct([("x", pa.float64())]))),
        ]
    )
    moment = pd.Timestamp("2026-01-02 03:04:05.678").to_pydatetime()
    row = {
        "s": 'a "b",\n',
        "i": 1,
        "d": 1e-5,
        "b": True,
        "t": moment,
        "y": moment.date(),
        "m": 3,
        "a": [{"x": 0.5}],
    }
    put_parquet(client, bucket, "all/a.parquet", [row, {}, {"s": ""}], schema)
    query(
        "CREATE EXTERNAL TABLE everything (s string, i bigint, d double, b boolean, t timestamp, y date, "
        "m decimal(10,2), a array<struct<x:double,z:string>>, missing string) STORED AS PARQUET "
        f"LOCATION 's3://{bucket}/all/'"
    )
    full, empty, blank = query("SELECT * FROM everything")
    assert full == (
        'a "b",\n',
        "1",
        "1.0E-5",
        "true",
        "2026-01-02 03:04:05.678",
        "2026-01-02",
        "3.00",
        "[{x=0.5, z=null}]",
        None,
    )
    assert empty == (None,) * 9
    assert blank[:2] == ("", None)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog."),
        ("SELECT * FROM nowhere.nothing", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does not exist"),
        (
            "SELECT name,\n  colour FROM labels",
            "COLUMN_NOT_FOUND: line 2:3: Column 'colour' cannot be resolved",
        ),
        ("SELECT l.colour FROM labels l", "COLUMN_NOT_FOUND: line 1:10: Column 'colour' cannot be resolved"),
        ("SELECT nosuch(name) FROM labels", "FUNCTION_NOT_FOUND: line 1:8: Function 'nosuch' not registered"),
        ("SELECT name, count(*) FROM labels", "EXPRESSION_NOT_AGGREGATE: line 1:8"),
        ("SELECT cast(name AS integer) FROM labels", "INVALID_CAST_ARGUMENT: "),
        ("DROP TABLE nothing", "FAILED: SemanticException [Error 10001]: Table not found"),
        ("CREATE EXTERNAL TABLE t (a strin) STORED AS PARQUET LOCATION 's3://b/'", "ParseException"),
        ("CREATE TABLE labels AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS"),
    ],
)
def test_failures_say_why(execute: Execute, client: Client, labels: str, sql: str, reason: str) -> None:
    execution = execute(sql)
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"].startswith(reason)
    assert execution["Status"]["AthenaError"]["ErrorMessage"] == execution["Status"]["StateChangeReason"]
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "mismatched input"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("CREATE NONSENSE x", "mismatched input"),
        ("-- nothing", "EOF"),
        ("SELECT 'open", "line 1"),
    ],
)
def test_malformed_statements_are_refused(execute: Execute, sql: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        execute(sql)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_bad_requests(client: Client, bucket: str, execute: Execute) -> None:
    athena = client("athena")
    for call, message in (
        (lambda: athena.get_query_execution(QueryExecutionId="x"), "was not found"),
        (lambda: athena.start_query_execution(QueryString="SELECT 1"), "No output location"),
        (lambda: execute("SELECT 1", WorkGroup="none"), "WorkGroup none is not found"),
        (
            lambda: athena.get_table_metadata(CatalogName="c", DatabaseName="d", TableName="t"),
            "Data catalog c was not found",
        ),
    ):
        with pytest.raises(ClientError, match=message):
            call()


def test_token_makes_a_start_idempotent(execute: Execute) -> None:
    token = "t" * 40
    first = execute("SELECT 1", ClientRequestToken=token)
    assert execute("SELECT 1", ClientRequestToken=token)["QueryExecutionId"] == first["QueryExecutionId"]
    with pytest.raises(ClientError, match="Idempotent parameters"):
        execute("SELECT 2", ClientRequestToken=token)


def test_workgroup_location_and_listing(client: Client, bucket: str, execute: Execute) -> None:
    athena = client("athena")
    athena.create_work_group(
        Name=bucket,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/own/"},
            "EnforceWorkGroupConfiguration": True,
        },
    )
    execution = execute("SELECT 1", WorkGroup=bucket)
    assert (
        execution["ResultConfiguration"]["OutputLocation"]
        == f"s3://{bucket}/own/{execution['QueryExecutionId']}.csv"
    )
    assert athena.list_query_executions(WorkGroup=bucket)["QueryExecutionIds"] == [
        execution["QueryExecutionId"]
    ]
    both = athena.batch_get_query_execution(QueryExecutionIds=[execution["QueryExecutionId"], "x"])
    assert len(both["QueryExecutions"]) == len(both["UnprocessedQueryExecutionIds"]) == 1


def test_result_pages(client: Client, execute: Execute, query: Query) -> None:
    sql = "SELECT x, if(x % 2 = 0, '') AS y FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x"
    rows = query(sql)
    assert len(rows) == 2500
    assert rows[0] == ("1", None)
    assert rows[-1] == ("2500", "")
    execution = execute(sql)
    page = client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"], MaxResults=1)
    assert page["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "x"}, {"VarCharValue": "y"}]}]
    assert "NextToken" in page


def test_parameters(query: Query, labels: str) -> None:
    sql = "SELECT name FROM labels WHERE dt = ? AND name = ?"
    assert query(sql, ExecutionParameters=["'2026-01-01'", "'Dog'"]) == [("Dog",)]


def test_stop(client: Client, bucket: str, query: Query) -> None:
    athena = client("athena")
    started = athena.start_query_execution(
        QueryString="SELECT count(*) FROM UNNEST(sequence(1, 3000000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 3000000)) AS b(y) WHERE x % 7 = y % 11",
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/"},
    )["QueryExecutionId"]
    time.sleep(0.3)
    athena.stop_query_execution(QueryExecutionId=started)
    assert (
        athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
        == "CANCELLED"
    )
    begun = time.monotonic()
    assert query("SELECT 1") == [("1",)]
    assert time.monotonic() - begun < 5


def test_queries_at_the_same_time_do_not_mix(execute: Execute, query: Query, labels: str) -> None:
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        found[number] = query(f"SELECT {number}, count(*) FROM labels")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [(str(number), "3")] for number in range(8)}


def test_text_formats(client: Client, bucket: str, query: Query) -> None:
    client("s3").put_object(Bucket=bucket, Key="csv/a.csv", Body=b'id,name\n1,"a, b"\n2,c\n')
    query(
        "CREATE EXTERNAL TABLE texts (id int, name string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{bucket}/csv/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    assert query("SELECT * FROM texts ORDER BY id") == [("1", "a, b"), ("2", "c")]
    lines = [json.dumps({"id": n, "tags": ["x"] * n}) for n in (1, 2)]
    client("s3").put_object(Bucket=bucket, Key="json/a.json", Body="\n".join(lines).encode())
    query(
        "CREATE EXTERNAL TABLE documents (id int, tags array<string>) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{bucket}/json/'"
    )
    assert query("SELECT id, cardinality(tags) FROM documents ORDER BY id") == [("1", "1"), ("2", "2")]


def test_writing_statements(client: Client, bucket: str, query: Query, execute: Execute, labels: str) -> None:
    ctas = execute(
        f"CREATE TABLE copy WITH (format = 'PARQUET', external_location = 's3://{bucket}/copy/', "
        "partitioned_by = ARRAY['dt']) AS SELECT name, sum(1) AS n, dt FROM labels GROUP BY name, dt"
    )
    assert ctas["Status"]["State"] == "SUCCEEDED", ctas["Status"]
    assert query("SELECT name, n, dt FROM copy ORDER BY name") == [
        ("Car", "1", "2026-01-02"),
        ("Cat", "1", "2026-01-01"),
        ("Dog", "1", "2026-01-01"),
    ]
    manifest = ctas["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{bucket}/")
    assert len(client("s3").get_object(Bucket=bucket, Key=manifest)["Body"].read().splitlines()) == 2
    query("INSERT INTO copy SELECT 'New', 5, '2026-01-09'")
    query("INSERT INTO copy (dt, name) VALUES ('2026-01-09', 'Newer')")
    assert query("SELECT name, n FROM copy WHERE dt = '2026-01-09' ORDER BY n") == [
        ("New", "5"),
        ("Newer", None),
    ]
    unload = (
        f"UNLOAD (SELECT name, dt FROM labels) TO 's3://{bucket}/out/' "
        "WITH (format = 'PARQUET', compression = 'SNAPPY')"
    )
    query(unload)
    assert len(wr.s3.read_parquet(f"s3://{bucket}/out/")) == 3
    assert execute(unload)["Status"]["StateChangeReason"].startswith("HIVE_PATH_ALREADY_EXISTS")
    query("CREATE TABLE shape AS SELECT name FROM labels WITH NO DATA")
    assert query("SELECT * FROM shape") == []


@pytest.mark.parametrize(
    "mode",
    [{"ctas_approach": True}, {"ctas_approach": False, "unload_approach": True}, {"ctas_approach": False}],
)
def test_awswrangler_reads(bucket: str, database: str, labels: str, mode: dict[str, bool]) -> None:
    output = f"s3://{bucket}/read{len(mode)}/"
    frame = wr.athena.read_sql_query(
        "SELECT name, confidence, dt, cast(1 AS bigint) AS n, timestamp '2026-01-02 03:04:05' AS t "
        "FROM labels WHERE dt = :day ORDER BY name",
        database=database,
        params={"day": "2026-01-01"},
        s3_output=output,
        **mode,
    )
    assert list(frame["name"]) == ["Cat", "Dog"]
    assert frame["confidence"].tolist() == [90.5, 90.5]
    assert frame["n"].astype(int).sum() == 2
    assert frame["t"].iloc[0] == pd.Timestamp("2026-01-02 03:04:05")
    chunks = list(
        wr.athena.read_sql_query(
            "SELECT name FROM labels", database=database, s3_output=output + "chunks/", chunksize=2, **mode
        )
    )
    assert sum(map(len, chunks)) == 3
    assert max(map(len, chunks)) <= 2


def test_awswrangler_writes(bucket: str, database: str, query: Query) -> None:
    frame = pd.DataFrame({"id": [1, 2], "tags": [["a"], []], "dt": ["2026-01-01", "2026-01-02"]})
    for mode in ("overwrite_partitions", "overwrite_partitions", "append"):
        wr.s3.to_parquet(
            frame,
            path=f"s3://{bucket}/lake/",
            dataset=True,
            database=database,
            table="lake",
            partition_cols=["dt"],
            mode=mode,
            dtype={"id": "bigint", "tags": "array<string>"},
        )
    assert query("SELECT id, dt, tags FROM lake WHERE dt < '2026-01-02'") == [("1", "2026-01-01", "[a]")] * 2
    described = wr.athena.describe_table(table="lake", database=database, s3_output=f"s3://{bucket}/d/")
    assert list(described["Column Name"]) == ["id", "tags", "dt"]
    wr.athena.repair_table(table="lake", database=database, s3_output=f"s3://{bucket}/d/")


def test_a_workgroup_is_described_and_one_that_is_missing_is_refused(client: Any, bucket: str) -> None:
    athena = client("athena")
    location = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"}}
    athena.create_work_group(Name=bucket, Configuration=location)
    found = athena.get_work_group(WorkGroup=bucket)["WorkGroup"]
    assert (found["Name"], found["State"]) == (bucket, "ENABLED")
    with pytest.raises(ClientError, match="WorkGroup missing is not found") as error:
        athena.get_work_group(WorkGroup="missing")
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
