"""Deploys the lake's CloudFormation template at the local endpoint, as people do in an account of AWS."""

from __future__ import annotations

from typing import Any

import boto3

from include.core.settings import Settings
from infrastructure.resources import create_catalog
from infrastructure.template_parameters import OF_SETTINGS, parameters
from local.stack.stack_settings import PROJECT

TEMPLATE = PROJECT / "infrastructure" / "media-lake.yaml"


def deploy(session: boto3.Session, settings: Settings) -> None:
    """Make what the template describes, then tables and views; what exists is updated.

    :raises botocore.exceptions.ClientError: if the endpoint refuses.
    """
    stack = stack_request(session, settings)
    cloudformation = session.client("cloudformation", region_name=settings.region)
    names = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
    if stack["StackName"] in names:
        cloudformation.update_stack(**stack)
    else:
        cloudformation.create_stack(**stack)
    create_catalog(session, settings)


def stack_request(session: boto3.Session, settings: Settings) -> dict[str, Any]:
    """Put the template into a bucket, for it is too long for a request, and return how it is deployed.

    :returns: the members of CreateStack.
    """
    s3, bucket = session.client("s3", region_name="us-east-1"), f"{settings.bucket}-templates"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=TEMPLATE.name, Body=TEMPLATE.read_bytes())
    values = _parameters(settings).items()
    return {
        "StackName": settings.bucket,
        "TemplateURL": f"https://{bucket}.s3.amazonaws.com/{TEMPLATE.name}",
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


def _parameters(settings: Settings) -> dict[str, str]:
    """Return what differs from the defaults of the template, with all features allowed."""
    alerts = settings.alerts_topic.rpartition(":")[2]
    values = {parameter: getattr(settings, name) for name, parameter in OF_SETTINGS.items()}
    defaults = parameters()
    given = {name: str(value) for name, value in values.items() if value != defaults[name]["Default"]}
    return given | {
        "JobsRoleName": settings.jobs_role_arn.rpartition("/")[2],
        **({"AlertsTopicName": alerts} if alerts else {}),
        "AnalyzePeople": "true",
        "BucketVersioning": "false",
        "ReadCostExplorer": str(settings.bill_source == "cost-explorer").lower(),
    }
