"""The policies of readers, asked by a small evaluator who may read what, and made in IAM."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.core.features import MediaType
from include.core.run import Run, job_responses_uri
from include.core.schemas import TABLES
from include.core.settings import COST_PAGE_KEY, Settings
from include.store.sql import names_read, view_names
from infrastructure.definition import Definition
from infrastructure.makers import make
from infrastructure.place import Place
from infrastructure.quicksight.definition_files import load_definitions
from infrastructure.readers import (
    Audience,
    finance_policy,
    people_workgroup,
    readable_tables,
    readable_views,
    reader_policies,
    reader_policy,
    view_policy,
)
from tests.policies import listed, may

ACCOUNT = "123456789012"
PLACE = Place("aws", "us-east-1", ACCOUNT)
AUDIENCES: tuple[Audience, ...] = ("all", "finance", "people")
SETTINGS = Settings()
RUN = Run(SETTINGS.bucket, "enrich_images", "manual__2026-11-20", "2026-11-20")
# What IAM takes as a managed policy, spaces not counted (IAM user guide, "IAM and AWS STS quotas").
MOST_CHARACTERS = 6144

ORDINARY = (reader_policy(SETTINGS, PLACE, sensitive=False), view_policy(SETTINGS, PLACE))
BOTH = (*ORDINARY, reader_policy(SETTINGS, PLACE, sensitive=True))
FINANCE = (*ORDINARY, finance_policy(SETTINGS, PLACE))
ALL = (*BOTH, finance_policy(SETTINGS, PLACE))
SENSITIVE_TABLES = {table.name for table in TABLES.values() if table.sensitive}
FINANCE_TABLES = {table.name for table in TABLES.values() if table.finance}


def may_read(documents: tuple[dict[str, Any], ...], uri: str) -> bool:
    return may(documents, "s3:GetObject", f"arn:aws:s3:::{uri.removeprefix('s3://')}")


def may_list(documents: tuple[dict[str, Any], ...], prefix: str) -> bool:
    return may(documents, "s3:ListBucket", f"arn:aws:s3:::{SETTINGS.bucket}", prefix=prefix)


def may_see(documents: tuple[dict[str, Any], ...], name: str, database: str = SETTINGS.database) -> bool:
    """Whether Glue shows a table and its partitions: this takes the table, its database and the catalog."""
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    resources = (f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/{name}")
    seen = {
        all(may(documents, action, resource) for resource in resources)
        for action in ("glue:GetTable", "glue:GetTables", "glue:GetPartitions", "glue:BatchGetPartition")
    }
    assert len(seen) == 1
    return seen.pop()


def may_query(documents: tuple[dict[str, Any], ...], workgroup: str) -> bool:
    arn = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/{workgroup}"
    return all(
        may(documents, f"athena:{action}", arn) for action in ("StartQueryExecution", "GetQueryResults")
    )


def test_every_table_and_every_view_is_for_one_kind_of_readers() -> None:
    tables = [readable_tables(audience) for audience in AUDIENCES]
    assert sorted(name for names in tables for name in names) == sorted(TABLES)
    assert (set(readable_tables("people")), set(readable_tables("finance"))) == (
        SENSITIVE_TABLES,
        FINANCE_TABLES,
    )
    views = [Path(name).name for name in view_names()]
    found = [view for audience in AUDIENCES for view in readable_views(audience)]
    assert sorted(found) == sorted(views)
    assert sorted(readable_views("people")) == ["celebrity_spans", "people_findings", "people_moments"]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_by_those_it_is_for(name: str) -> None:
    ordinary = name not in SENSITIVE_TABLES | FINANCE_TABLES
    of_both, of_finance = name not in FINANCE_TABLES, name not in SENSITIVE_TABLES
    media_type: MediaType | None = "image" if "media_type" in TABLES[name].partition_keys else None
    published = RUN.published_uri(name, media_type, "20261120T120000000000") + "part-0.parquet"
    prefix = f"curated/{name}/dt=2026-11-20/"
    for documents, allowed in ((ORDINARY, ordinary), (BOTH, of_both), (FINANCE, of_finance)):
        assert may_see(documents, name) is allowed
        assert may_read(documents, published) is allowed
        assert may_list(documents, prefix) is allowed
    assert not may_read(ALL, RUN.staged_uri(name, media_type) + "part-0.parquet")


@pytest.mark.parametrize("statement", view_names())
def test_whoever_sees_a_view_sees_all_that_it_reads(statement: str) -> None:
    view = Path(statement).name
    for documents in (ORDINARY, BOTH, FINANCE):
        assert may_see(documents, view) is all(may_see(documents, name) for name in names_read(statement))


def test_quicksight_reads_all_that_it_shows_with_the_policies_of_finance() -> None:
    for data_set in load_definitions(PLACE, SETTINGS.database).data_sets:
        (physical,) = data_set["PhysicalTableMap"].values()
        assert may_see(FINANCE, physical["RelationalTable"]["Name"])


@pytest.mark.parametrize(
    "uri",
    [
        RUN.responses_uri("batch-0000") + "1.ndjson.zst",
        job_responses_uri(SETTINGS.bucket, "job") + "1.ndjson.zst",
        RUN.manifest_uri(),
        RUN.plan_uri(0),
        RUN.usage_uri("batch-0000"),
        SETTINGS.uri("raw/sample/2026/11/20/astronaut.png"),
        SETTINGS.uri(COST_PAGE_KEY),
        SETTINGS.uri("curated/faces_of_others/1.parquet"),
        SETTINGS.uri("curated/labels"),
        "s3://another-lake/curated/labels/1.parquet",
    ],
)
def test_nothing_else_in_the_bucket_is_read(uri: str) -> None:
    assert not may_read(ALL, uri)


@pytest.mark.parametrize("prefix", ["", "curated/", "responses/", "staging/", "usage_log/", "raw/"])
def test_nothing_else_is_listed(prefix: str) -> None:
    assert not may_list(ALL, prefix)


def test_results_of_queries_about_people_are_for_those_who_may_ask() -> None:
    people = people_workgroup(SETTINGS)
    assert people != SETTINGS.workgroup
    for workgroup, results, ordinary in (
        (SETTINGS.workgroup, "athena/1.csv", True),
        (people, "athena-people/1.csv", False),
    ):
        assert may_query(BOTH, workgroup)
        assert may_query(ORDINARY, workgroup) is ordinary
        assert may_read(BOTH, SETTINGS.uri(results))
        assert may_read(ORDINARY, SETTINGS.uri(results)) is ordinary
        assert may_list(ORDINARY, results) is ordinary
        assert may(ORDINARY, "s3:PutObject", f"arn:aws:s3:::{SETTINGS.bucket}/{results}") is ordinary


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"arn:aws:s3:::{SETTINGS.bucket}/curated/labels/1.parquet"),
        ("s3:DeleteObject", f"arn:aws:s3:::{SETTINGS.bucket}/curated/labels/1.parquet"),
        ("s3:DeleteObject", f"arn:aws:s3:::{SETTINGS.bucket}/athena/1.csv"),
        ("glue:UpdatePartition", f"arn:aws:glue:us-east-1:{ACCOUNT}:table/{SETTINGS.database}/labels"),
        ("glue:DeleteTable", f"arn:aws:glue:us-east-1:{ACCOUNT}:table/{SETTINGS.database}/labels"),
        ("glue:GetTable", f"arn:aws:glue:us-east-1:{ACCOUNT}:table/another/labels"),
        ("athena:StartQueryExecution", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary"),
        ("rekognition:DetectFaces", "*"),
    ],
)
def test_readers_change_nothing_and_stay_in_the_lake(action: str, resource: str) -> None:
    assert not may(ALL, action, resource)


def test_policies_fit_into_iam_also_with_long_names() -> None:
    long = Settings(bucket="b" * 63, database="d" * 63, workgroup="w" * 120, region="ap-southeast-1")
    sizes = {
        name: len(json.dumps(document, separators=(",", ":")))
        for name, document in reader_policies(long, Place("aws", "ap-southeast-1", ACCOUNT)).items()
    }
    assert {name: size for name, size in sizes.items() if size > MOST_CHARACTERS} == {}


def test_regions_of_other_partitions_have_their_own_arns() -> None:
    policy = reader_policy(SETTINGS, Place("aws-us-gov", "us-gov-west-1", ACCOUNT), sensitive=False)
    resources = [name for statement in policy["Statement"] for name in listed(statement["Resource"])]
    assert {name.split(":")[1] for name in resources} == {"aws-us-gov"}


@pytest.fixture
def iam(aws: SimpleNamespace) -> Any:
    return aws.session.client("iam")


def test_policies_are_made_once_and_kept_up_to_date(aws: SimpleNamespace, iam: Any) -> None:
    def documents() -> dict[str, Any]:
        found = {}
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            found[policy["PolicyName"]] = version["PolicyVersion"]["Document"]
        return found

    def make_all(settings: Settings) -> list[str]:
        for name, text in reader_policies(settings, PLACE).items():
            definition = {"ManagedPolicyName": name, "PolicyDocument": text}
            make(aws.session.client, Definition("AWS::IAM::ManagedPolicy", definition))
        return list(reader_policies(settings, PLACE))

    names = make_all(SETTINGS)
    kinds = ("readers", "view-readers", "people-readers", "finance-readers")
    assert names == [f"media_lake-us-east-1-{kind}" for kind in kinds]
    assert documents() == dict(zip(names, ALL, strict=True))
    assert make_all(SETTINGS) == names

    arn = f"arn:aws:iam::{ACCOUNT}:policy/{names[0]}"
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 1
    for number in range(6):
        make_all(SETTINGS.model_copy(update={"bucket": f"bucket-{number}"}))
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5
    make_all(SETTINGS)
    assert documents() == dict(zip(names, ALL, strict=True))
