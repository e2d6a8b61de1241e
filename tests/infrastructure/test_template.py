"""The CloudFormation template: checked by cfn-lint, and deployed into the local endpoint beside `create`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import yaml
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from include.core.schemas import TABLES
from include.core.settings import Settings
from infrastructure.resources import Resource
from infrastructure.storage_definitions import TLS_ONLY
from infrastructure.table_columns import update_columns
from infrastructure.template import template
from local.stack.lake_template import TEMPLATE, stack_request
from tools.query import run_query

MADE = Settings(alerts_topic="media-lake-alerts")
# A second lake in the account: each of its names has `other` for `media`.
OTHER = Settings(
    bucket="other-lake",
    database="other_lake",
    workgroup="other-lake",
    ledger_table="other-lake-ledger",
    jobs_topic="AmazonRekognitionOtherLakeJobs",
    jobs_queue="other-lake-jobs",
    events_queue="other-lake-events",
    jobs_role_arn="arn:aws:iam::123456789012:role/OtherLakeRekognition",
    alerts_topic="other-lake-alerts",
)


def test_cfn_lint_finds_nothing() -> None:
    regions: Any = ["us-east-1", "us-gov-west-1"]
    found = lint_file(TEMPLATE, ManualArgs(regions=regions, include_checks=["I"]))
    # Condition HasBudget leaves it out there.
    known = "Resource type 'AWS::Budgets::Budget' does not exist in 'us-gov-west-1'"
    assert [match.message for match in found] == [known]


def test_what_holds_data_stays_when_the_stack_goes() -> None:
    resources = template()["Resources"].items()
    stays = {name for name, each in resources if each.get("DeletionPolicy") == "Retain"}
    keeping = ("S3::Bucket", "DynamoDB::Table", "SQS::Queue", "Glue::Database", "Glue::Table")
    assert stays == {name for name, each in resources if each["Type"].removeprefix("AWS::") in keeping}
    assert all(each["UpdateReplacePolicy"] == "Retain" for name, each in resources if name in stays)


def test_nobody_comes_without_tls() -> None:
    resources = template()["Resources"]
    policies = ("BucketPolicy", "JobsQueuePolicy", "EventsQueuePolicy", "AlertsTopicPolicy")
    for name in policies:
        statements = resources[name]["Properties"]["PolicyDocument"]["Statement"]
        (denied,) = [each for each in statements if each.get("Sid") == TLS_ONLY]
        assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_logs_in_s3_are_written_by_workers_and_triggerer_and_read_by_the_api_server() -> None:
    resources = template()["Resources"]
    for name, roles, writes in (
        ("LogsPolicy", ["TasksRole", "TriggererRole"], True),
        ("ReadLogsPolicy", ["ApiServerRole"], False),
    ):
        policy = resources[name]
        assert policy["Condition"] == "HasLogs"
        assert [each["Fn::If"][1]["Ref"] for each in policy["Properties"]["Roles"]] == roles
        actions = [each["Action"] for each in policy["Properties"]["PolicyDocument"]["Statement"]]
        assert ("s3:PutObject" in actions[0]) == writes


def test_tasks_and_people_readers_alone_use_the_key_of_findings_about_people() -> None:
    resources = template()["Resources"]
    named = {name for name, each in resources.items() if "PeopleKmsKeyArn" in json.dumps(each)}
    assert named == {"PeopleKeyPolicy", "TasksKeysPolicy", "PeopleWorkgroup"}
    for name, role in (("PeopleKeyPolicy", "PeopleReadersRole"), ("TasksKeysPolicy", "TasksRole")):
        assert [each["Fn::If"][1]["Ref"] for each in resources[name]["Properties"]["Roles"]] == [role]


def test_no_role_can_have_more_policies_than_iam_attaches() -> None:
    """Ten: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    resources = template()["Resources"]
    attached = Counter(
        role["Fn::If"][1]["Ref"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
        for role in each["Properties"].get("Roles", ())
    )
    for name, each in resources.items():
        if each["Type"] == "AWS::IAM::Role":
            attached[name] += len(each["Properties"].get("ManagedPolicyArns", ()))
    assert attached["TasksRole"] == 10
    assert max(attached.values()) == 10


def test_results_about_people_are_under_their_key() -> None:
    workgroup = template()["Resources"]["PeopleWorkgroup"]["Properties"]["WorkGroupConfiguration"]
    condition, own, otherwise = workgroup["ResultConfiguration"]["EncryptionConfiguration"]["Fn::If"]
    assert (condition, own["KmsKey"]) == ("HasPeopleKey", {"Ref": "PeopleKmsKeyArn"})
    assert otherwise["Fn::If"][1]["KmsKey"] == {"Ref": "KmsKeyArn"}


def test_no_arn_names_a_partition_account_or_region() -> None:
    text = json.dumps(template()["Resources"])
    assert "arn:aws" not in text
    assert "123456789012" not in text
    assert "us-east-1" not in text


def test_no_policy_gives_everything() -> None:
    """A wildcard for resources stands only where an action takes no resource."""
    without_resource = ("rekognition:", "servicequotas:List", "ce:Get", "athena:List", "quicksight:List")
    for name, resource in template()["Resources"].items():
        if resource["Type"] != "AWS::IAM::ManagedPolicy":
            continue
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            actions = [actions] if isinstance(actions, str) else actions
            assert not [action for action in actions if action.endswith(":*")], name
            if statement["Resource"] in ("*", ["*"]):
                assert all(action.startswith(without_resource) for action in actions), (name, actions)


def _described(session: boto3.Session, settings: Settings) -> dict[str, Any]:
    """Return what an account has of a lake, with `media` in its names."""
    found = {
        "bucket": _bucket(session.client("s3"), settings.bucket),
        "ledger": _ledger(session.client("dynamodb"), settings.ledger_table),
        "queues": dict(_queues(session.client("sqs"), settings)),
        "topic": _topic(session.client("sns"), settings),
        "workgroups": [
            session.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
            for name in (settings.workgroup, f"{settings.workgroup}-people")
        ],
        "tables": dict(_tables(session.client("glue"), settings.database)),
        "access": _access(session.client("iam"), settings),
    }
    text = json.dumps(found, sort_keys=True, default=str)
    for theirs, ours in (("other-", "media-"), ("other_", "media_"), ("Other", "Media")):
        text = text.replace(theirs, ours)
    return dict(json.loads(text))


def _bucket(s3: Any, name: str) -> dict[str, Any]:
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    return {
        "rules": sorted(rules, key=lambda rule: rule["ID"]),
        "block": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "ownership": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "versions": s3.get_bucket_versioning(Bucket=name).get("Status", "Suspended"),
    }


def _ledger(dynamodb: Any, name: str) -> dict[str, Any]:
    table = dynamodb.describe_table(TableName=name)["Table"]
    kept = ("KeySchema", "AttributeDefinitions", "DeletionProtectionEnabled")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return {
        **{key: table[key] for key in kept},
        "billing": table["BillingModeSummary"]["BillingMode"],
        "expiry": dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    }


def _queues(sqs: Any, settings: Settings) -> Iterator[tuple[str, Any]]:
    kept = ("MessageRetentionPeriod", "SqsManagedSseEnabled", "RedrivePolicy", "Policy")
    for queue in (settings.jobs_queue, settings.events_queue):
        for name in (queue, f"{queue}-dead-letters"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            yield name, {key: _parsed(found[key]) for key in kept if key in found}


def _parsed(value: str) -> Any:
    return json.loads(value.lower() if value in ("True", "False") else value)


def _topic(sns: Any, settings: Settings) -> Any:
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=settings.jobs_topic_arn)["Subscriptions"]
    found = []
    for each in subscriptions:
        attributes = sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"]
        found.append([each["Protocol"], each["Endpoint"], attributes["RawMessageDelivery"]])
    return found


def _tables(glue: Any, database: str) -> Iterator[tuple[str, Any]]:
    for name in TABLES:
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
        kept = ("Description", "TableType", "PartitionKeys", "StorageDescriptor", "Parameters")
        yield name, {key: table[key] for key in kept}


def _access(iam: Any, settings: Settings) -> dict[str, Any]:
    lake = f"{settings.database}-us-east-1-"
    policies, roles = {}, {}
    for policy in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]:
        if policy["PolicyName"].startswith(lake):
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            policies[policy["PolicyName"]] = version["PolicyVersion"]["Document"]
    for role in iam.list_roles(MaxItems=1000)["Roles"]:
        name = role["RoleName"]
        if name.startswith(lake) or name == settings.jobs_role_arn.rpartition("/")[2]:
            attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            roles[name] = {
                "trust": role["AssumeRolePolicyDocument"],
                "attached": sorted(policy["PolicyName"] for policy in attached),
                "inline": [
                    iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"]
                    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]
                ],
            }
    return {"policies": policies, "roles": roles}


