"""Who may read what: the IAM policies of the lake's readers, derived from its tables and views.

Findings about identifiable people are not for everybody, so they have a policy of their own:

- ``readers`` gives the ordinary tables;
- ``view-readers`` adds the views over them, which do not fit into one policy with the tables;
- ``people-readers`` adds the sensitive tables and the views that read one;
- ``finance-readers`` adds the tables about the money of the whole account, which others may use too, and the
  views that read one.

Whoever gets one of the others needs the first two as well. Results of queries are objects in S3, so readers
of people query in a workgroup of their own, whose results the others cannot read. No policy gives media,
archived responses, staged data or the usage log.

Actions and resources: "Configure access to databases and tables in the AWS Glue Data Catalog" and "Control
access to Amazon S3 from Athena", both in the Amazon Athena User Guide. GetTables lists only what a reader
may read: "Filter tables by GetTables permission", AWS Glue Developer Guide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from include.core.schemas import TABLES, Table
from include.core.settings import Settings
from include.store.sql import names_read, view_names
from infrastructure.place import Place

RESULTS = "athena"
PEOPLE_RESULTS = "athena-people"

_Document = dict[str, Any]

Audience = Literal["all", "finance", "people"]


def readable_tables(audience: Audience) -> list[str]:
    """Return the tables that are for an audience, in the order of the schemas."""
    return [name for name, table in TABLES.items() if _audience_of(table) == audience]


def readable_views(audience: Audience) -> list[str]:
    """Return the views that are for an audience, which is the narrowest of what they read."""
    audiences: dict[str, Audience] = {name: _audience_of(table) for name, table in TABLES.items()}
    views = [Path(statement).name for statement in view_names()]  # each after those it reads
    for view, statement in zip(views, view_names(), strict=True):
        read = {audiences[name] for name in names_read(statement)}
        audiences[view] = "people" if "people" in read else "finance" if "finance" in read else "all"
    return [view for view in views if audiences[view] == audience]


def _audience_of(table: Table) -> Audience:
    return "people" if table.sensitive else "finance" if table.finance else "all"


def reader_policies(settings: Settings, place: Place) -> dict[str, _Document]:
    """Return the policy documents of the lake's readers, by the names that they have in IAM.

    Attaching them to roles, groups or permission sets is up to the account's administrators.

    :param place: where the Glue catalog and the workgroups are.
    """
    lake = f"{settings.database}-{place.region}"
    return {
        f"{lake}-readers": reader_policy(settings, place, sensitive=False),
        f"{lake}-view-readers": view_policy(settings, place),
        f"{lake}-people-readers": reader_policy(settings, place, sensitive=True),
        f"{lake}-finance-readers": finance_policy(settings, place),
    }


def people_workgroup(settings: Settings) -> str:
    """Return the name of the Athena workgroup in which people are queried."""
    return f"{settings.workgroup}-people"


def reader_policy(settings: Settings, place: Place, sensitive: bool) -> _Document:
    """Return the policy document that gives the ordinary or the sensitive tables.

    :param place: where the Glue catalog and the workgroups are.
    :param sensitive: whether to return what is added for readers of findings about people, with the views.
    """
    bucket = place.bucket_arn(settings.bucket)
    tables = readable_tables("people" if sensitive else "all")
    results = PEOPLE_RESULTS if sensitive else RESULTS
    workgroup = people_workgroup(settings) if sensitive else settings.workgroup
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Catalog",
                "Effect": "Allow",
                "Action": "glue:GetDatabase",
                # Athena looks for a database of this name in every account.
                "Resource": [place.arn("glue", "catalog"), place.arn("glue", "database/default")],
            },
            _catalog_entries(settings, place, [*tables, *(readable_views("people") if sensitive else [])]),
            *_files(bucket, tables, f"{results}/*"),
            {
                "Sid": "Bucket",
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": bucket,
            },
            {
                "Sid": "Queries",
                "Effect": "Allow",
                "Action": [
                    "athena:GetWorkGroup",
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                    "athena:GetQuery*",  # a policy has 6,144 characters at most
                ],
                "Resource": place.arn("athena", f"workgroup/{workgroup}"),
            },
            {
                "Sid": "Results",
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": f"{bucket}/{results}/*",
            },
        ],
    }


def view_policy(settings: Settings, place: Place) -> _Document:
    """Return the policy document that adds the views of the ordinary tables."""
    return {
        "Version": "2012-10-17",
        "Statement": [_catalog_entries(settings, place, readable_views("all"))],
    }


def finance_policy(settings: Settings, place: Place) -> _Document:
    """Return the policy document that adds the tables about the money of the account, and their views."""
    tables = readable_tables("finance")
    return {
        "Version": "2012-10-17",
        "Statement": [
            _catalog_entries(settings, place, [*tables, *readable_views("finance")]),
            *_files(place.bucket_arn(settings.bucket), tables),
        ],
    }


def _files(bucket: str, tables: list[str], *prefixes: str) -> list[_Document]:
    """Return the statements that show the files of tables.

    :param prefixes: what else may be listed.
    """
    return [
        {
            "Sid": "Data",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [f"{bucket}/curated/{name}/*" for name in tables],
        },
        {
            "Sid": "Listing",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {
                "StringLike": {"s3:prefix": [*(f"curated/{name}/*" for name in tables), *prefixes]}
            },
        },
    ]


def _catalog_entries(settings: Settings, place: Place, names: list[str]) -> _Document:
    """Return the statement that shows tables or views in the Glue catalog."""
    return {
        "Sid": "Tables",
        "Effect": "Allow",
        "Action": [
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:BatchGetPartition",
        ],
        "Resource": [
            place.arn("glue", "catalog"),
            place.arn("glue", f"database/{settings.database}"),
            *(place.arn("glue", f"table/{settings.database}/{name}") for name in names),
        ],
    }
