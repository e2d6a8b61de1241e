"""Make what the lake needs at an endpoint: everything of the definitions, then tables and views by Athena.

The CloudFormation template has the same definitions (``infrastructure/media-lake.yaml``). Where it is
deployed, :func:`create_catalog` is what is left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from awswrangler import athena

from include.core.settings import Settings
from include.store.sql import load_sql, load_view, sql_names, view_levels, view_names
from infrastructure.definition import Definition
from infrastructure.lake_definitions import definitions
from infrastructure.lifecycle_rules import update_lifecycle_rules
from infrastructure.makers import make
from infrastructure.place import Place
from infrastructure.table_columns import update_columns

PARALLEL_STATEMENTS = 8


@dataclass(frozen=True)
class Resource:
    """One thing that exists after :func:`create`."""

    kind: str
    name: str


# What people call a type, and the property with its name; types without a name of their own are left out.
_KINDS = {
    "AWS::S3::Bucket": ("S3 bucket", "BucketName"),
    "AWS::DynamoDB::Table": ("DynamoDB table", "TableName"),
    "AWS::SNS::Topic": ("SNS topic", "TopicName"),
    "AWS::SQS::Queue": ("SQS queue", "QueueName"),
    "AWS::Athena::WorkGroup": ("Athena workgroup", "Name"),
    "AWS::IAM::ManagedPolicy": ("IAM policy", "ManagedPolicyName"),
    "AWS::IAM::Role": ("IAM role", "RoleName"),
}


def create(session: boto3.Session, settings: Settings) -> list[Resource]:
    """Make everything that is missing and return all there is.

    :param session: with access to the account; the endpoint is that of its environment.
    :raises botocore.exceptions.ClientError: if AWS refuses, for instance for lack of a permission.
    :raises infrastructure.table_columns.TypeChangeError: if a table has a column of another type.
    """

    @cache
    def client(service: Any) -> Any:
        return session.client(service, region_name=settings.region)

    found = definitions(settings, Place.of(session, settings)).values()
    for definition in found:
        make(client, definition)
    update_lifecycle_rules(client("s3"), settings)
    return [*_named(found), *create_catalog(session, settings)]


def create_catalog(session: boto3.Session, settings: Settings) -> list[Resource]:
    """Make tables and views, bring those that exist to this version with all partitions, and return them.

    :raises: as :func:`create`.
    """
    tables = sql_names("ddl")
    statements = [load_sql(name, database=settings.database, bucket=settings.bucket) for name in tables]
    _execute_all(statements, session, settings)
    update_columns(session, settings, [Path(name).name for name in tables])
    account = Place.of(session, settings).account
    for level in view_levels():
        _execute_all([load_view(name, settings.database, account) for name in level], session, settings)
    return [
        Resource("Glue database", settings.database),
        *(Resource("table", f"{settings.database}.{Path(name).name}") for name in tables),
        *(Resource("view", f"{settings.database}.{Path(name).name}") for name in view_names()),
    ]


def _named(found: Iterable[Definition]) -> list[Resource]:
    kinds = ((each, *_KINDS[each.type]) for each in found if each.type in _KINDS)
    return [Resource(kind, each.properties[name]) for each, kind, name in kinds]


def _execute_all(statements: Sequence[str], session: boto3.Session, settings: Settings) -> None:
    """Run statements that do not depend on each other."""
    with ThreadPoolExecutor(PARALLEL_STATEMENTS) as pool:
        list(pool.map(lambda statement: _execute(statement, session, settings), statements))


def _execute(statement: str, session: boto3.Session, settings: Settings) -> None:
    query = athena.start_query_execution(
        statement, database=settings.database, workgroup=settings.workgroup, boto3_session=session
    )
    athena.wait_query(query, boto3_session=session, athena_query_wait_polling_delay=0.1)