@pytest.fixture(scope="module")
def stack(session: boto3.Session) -> dict[str, Any]:
    """How the template is deployed, as the local stack does."""
    stack = stack_request(session, OTHER)
    session.client("cloudformation").create_stack(**stack)
    return stack


@pytest.mark.integration
def test_the_stack_has_what_create_makes_and_deploying_it_again_changes_nothing(
    session: boto3.Session, resources: list[Resource], stack: dict[str, Any]
) -> None:
    deployed = _described(session, OTHER)
    made = _described(session, MADE)
    for kind, found in made.items():
        assert deployed[kind] == found
    assert len(made["access"]["roles"]) == 9
    cloudformation = session.client("cloudformation")
    change_set = cloudformation.create_change_set(ChangeSetName="again", ChangeSetType="UPDATE", **stack)[
        "Id"
    ]
    reason = cloudformation.describe_change_set(ChangeSetName=change_set)["StatusReason"]
    assert "didn't contain changes" in reason
    cloudformation.update_stack(**stack)
    assert _described(session, OTHER) == deployed


@pytest.mark.integration
def test_tables_of_the_stack_are_as_this_version_wants_them_and_answer(
    session: boto3.Session, stack: dict[str, Any]
) -> None:
    assert update_columns(session, OTHER, TABLES) == []
    athena = session.client("athena")
    result = run_query(athena, "SELECT count(*) FROM labels", OTHER.database, OTHER.workgroup)
    assert [list(row) for row in result.rows] == [[0]]


@pytest.mark.integration
def test_the_stack_says_how_airflow_is_configured(session: boto3.Session, stack: dict[str, Any]) -> None:
    (found,) = session.client("cloudformation").describe_stacks(StackName="other-lake")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    variables = dict(line.split("=", 1) for line in outputs["Environment"].splitlines())
    settings = {name.removeprefix("MEDIA_LAKE_").lower(): value for name, value in variables.items()}
    expected = OTHER.model_dump(mode="json")
    assert settings.pop("alerts_topic") == "arn:aws:sns:us-east-1:123456789012:other-lake-alerts"
    assert settings == {name: str(expected[name]) for name in settings}


def test_the_file_is_what_cloudformation_reads() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert yaml.load(text, yaml.CSafeLoader) == template()
    assert len(text) < 1_000_000  # of a template in a bucket
