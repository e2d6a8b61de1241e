"""``python -m tools.check_lake`` against the local endpoint: what lacks, and what would cost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.analyze.image_analyzer import ImageAnalyzer
from include.core.lake import Lake
from include.core.schemas import TABLES
from include.core.settings import load_settings
from include.plan.planner import plan
from include.store.plan_batches import read_plan
from local.stack.people import index_people
from tests.integration.conftest import LocalLake, paces
from tests.integration.enriched_days import BOOK, Days
from tools.check_lake import main

pytestmark = pytest.mark.integration

COLLECTION = "staff"
MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/one/1577836800000"
FAR_MODEL = MODEL.replace("us-east-1", "eu-west-1")
DAY, NEXT_DAY = "2026-08-01", "2026-08-02"

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def bucket(local_lake: LocalLake) -> str:
    """A bucket of the test's own."""
    name = f"check-{uuid.uuid4().hex[:12]}"
    local_lake.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def check(
    local_lake: LocalLake,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Check]:
    """Check a lake whose bucket is the test's own; returns the exit status and what was printed."""
    local_lake.client("rekognition").create_collection(CollectionId=COLLECTION)
    monkeypatch.setenv("MEDIA_LAKE_BUCKET", bucket)

    def run(source: dict[str, Any] | Lake | None = None, /, **settings: str) -> tuple[int, str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"MEDIA_LAKE_{name.upper()}", value)
        load_settings.cache_clear()
        status = main([str(written(tmp_path, source or {}))])
        return status, capsys.readouterr().out

    yield run
    load_settings.cache_clear()


def written(folder: Path, lake: dict[str, Any] | Lake) -> Path:
    """Write a file with one source, whose members are given, or a lake as it is."""
    if isinstance(lake, Lake):
        content = lake.model_dump(mode="json", exclude_unset=True)
    else:
        first = {"name": "one", "prefix": "raw/one/", "cost_center": "team"}
        source = first | {"features": {"image": ["labels"]}} | lake
        content = {"cost_centers": {"team": {"title": "Team"}}, "sources": [source]}
    path = folder / "lake.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def wrong_lines(text: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith("  wrong")]


@pytest.fixture
def role(local_lake: LocalLake) -> Iterator[str]:
    """A role that Rekognition may assume."""
    iam, name = local_lake.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    yield iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("rekognition.amazonaws.com"))["Role"][
        "Arn"
    ]
    iam.delete_role(RoleName=name)


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def reports_to(local_lake: LocalLake, bucket: str, queue: str) -> None:
    local_lake.client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{queue}", "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )


def test_nothing_is_wrong_with_a_lake_that_has_what_it_names(
    check: Check, local_lake: LocalLake, bucket: str, role: str
) -> None:
    reports_to(local_lake, bucket, local_lake.settings.events_queue)
    features = {"image": ["labels", {"face_search": {"CollectionId": COLLECTION}}], "video": ["segments"]}
    status, text = check({"discovery": "events", "features": features}, jobs_role_arn=role)
    assert wrong_lines(text) == []
    assert "not checked" not in text
    assert status == 0
    for subject in (
        f"ok           bucket {bucket}: can be listed, in us-east-1",
        "ok           ledger media-lake-ledger: ",
        "ok           workgroup media-lake: ",
        "ok           database media_lake: has all tables, with the columns of this version",
        "ok           queue media-lake-events: ",
        f"ok           events of {bucket}: ",
        "ok           topic AmazonRekognitionMediaLakeJobs: ",
        "ok           queue media-lake-jobs: ",
        f"ok           role {role.rsplit('/', 1)[1]}: ",
        "ok           collection staff: exists",
    ):
        assert subject in text
    assert "no day was discovered yet" in text
    assert not local_lake.billed()


