"""The parameters of the CloudFormation template, its conditions, and the settings that refer to them."""

from __future__ import annotations

from typing import Any

from include.core.settings import Settings
from infrastructure.lake_definitions import AIRFLOW_SERVICE
from infrastructure.place import Place
from infrastructure.storage_definitions import SCAN_LIMIT_BYTES

Parameter = dict[str, Any]

# The place of a stack, as CloudFormation knows it.
STACK = Place("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")

NO_VALUE = {"Ref": "AWS::NoValue"}
_YES_OR_NO = ["true", "false"]

# Settings that the template has as parameters: name of the setting to name of the parameter.
OF_SETTINGS = {
    "bucket": "BucketName",
    "database": "DatabaseName",
    "workgroup": "WorkgroupName",
    "ledger_table": "LedgerTableName",
    "jobs_topic": "JobsTopicName",
    "jobs_queue": "JobsQueueName",
    "events_queue": "EventsQueueName",
    "kept_days": "KeptDays",
    "query_result_days": "QueryResultDays",
    "people_kms_key_arn": "PeopleKmsKeyArn",
}


def stack_settings() -> Settings:
    """Return settings whose values are references to the template's parameters."""
    references: dict[str, Any] = {name: f"${{{parameter}}}" for name, parameter in OF_SETTINGS.items()}
    role = STACK.iam_arn("role/${JobsRoleName}")
    return Settings.model_construct(**references, jobs_role_arn=role)


def parameters() -> dict[str, Parameter]:
    """Return the template's parameters, the settings first, with the settings' defaults and meanings."""
    fields = Settings.model_fields
    own = {parameter: _of_field(fields[name]) for name, parameter in OF_SETTINGS.items()}
    # Names of policies and roles begin with it, and have 64 characters at most.
    own["DatabaseName"] |= {"MaxLength": 30, "AllowedPattern": "[a-z0-9][a-z0-9_-]*"}
    own["BucketName"] |= {"AllowedPattern": "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"}
    role = fields["jobs_role_arn"].default.rpartition("/")[2]
    return own | {
        "JobsRoleName": _text(role, "IAM role that Rekognition assumes to publish to the topic"),
        "CreateLake": _choice(
            "true", "false: `python -m infrastructure` made the lake, and the stack adds what watches it"
        ),
        "CreateBucket": _choice("true", "whether the bucket is made; false: it exists, and stays as it is"),
        "BucketVersioning": _choice("true", "whether the bucket keeps what is deleted for KeptDays"),
        "AccessLogsBucketName": _text("", "existing bucket for the bucket's access logs; empty: none"),
        "LogsBucketName": _text("", "existing bucket of the logs of Airflow's tasks; empty: none"),
        "KmsKeyArn": _text("", "KMS key of bucket, ledger, queues and topics; empty: keys that AWS owns"),
        "QueryScanLimitBytes": _number(SCAN_LIMIT_BYTES, "bytes that a query may read", 10_000_000),
        "SourceBucketArns": _list("ARNs of other buckets that are read: media, S3 Inventory, CUR exports"),
        "EventBucketNames": _list(
            "buckets whose events EventBridge sends to the queue, for sources with discovery: events"
        ),
        "AirflowService": {
            "Type": "String",
            "Default": AIRFLOW_SERVICE,
            "AllowedValues": [
                AIRFLOW_SERVICE, "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com",
                "airflow-env.amazonaws.com",
            ],
            "Description": "where Airflow runs; it may assume the roles of Airflow's processes",
        },
        "AnalyzePeople": _choice("false", "whether tasks may call the features about identifiable people"),
        "ReadCostExplorer": _choice("false", "whether tasks may ask Cost Explorer, for a cent each time"),
        "BillTable": _text("", "table of the CUR 2.0 export as database.table, if tasks read the bill there")
        | {"AllowedPattern": r"([a-z0-9_]+\.[a-z0-9_]+)?"},
        "RefreshQuickSight": _choice("false", "whether tasks may refresh the data sets of QuickSight"),
        "AlertsTopicName": _text("media-lake-alerts", "SNS topic of alerts"),
        "AlertsEmail": _text("", "address that alerts are sent to; empty: subscribe to the topic yourself"),
        "MetricsNamespace": _text("CWAgent", "CloudWatch namespace that the lake's metrics arrive in"),
        "MetricsPrefix": _text("airflow_media_lake_", "what their names begin with there"),
        "MonthlyBudgetUsd": _number(0, "monthly budget for Rekognition, in dollars; 0: none", 0),
        "CostCenter": _text("media-team", "value of tag cost-center on everything, for cost allocation"),
        "VpcId": _text("", "VPC that gets endpoints of the services that the lake calls; empty: none"),
        "VpcCidr": _text("10.0.0.0/16", "addresses in the VPC that may use the endpoints"),
        "SubnetIds": _list("subnets of the VPC for the endpoints"),
        "RouteTableIds": _list("route tables of the VPC that lead to S3 and DynamoDB"),
    }  # fmt: skip


