"""Policies of the template that a parameter asks for."""

from __future__ import annotations

from typing import Any

from include.core.settings import Settings
from infrastructure.definition import logical_id
from infrastructure.place import Place
from infrastructure.roles import role_name
from infrastructure.runtime_policies import (
    LIST_OBJECTS,
    READ_CATALOG,
    READ_OBJECTS,
    Document,
    allow,
    cost_explorer,
    document,
)
from infrastructure.template_parameters import if_

_RUNNING = ("tasks", "triggerer")
_WITH_KEY = ("triggerer", "api-server")
_READING = ("readers", "people-readers", "finance-readers", "quicksight")


def optional_policies(settings: Settings, place: Place) -> dict[str, dict[str, Any]]:
    """Return the policies, each with its condition and the roles that it is attached to."""
    lake = f"{settings.database}-{place.region}"

    def policy(name: str, condition: str, text: Document, *roles: str) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": condition,
            "Properties": {
                "ManagedPolicyName": f"{lake}-{name}",
                "PolicyDocument": text,
                "Roles": [
                    _role(f"{logical_id(role)}Role", role_name(settings, place.region, role))
                    for role in roles
                ],
            },
        }

    key = policy("key", "HasKey", _use_of("${KmsKeyArn}"), *_WITH_KEY, *_READING)
    # One policy with both keys: IAM attaches ten managed policies to a role, and tasks may have all others.
    keys = [if_("HasKey", "${KmsKeyArn}"), if_("HasPeopleKey", "${PeopleKmsKeyArn}")]
    people_key = policy("people-key", "HasPeopleKey", _use_of("${PeopleKmsKeyArn}"), "people-readers")
    # Rekognition publishes to an encrypted topic.
    key["Properties"]["Roles"].append(_role("JobsRole", "${JobsRoleName}"))
    logs = "${LogsBucketName}"
    return {
        "LogsPolicy": policy("logs", "HasLogs", _logs(place.bucket_arn(logs), "s3:PutObject"), *_RUNNING),
        "ReadLogsPolicy": policy("read-logs", "HasLogs", _logs(place.bucket_arn(logs)), "api-server"),
        "SourcesPolicy": policy("sources", "HasSources", _sources(), *_RUNNING),
        "CostExplorerPolicy": policy(
            "cost-explorer", "ReadsCostExplorer", document([cost_explorer()]), "tasks"
        ),
        "BillTablePolicy": policy("bill-table", "ReadsBill", _bill_table(place), "tasks"),
        "RefreshPolicy": policy("refresh", "RefreshesQuickSight", _refresh(place), "tasks"),
        "KeyPolicy": key,
        "PeopleKeyPolicy": people_key,
        "TasksKeysPolicy": policy("tasks-keys", "HasAnyKey", _use_of(*keys), "tasks"),
    }


def _use_of(*key_arns: Any) -> Document:
    """Readers too make data keys: Athena writes the results of their queries."""
    return document([allow("Use", ["kms:Decrypt", "kms:GenerateDataKey"], *key_arns)])


def _role(name: str, made_before: str) -> Any:
    """Return the name of a role that is in the stack, or was made without one."""
    return if_("CreatesLake", {"Ref": name}, made_before)


def _logs(bucket: str, *more: str) -> Document:
    """Workers and triggerer add to the logs of Airflow's tasks that are in S3; the API server shows them."""
    return document(
        [allow("Logs", [*READ_OBJECTS, *more], f"{bucket}/*"), allow("Bucket", ["s3:ListBucket"], bucket)]
    )


def _sources() -> Document:
    """Whoever calls Rekognition for an object has to be allowed to read it."""
    buckets = {"Ref": "SourceBucketArns"}
    # "/*" behind each: they are joined with it between them, and split again.
    joined = {"Fn::Join": ["", [{"Fn::Join": ["/*,", buckets]}, "/*"]]}
    objects = {"Fn::Split": [",", joined]}
    return document(
        [
            {"Sid": "Buckets", "Effect": "Allow", "Action": LIST_OBJECTS, "Resource": buckets},
            {"Sid": "Objects", "Effect": "Allow", "Action": READ_OBJECTS, "Resource": objects},
        ]
    )


def _refresh(place: Place) -> Document:
    """Data sets are listed as a whole, and refreshed one by one."""
    data_sets = place.arn("quicksight", "dataset/media-lake-*")
    ingestions = ["quicksight:CreateIngestion", "quicksight:DescribeIngestion"]
    return document(
        [allow("DataSets", ["quicksight:ListDataSets"], "*"), allow("Ingestions", ingestions, data_sets)]
    )


def _bill_table(place: Place) -> Document:
    database = {"Fn::Select": [0, {"Fn::Split": [".", "${BillTable}"]}]}
    table = {"Fn::Join": ["/", {"Fn::Split": [".", "${BillTable}"]}]}
    glue = place.arn("glue", "")
    statement = allow("Bill", READ_CATALOG, f"{glue}catalog")
    statement["Resource"] += [
        {"Fn::Join": ["", [f"{glue}database/", database]]},
        {"Fn::Join": ["", [f"{glue}table/", table]]},
    ]
    return document([statement])
