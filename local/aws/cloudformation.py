"""CloudFormation's resources that moto lacks or makes in part: each is made by its service's own API.

moto reads templates and keeps stacks. Of the types of the lake's template it knows half, and of a bucket, a
table or a role it takes only some properties. What it still does not know, it skips with a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from moto.cloudformation import models, parsing, responses
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.core.common_models import CloudFormationModel

from infrastructure.definition import Definition, Properties
from infrastructure.makers import make

# Returns the client of a service.
Clients = Callable[[str], Any]


def install(client: Callable[[str, str], Any]) -> None:
    """Teach moto the types.

    :param client: returns the client of a service in a region.
    """
    for type_, (name_property, create) in _TYPES.items():
        model = _model(type_, name_property, create, client)
        # moto looks into the list for the property with the name, and else into the map.
        parsing.get_model_list().append(model)
        parsing.get_model_map()[type_] = model
    for place, name, ours in (
        (responses, "get_stack_from_s3_url", _template_at),
        (models.ChangeSet, "apply", _apply),
        (models.Stack, "has_parameters", _has_parameters),
        (parsing.ResourceMap, "load_parameters", _load_parameters),
    ):
        setattr(place, name, ours)


def _apply(change_set: Any) -> None:
    """Carry a change set out, with its outputs, which moto leaves as they were."""
    stack = change_set.stack
    stack.resource_map.update(change_set.template_dict, change_set.parameters)
    stack.output_map = parsing.OutputMap(stack.resource_map, change_set.template_dict, stack.stack_id)


def _has_parameters(stack: Any, other: dict[str, Any]) -> bool:
    """Return whether an update gives what a stack has; moto compares without what has a default."""
    known = stack.stack_parameters
    return set(stack.parameters) <= set(other) and all(known[name] == value for name, value in other.items())


def _load_parameters(resources: Any) -> None:
    """Remember defaults as if they were given, so that an update that names them changes nothing."""
    _LOAD_PARAMETERS(resources)
    resources.input_parameters = {**resources.resolved_parameters, **resources.input_parameters}


def _template_at(template_url: str, **place: str) -> str:
    """Return a template from a bucket; moto looks for the bucket in the path of `localhost` alone."""
    parts = urlsplit(template_url)
    if not parts.netloc.endswith(".amazonaws.com"):
        parts = parts._replace(netloc="localhost")
    return str(get_stack_from_s3_url(parts.geturl(), **place))


def _model(
    type_: str,
    name_property: str,
    create: Callable[[Clients, str, Properties], None],
    client: Callable[[str, str], Any],
) -> type:
    """Return a class of moto's for a type."""

    class Model(CloudFormationModel):
        def __init__(self, name: str, arn: str) -> None:
            self.physical_resource_id = name
            self.arn = arn

        @staticmethod
        def cloudformation_name_type() -> str:
            return name_property

        @staticmethod
        def cloudformation_type() -> str:
            return type_

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr == "Arn"

        def get_cfn_attribute(self, attribute_name: str) -> str:
            return self.arn

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
        ) -> Any:
            properties = _given(cloudformation_json["Properties"])
            create(lambda service: client(service, region_name), resource_name, properties)
            return cls(resource_name, f"arn:aws:iam::{account_id}:role/{resource_name}")

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            return cls.create_from_cloudformation_json(
                original_resource.physical_resource_id, cloudformation_json, account_id, region_name
            )

    return Model


def _given(value: Any) -> Any:
    """Return properties without what is AWS::NoValue, which moto leaves in lists as None."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_given(item) for item in value if item is not None]
    return value


def _made(type_: str, clients: Clients, _: str, properties: Properties) -> None:
    make(clients, Definition(type_, properties))


def _bucket(clients: Clients, name: str, properties: Properties) -> None:
    _made("AWS::S3::Bucket", clients, name, properties)
    s3 = clients("s3")
    rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": properties["VersioningConfiguration"]["Status"]}
    )
    if "NotificationConfiguration" in properties:
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Return a rule as the API takes it."""
    same = ("Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    found = {name: rule[name] for name in same if name in rule}
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": rule["ExpirationInDays"]}
    return {"ID": rule["Id"], "Filter": {"Prefix": rule["Prefix"]}, **found}


def _topic_policy(clients: Clients, _: str, properties: Properties) -> None:
    for topic in properties["Topics"]:
        clients("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps(properties["PolicyDocument"]),
        )


def _glue_table(clients: Clients, _: str, properties: Properties) -> None:
    glue, definition = clients("glue"), properties["TableInput"]
    try:
        glue.create_table(DatabaseName=properties["DatabaseName"], TableInput=definition)
    except glue.exceptions.AlreadyExistsException:
        glue.update_table(DatabaseName=properties["DatabaseName"], TableInput=definition)


def _alarm(clients: Clients, name: str, properties: Properties) -> None:
    clients("cloudwatch").put_metric_alarm(**{"AlarmName": name, **properties})


_LOAD_PARAMETERS = parsing.ResourceMap.load_parameters

# Types, with the property that has the name, if it is a text.
_TYPES: dict[str, tuple[str, Callable[[Clients, str, Properties], None]]] = {
    "AWS::S3::Bucket": ("BucketName", _bucket),
    "AWS::SNS::TopicPolicy": ("", _topic_policy),
    "AWS::Glue::Table": ("", _glue_table),
    "AWS::CloudWatch::Alarm": ("AlarmName", _alarm),
    **{
        type_: (name, partial(_made, type_))
        for type_, name in {
            "AWS::S3::BucketPolicy": "",
            "AWS::DynamoDB::Table": "TableName",
            "AWS::SNS::Subscription": "",
            "AWS::SQS::QueuePolicy": "",
            "AWS::Athena::WorkGroup": "Name",
            "AWS::Glue::Database": "",
            "AWS::IAM::Role": "RoleName",
        }.items()
    },
}