def conditions() -> dict[str, Any]:
    """Return the template's conditions on its parameters."""
    return {
        "CreatesLake": _is("CreateLake", "true"),
        "CreatesBucket": {"Fn::And": [{"Condition": "CreatesLake"}, _is("CreateBucket", "true")]},
        "KeepsVersions": _is("BucketVersioning", "true"),
        "LogsAccess": _is_given("AccessLogsBucketName"),
        "HasLogs": _is_given("LogsBucketName"),
        "HasKey": _is_given("KmsKeyArn"),
        "HasPeopleKey": _is_given("PeopleKmsKeyArn"),
        "HasAnyKey": {"Fn::Or": [{"Condition": "HasKey"}, {"Condition": "HasPeopleKey"}]},
        "HasSources": _has_any("SourceBucketArns"),
        "HasEventBuckets": _has_any("EventBucketNames"),
        "AnalyzesPeople": {"Fn::And": [{"Condition": "CreatesLake"}, _is("AnalyzePeople", "true")]},
        "ReadsCostExplorer": _is("ReadCostExplorer", "true"),
        "ReadsBill": _is_given("BillTable"),
        "RefreshesQuickSight": _is("RefreshQuickSight", "true"),
        "SendsEmail": _is_given("AlertsEmail"),
        # Other partitions have no AWS Budgets.
        "HasBudget": {
            "Fn::And": [
                {"Fn::Not": [_is("MonthlyBudgetUsd", "0")]},
                _is("AWS::Partition", "aws"),
            ]
        },
        "HasVpc": _is_given("VpcId"),
        # Its execution role has a second service beside airflow-env.
        "OnMwaa": _is("AirflowService", "airflow-env.amazonaws.com"),
    }


def if_(condition: str, then: Any, otherwise: Any = NO_VALUE) -> dict[str, Any]:
    """Return a value that depends on one of the :func:`conditions`; without another there is none."""
    return {"Fn::If": [condition, then, otherwise]}


def _of_field(field: Any) -> Parameter:
    parameter = _text(field.default, field.description)
    if isinstance(field.default, int):
        return parameter | {"Type": "Number", "MinValue": 1}
    return parameter


def _text(default: Any, description: str) -> Parameter:
    return {"Type": "String", "Default": default, "Description": description}


def _choice(default: str, description: str) -> Parameter:
    return _text(default, description) | {"AllowedValues": _YES_OR_NO}


def _number(default: int, description: str, minimum: int) -> Parameter:
    return {"Type": "Number", "Default": default, "MinValue": minimum, "Description": description}


def _list(description: str) -> Parameter:
    return {"Type": "CommaDelimitedList", "Default": "", "Description": f"{description}; empty: none"}


def _is(parameter: str, value: str) -> Any:
    return {"Fn::Equals": [{"Ref": parameter}, value]}


def _is_given(parameter: str) -> Any:
    return {"Fn::Not": [_is(parameter, "")]}


def _has_any(parameter: str) -> Any:
    return {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": parameter}]}, ""]}]}