def test_the_shipped_lake_is_right_on_the_stack_after_the_demo(
    local_lake: LocalLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index_people(local_lake.client("rekognition"), local_lake.lake.sources[0])
    monkeypatch.setenv("MEDIA_LAKE_SIMULATED", "true")
    load_settings.cache_clear()
    assert main(["--days", "0"]) == 0
    text = capsys.readouterr().out
    assert "model arn:aws:rekognition:us-east-1:123456789012:project/sample-logos/" in text
    assert "not checked" not in text
    load_settings.cache_clear()


VIDEO = {"features": {"video": ["segments"]}}
MISSING_ROLE = "arn:aws:iam::123456789012:role/none"
FOREIGN_ROLE = "arn:aws:iam::210987654321:role/r"
ALERTS = "arn:aws:sns:us-east-1:123456789012:none"


@pytest.mark.parametrize(
    ("source", "settings", "sentences"),
    [
        (
            {
                "bucket": "not-there",
                "features": {
                    "image": [
                        {"face_search": {"CollectionId": "nobody"}},
                        {"custom_labels": {"ProjectVersionArn": MODEL}},
                    ],
                    "video": ["segments"],
                },
            },
            {
                "alerts_topic": ALERTS,
                "bucket": "not-there-2",
                "database": "none",
                "jobs_role_arn": FOREIGN_ROLE,
                "jobs_topic": "none",
                "ledger_table": "none",
                "workgroup": "none",
            },
            [
                "bucket not-there-2: does not exist; run python -m infrastructure",
                "bucket not-there: does not exist; make it, or correct its name in lake.yaml",
                "ledger none: does not exist; run python -m infrastructure",
                "workgroup none: does not exist; run python -m infrastructure",
                "database none: does not exist; run python -m infrastructure",
                "topic none: does not exist; run python -m infrastructure",
                "queue media-lake-jobs: has a policy that lets no messages of arn:aws:sns:us-east-1:",
                "role r: is of account 210987654321, but the credentials are of 123456789012; set",
                f"topic {ALERTS}: does not exist; make it, or correct MEDIA_LAKE_ALERTS_TOPIC",
                "collection nobody: does not exist; make it in us-east-1 and put faces into it",
                f"model {MODEL}: does not exist; train it, or correct ProjectVersionArn",
            ],
        ),
        (
            {
                "discovery": "events",
                "features": {
                    "image": [{"custom_labels": {"ProjectVersionArn": FAR_MODEL}}],
                    "video": ["segments"],
                },
            },
            {"events_queue": "none", "jobs_queue": "none-2", "jobs_role_arn": MISSING_ROLE},
            [
                "queue none: does not exist; run python -m infrastructure",
                "events of check-",
                "topic AmazonRekognitionMediaLakeJobs: does not report to the queue none-2; run python",
                "queue none-2: does not exist; run python -m infrastructure",
                "role none: does not exist; make a role that Rekognition may assume",
                f"model {FAR_MODEL}: is in eu-west-1, but Rekognition is asked in us-east-1; name a model of",
            ],
        ),
    ],
)
def test_whatever_is_missing_is_named_with_what_to_do(
    check: Check, source: dict[str, Any], settings: dict[str, str], sentences: list[str]
) -> None:
    status, text = check(source, **settings)
    assert status == 1
    found = wrong_lines(text)
    assert [line[: len(words)] for line, words in zip(found, sentences, strict=True)] == sentences


def test_media_in_another_region_are_named(check: Check, local_lake: LocalLake) -> None:
    name = f"far-{uuid.uuid4().hex[:12]}"
    local_lake.session.client("s3", region_name="eu-west-1").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    status, text = check({"bucket": name})
    assert status == 1
    (line,) = wrong_lines(text)
    assert line.startswith(f"bucket {name}: is in eu-west-1, but Rekognition is asked in us-east-1")


def test_a_queue_that_nobody_may_send_to_and_a_bucket_that_reports_nothing(
    check: Check, local_lake: LocalLake, bucket: str
) -> None:
    name = f"queue-{uuid.uuid4().hex[:8]}"
    local_lake.client("sqs").create_queue(QueueName=name)
    status, text = check({"discovery": "events"}, events_queue=name)
    assert status == 1
    assert [line.split(";")[0] for line in wrong_lines(text)] == [
        f"queue {name}: has a policy that lets no events of S3 in",
        f"queue {name}: has no queue of dead letters, so a message that kills its reader comes back",
        f"events of {bucket}: go nowhere",
    ]


def test_a_table_that_is_no_ledger_and_a_role_that_rekognition_may_not_assume(
    check: Check, local_lake: LocalLake
) -> None:
    name = f"other-{uuid.uuid4().hex[:8]}"
    local_lake.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    iam = local_lake.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    status, text = check(VIDEO, ledger_table=name, jobs_role_arn=arn)
    assert status == 1
    ledger, role = wrong_lines(text)
    assert ledger.startswith(f"ledger {name}: has another key than `key`")
    assert role.startswith(f"role {name}: does not let rekognition.amazonaws.com assume it")


def test_tables_of_another_version_are_named(check: Check, local_lake: LocalLake) -> None:
    """One table is missing, one lacks a column, one has another type, and one other partitions."""
    glue, database = local_lake.client("glue"), f"db_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": database})
    for name, table in TABLES.items():
        columns = dict(table.column_types)
        keys = list(table.partition_keys)
        if name == "labels":
            columns.pop("confidence")
        if name == "texts":
            columns["confidence"] = "string"
        if name == "usage":
            keys = []
        if name != "faces":
            glue.create_table(
                DatabaseName=database,
                TableInput={
                    "Name": name,
                    "StorageDescriptor": {
                        "Columns": [{"Name": column, "Type": type_} for column, type_ in columns.items()]
                    },
                    "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
                },
            )
    status, text = check(database=database)
    assert status == 1
    assert [line.split("; ")[0] for line in wrong_lines(text)] == [
        f"database {database}: has a table labels without the columns confidence of this version",
        f"database {database}: has texts.confidence as string, which has to be double",
        f"database {database}: lacks the table faces",
        f"database {database}: has a table usage partitioned by nothing, which has to be dt",
    ]


