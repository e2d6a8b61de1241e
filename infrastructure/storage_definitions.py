"""What keeps the lake's data: bucket, ledger, workgroups of queries, database and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.core.schemas import PARTITION_KEY_MEANINGS, TABLES, Table
from include.core.schemas.table import catalog_comment
from include.core.settings import Settings
from infrastructure.definition import Definition, Properties, logical_id
from infrastructure.lifecycle_rules import lifecycle_rules
from infrastructure.place import Place
from infrastructure.readers import PEOPLE_RESULTS, RESULTS, people_workgroup

# A query that reads more is stopped: a mistake costs five dollars at most.
SCAN_LIMIT_BYTES = 1_000_000_000_000

TLS_ONLY = "MediaLakeTlsOnly"

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def storage_definitions(
    settings: Settings, place: Place, scan_limit_bytes: Any = SCAN_LIMIT_BYTES
) -> dict[str, Definition]:
    """Return bucket, ledger, workgroups and database, by their logical ids in the template."""
    bucket = _bucket(settings)
    return {
        "Bucket": Definition("AWS::S3::Bucket", bucket, holds_data=True),
        "BucketPolicy": Definition(
            "AWS::S3::BucketPolicy",
            {"Bucket": settings.bucket, "PolicyDocument": _bucket_policy(settings, place)},
            depends_on=("Bucket",),
        ),
        "Ledger": Definition("AWS::DynamoDB::Table", _ledger(settings), holds_data=True),
        "Workgroup": _workgroup(settings, settings.workgroup, RESULTS, scan_limit_bytes),
        "PeopleWorkgroup": _workgroup(settings, people_workgroup(settings), PEOPLE_RESULTS, scan_limit_bytes),
        "Database": Definition(
            "AWS::Glue::Database",
            {"CatalogId": place.account, "DatabaseInput": {"Name": settings.database}},
            holds_data=True,
        ),
    }


def table_definitions(settings: Settings, place: Place) -> Iterator[tuple[str, Definition]]:
    """Yield the tables, as the statements of ``sql/ddl`` make them too, with their logical ids."""
    for table in TABLES.values():
        properties = {
            "CatalogId": place.account,
            "DatabaseName": settings.database,
            "TableInput": _table_input(table, settings),
        }
        yield (
            f"{logical_id(table.name)}Table",
            Definition("AWS::Glue::Table", properties, ("Database",), holds_data=True),
        )


def tls_only(action: str, *resources: str) -> Properties:
    """Return the statement that refuses whoever comes without TLS."""
    return {
        "Sid": TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _bucket(settings: Settings) -> Properties:
    return {
        "BucketName": settings.bucket,
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [_stack_rule(rule) for rule in lifecycle_rules(settings)]},
    }


def _stack_rule(rule: Mapping[str, Any]) -> Properties:
    """Return a lifecycle rule as CloudFormation writes what the API takes."""
    properties = {"Id": rule["ID"], "Prefix": rule["Filter"]["Prefix"], "Status": rule["Status"]}
    if "Expiration" in rule:
        properties["ExpirationInDays"] = rule["Expiration"]["Days"]
    same = ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    return properties | {name: rule[name] for name in same if name in rule}


def _bucket_policy(settings: Settings, place: Place) -> Properties:
    bucket = place.bucket_arn(settings.bucket)
    return {"Version": "2012-10-17", "Statement": [tls_only("s3:*", bucket, f"{bucket}/*")]}


def _ledger(settings: Settings) -> Properties:
    return {
        "TableName": settings.ledger_table,
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }


def _workgroup(settings: Settings, name: str, results: str, scan_limit_bytes: Any) -> Definition:
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "BytesScannedCutoffPerQuery": scan_limit_bytes,
        "ResultConfiguration": {
            "OutputLocation": settings.uri(results, ""),
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
    }
    return Definition("AWS::Athena::WorkGroup", {"Name": name, "WorkGroupConfiguration": configuration})


def _table_input(table: Table, settings: Settings) -> Properties:
    return {
        "Name": table.name,
        "Description": catalog_comment(table.meaning),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "parquet.compression": "ZSTD"},
        "PartitionKeys": [
            _column(key, "string", PARTITION_KEY_MEANINGS[key]) for key in table.partition_keys
        ],
        "StorageDescriptor": {
            "Columns": [_column(column.name, column.type, column.meaning) for column in table.columns],
            "Location": settings.uri("curated", table.name, ""),
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def _column(name: str, type_: str, meaning: str) -> Properties:
    return {"Name": name, "Type": type_, "Comment": catalog_comment(meaning)}
