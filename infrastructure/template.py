"""The CloudFormation template of a lake: the definitions, with parameters in the place of names.

``python -m tools.generate`` writes it to ``infrastructure/media-lake.yaml``. What is optional, or what only
AWS has, is added here: keys, versions, logs, alarms, a budget, EventBridge, endpoints in a VPC.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from infrastructure.alarms import watching
from infrastructure.definition import Definition, logical_id
from infrastructure.lake_definitions import definitions
from infrastructure.notification_definitions import send_statement
from infrastructure.optional_access import optional_policies
from infrastructure.roles import ABOUT_PEOPLE, OF_AIRFLOW, OPTIONAL, ROLES
from infrastructure.storage_definitions import table_definitions
from infrastructure.template_parameters import (
    NO_VALUE,
    OF_SETTINGS,
    STACK,
    conditions,
    if_,
    parameters,
    stack_settings,
)
from infrastructure.vpc_endpoints import vpc_endpoints

Resource = dict[str, Any]
Resources = dict[str, Resource]

_TAGS = [{"Key": "project", "Value": "media-lake"}, {"Key": "cost-center", "Value": "${CostCenter}"}]
_TAGGED = (
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Athena::WorkGroup",
    "AWS::IAM::Role",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
)
# Findings of checkov that are accepted: the template says why beside each.
ACCEPTED_FINDINGS = {
    "Bucket": [
        {
            "id": "CKV_AWS_21",
            "comment": "BucketVersioning, true by default, turns versions on",
        }
    ],
    "Ledger": [
        {
            "id": "CKV_AWS_119",
            "comment": "KmsKeyArn gives it a key of one's own; else it has DynamoDB's",
        }
    ],
}
_WHOLE_REFERENCE = re.compile(r"\$\{([A-Za-z0-9:]+)\}")

DESCRIPTION = "A media lake: what Media Lake Enrichment needs in an AWS account (docs/DEPLOY.md)"


def render() -> str:
    """Return the template as YAML."""
    notice = "Generated from infrastructure/ by `python -m tools.generate`; change it there."
    return f"# {notice}\n" + yaml.dump(template(), Dumper=_Dumper, sort_keys=False, width=110)


def template() -> dict[str, Any]:
    """Return the template."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": DESCRIPTION,
        "Parameters": parameters(),
        "Conditions": conditions(),
        "Resources": {name: _finished(name, each) for name, each in _resources().items()},
        "Outputs": _outputs(),
    }


def _resources() -> Resources:
    settings = stack_settings()
    described = definitions(
        settings,
        STACK,
        airflow_service=if_("OnMwaa", ["airflow.amazonaws.com", "${AirflowService}"], "${AirflowService}"),
        alerts_topic=STACK.arn("sns", "${AlertsTopicName}"),
        scan_limit_bytes="${QueryScanLimitBytes}",
    )
    resources = {name: _resource(each) for name, each in described.items()}
    _with_options(resources)
    tables = {name: _resource(each) for name, each in table_definitions(settings, STACK)}
    return {
        **resources,
        **tables,
        "EventsRule": _events_rule(),
        **optional_policies(settings, STACK),
        **watching(settings),
        **vpc_endpoints(),
    }


def _resource(definition: Definition) -> Resource:
    resource: Resource = {
        "Type": definition.type,
        "Condition": "CreatesLake",
        "Properties": dict(definition.properties),
    }
    if definition.type == "AWS::IAM::Role" and "ManagedPolicyArns" in definition.properties:
        # By reference, so that a policy that a condition leaves out is left out of the role.
        resource["Properties"]["ManagedPolicyArns"] = [_attached(name) for name in definition.depends_on]
    elif definition.depends_on:
        resource["DependsOn"] = list(definition.depends_on)
    if definition.holds_data:
        resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return resource


def _attached(policy: str) -> Any:
    about_people = policy in {f"{logical_id(name)}Policy" for name in ABOUT_PEOPLE}
    return if_("AnalyzesPeople", {"Ref": policy}) if about_people else {"Ref": policy}