def test_what_may_not_be_seen_is_said_and_the_others_are_checked(check: Check, local_lake: LocalLake) -> None:
    local_lake.behave(denied=["DescribeCollection"])
    status, text = check({"features": {"image": [{"face_search": {"CollectionId": COLLECTION}}]}})
    assert status == 0
    (line,) = [line for line in text.splitlines() if line.startswith("  not checked")]
    assert line == (
        "  not checked  collection staff: these credentials may not call DescribeCollection; "
        "allow it to have this checked"
    )
    assert text.count("  ok  ") == 4


# --- what a change of the file would cost


@pytest.fixture
def days(local_lake: LocalLake, bucket: str) -> Days:
    """Two days in the test's own bucket, each with a picture that both sources have."""
    days = Days(local_lake.with_bucket(bucket), prefix="raw")
    lake = days.lake(["moderation"], ["moderation"])
    for number, day in enumerate((DAY, NEXT_DAY)):
        days.put(day, "a.jpg", days.picture(number))
        days.put(day, "b.jpg", days.picture(number), source="two")
        days.discover(day, lake)
        enrich(days, day, lake)
    return days


def enrich(days: Days, day: str, lake: Lake) -> int:
    """Pay for what a day needs, and return how many analyses that was."""
    workspace = days.local_lake.workspace(days.run(day), lake, image_threads=2)
    batches, figures = plan(workspace, "image", BOOK, dict)
    for batch in batches:
        ImageAnalyzer(workspace, batch="batch-0000", paces=paces()).analyze(
            read_plan(workspace.s3, batch["uri"])
        )
    return int(figures["calls"])


def test_a_change_of_the_file_says_what_it_would_cost_and_pays_nothing(check: Check, days: Days) -> None:
    paid = days.calls()
    status, text = check({"features": {"image": ["moderation"]}})
    assert status == 0
    assert f"if the last 2 discovered days ({DAY} to {NEXT_DAY}, 4 files) were enriched again" in text
    assert "nothing would be paid again; 2 analyses are paid for already" in text
    assert "source two is no longer in the file; its 2 files were left out" in text

    _, text = check({"features": {"image": [{"moderation": {"MinConfidence": 60}}]}})
    assert ["one", "image", "moderation", "2", "0.0020"] in [line.split() for line in text.splitlines()]
    assert "2 analyses would be paid, $0.0020 at list prices and at most $0.0140; 0 are paid for" in text

    _, text = check({"features": {"image": ["moderation", "image_properties"]}})
    assert ["one", "image", "image_properties", "2", "0.0015"] in [line.split() for line in text.splitlines()]
    assert "2 analyses would be paid, $0.0015 at list prices and at most $0.0105; 2 are paid for" in text

    _, text = check({"name": "new", "prefix": "raw/new/"})
    assert "source new has no files in these days; its costs are known once they are discovered" in text
    assert days.calls() == paid == 2


def test_the_answer_is_what_the_planner_then_pays(check: Check, days: Days) -> None:
    """Also where a picture is in both sources and in both days: it would be paid once for each request."""
    days.put(NEXT_DAY, "again.jpg", days.picture(0))
    changed = days.lake(["moderation", {"labels": {"MaxLabels": 5}}], ["moderation", "labels"])
    for day in (DAY, NEXT_DAY):
        days.discover(day, changed)
    _, text = check(changed)
    rows = [line.split() for line in text.splitlines()]
    assert ["one", "image", "labels", "2", "0.0020"] in rows
    assert ["two", "image", "labels", "2", "0.0020"] in rows
    assert sum(enrich(days, day, changed) for day in (DAY, NEXT_DAY)) == 4
    assert "nothing would be paid again" in check(changed)[1]