def _with_options(resources: Resources) -> None:
    """Add what parameters choose."""
    for name in ("Bucket", "BucketPolicy"):
        resources[name]["Condition"] = "CreatesBucket"
    for name in ABOUT_PEOPLE:
        resources[f"{logical_id(name)}Policy"]["Condition"] = "AnalyzesPeople"
    resources["Bucket"]["Properties"] |= {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_bucket_encryption()]},
        "VersioningConfiguration": {"Status": if_("KeepsVersions", "Enabled", "Suspended")},
        "LoggingConfiguration": if_(
            "LogsAccess",
            {"DestinationBucketName": "${AccessLogsBucketName}", "LogFilePrefix": "${BucketName}/"},
        ),
        "NotificationConfiguration": if_(
            "HasEventBuckets", {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
        ),
    }
    resources["Ledger"]["Properties"]["SSESpecification"] = if_(
        "HasKey", {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "${KmsKeyArn}"}
    )
    resources["JobsTopic"]["Properties"]["KmsMasterKeyId"] = if_("HasKey", "${KmsKeyArn}")
    for name, resource in resources.items():
        if resource["Type"] == "AWS::SQS::Queue":
            resource["Properties"] |= {
                "SqsManagedSseEnabled": if_("HasKey", NO_VALUE, True),
                "KmsMasterKeyId": if_("HasKey", "${KmsKeyArn}"),
            }
        if resource["Type"] == "AWS::Athena::WorkGroup":
            _with_key(resource["Properties"], about_people=name == "PeopleWorkgroup")
    statements = resources["EventsQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    statements.append(if_("HasEventBuckets", _from_rule()))


def _bucket_encryption() -> Any:
    own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "${KmsKeyArn}"}
    return {
        "BucketKeyEnabled": if_("HasKey", True),
        "ServerSideEncryptionByDefault": if_("HasKey", own, {"SSEAlgorithm": "AES256"}),
    }


def _with_key(properties: dict[str, Any], about_people: bool) -> None:
    """Encrypt a workgroup's results by the key, and let it be deleted: its results stay in the bucket."""
    configuration = dict(properties["WorkGroupConfiguration"])
    results = dict(configuration["ResultConfiguration"])
    encryption = if_("HasKey", _by_key("${KmsKeyArn}"), results["EncryptionConfiguration"])
    if about_people:
        encryption = if_("HasPeopleKey", _by_key("${PeopleKmsKeyArn}"), encryption)
    results["EncryptionConfiguration"] = encryption
    configuration["ResultConfiguration"] = results
    properties |= {"WorkGroupConfiguration": configuration, "RecursiveDeleteOption": True}


def _by_key(key_arn: str) -> dict[str, str]:
    return {"EncryptionOption": "SSE_KMS", "KmsKey": key_arn}


def _events_rule() -> Resource:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": {"Ref": "EventBucketNames"}}},
    }
    queue = STACK.arn("sqs", "${EventsQueueName}")
    properties = {
        "Name": "${DatabaseName}-${AWS::Region}-events",
        "Description": "new and deleted objects of the media lake's sources",
        "EventPattern": pattern,
        "Targets": [{"Id": "queue", "Arn": queue}],
    }
    return {"Type": "AWS::Events::Rule", "Condition": "HasEventBuckets", "Properties": properties}


def _from_rule() -> dict[str, Any]:
    rule = STACK.arn("events", "rule/${DatabaseName}-${AWS::Region}-events")
    queue = STACK.arn("sqs", "${EventsQueueName}")
    condition = {"ArnEquals": {"aws:SourceArn": rule}}
    return send_statement("MediaLakeEventBridge", "events.amazonaws.com", queue, condition)


def _outputs() -> dict[str, Any]:
    """Return the outputs: the settings of this lake, and what is attached or named elsewhere."""
    values = {f"MEDIA_LAKE_{name.upper()}": f"${{{parameter}}}" for name, parameter in OF_SETTINGS.items()}
    values |= {
        "MEDIA_LAKE_JOBS_ROLE_ARN": stack_settings().jobs_role_arn,
        "MEDIA_LAKE_ALERTS_TOPIC": "${AlertsTopic}",
        "MEDIA_LAKE_REGION": "${AWS::Region}",
    }
    settings = "\n".join(f"{name}={value}" for name, value in values.items())
    lake = f"{stack_settings().database}-{STACK.region}"
    outputs = {
        "Environment": ("Airflow's environment variables", settings),
        **{
            f"{logical_id(name)}RoleArn": (f"role {name}", STACK.iam_arn(f"role/{lake}-{name}"))
            for name in ROLES
        },
        **{
            f"{logical_id(name)}PolicyArn": (
                "for a role of one's own, such as MWAA's",
                STACK.iam_arn(f"policy/{lake}-{name}"),
            )
            for role in OF_AIRFLOW
            for name in ROLES[role]
            if name not in OPTIONAL
        },
    }
    return {
        name: {"Description": description, "Value": _references(value)}
        for name, (description, value) in outputs.items()
    }


def _finished(name: str, resource: Resource) -> Resource:
    """Return a resource with tags, with references in the place of ``${...}``, and with accepted findings."""
    properties = dict(resource["Properties"])
    if resource["Type"] in _TAGGED:
        properties["Tags"] = _TAGS
    finished = {**resource, "Properties": _references(properties)}
    accepted = ACCEPTED_FINDINGS.get(name)
    return finished | ({"Metadata": {"checkov": {"skip": accepted}}} if accepted else {})


def _references(value: Any) -> Any:
    """Return a value with CloudFormation's functions for the ``${...}`` in its texts."""
    if isinstance(value, dict):
        return {key: _references(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_references(item) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _WHOLE_REFERENCE.fullmatch(value)
    return {"Ref": whole[1]} if whole else {"Fn::Sub": value}


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, which CloudFormation does not read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
