"""What calls of the other services need: the action is mostly called like the operation.

Resources of actions: Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
A service that is not listed takes its resource for ``*``, so only a policy for everything allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.aws.iam.need import Need, arn, bucket_arn

Members = dict[str, Any]
# Service, operation, members of the request and region.
Asked = tuple[str, str, Members, str]
WorkgroupOf = Callable[[str], str]

_SAME_AS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "PublishBatch": "Publish",
}
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
}


def service_needs(asked: Asked, workgroup_of: WorkgroupOf) -> list[Need]:
    """Return what a call needs.

    :param workgroup_of: returns the Athena workgroup of an execution.
    """
    service, operation = asked[:2]
    if (service, operation) == ("sts", "GetCallerIdentity"):
        return []  # everybody may ask who he is
    if service == "athena":
        return [_athena_need(asked, workgroup_of)]
    if found := _NEEDS.get(service):
        return list(found(asked))
    return [_need(asked, "*")]


def _need(asked: Asked, resource: str, action: str = "") -> Need:
    """Return the need of the operation's own action, or of another of its service."""
    service, operation = asked[:2]
    return Need(f"{service}:{action or _SAME_AS.get(operation, operation)}", resource)


def _dynamodb_needs(asked: Asked) -> Iterator[Need]:
    _, operation, members, region = asked
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for item in members.get("TransactItems", []):
            for kind, part in item.items():
                yield _need(asked, _table_arn(part.get("TableName", "*"), region), _TRANSACTED[kind])
        return
    tables = [members["TableName"]] if "TableName" in members else list(members.get("RequestItems", {}))
    for table in tables or ["*"]:
        index = f"/index/{members['IndexName']}" if "IndexName" in members else ""
        yield _need(asked, _table_arn(table, region) + index)


def _table_arn(table: str, region: str) -> str:
    return table if table.startswith("arn:") else arn("dynamodb", region, f"table/{table}")


def _sqs_needs(asked: Asked) -> Iterator[Need]:
    _, operation, members, region = asked
    name = members.get("QueueName") or members.get("QueueUrl", "*").rpartition("/")[2]
    yield _need(asked, "*" if operation == "ListQueues" else arn("sqs", region, name))


def _sns_needs(asked: Asked) -> Iterator[Need]:
    _, _, members, region = asked
    named = arn("sns", region, members["Name"]) if "Name" in members else "*"
    yield _need(asked, members.get("TopicArn") or members.get("TargetArn") or named)


def _glue_needs(asked: Asked) -> Iterator[Need]:
    """Yield a need for the catalog, one for the database and one for the table, as far as a call has them."""
    _, operation, members, region = asked
    own_name = members.get("Name") or members.get("TableInput", {}).get("Name")
    of_database = operation.endswith("Database")
    database = own_name if of_database else members.get("DatabaseName")
    table = members.get("TableName") or (None if of_database else own_name)
    yield _need(asked, arn("glue", region, "catalog"))
    if operation == "GetDatabases":
        yield _need(asked, arn("glue", region, "database/*"))
    if database:
        yield _need(asked, arn("glue", region, f"database/{database}"))
    if database and table:
        yield _need(asked, arn("glue", region, f"table/{database}/{table}"))


def _athena_need(asked: Asked, workgroup_of: WorkgroupOf) -> Need:
    _, operation, members, region = asked
    if operation.startswith("List") and operation not in ("ListQueryExecutions", "ListTableMetadata"):
        return _need(asked, "*")
    if "CatalogName" in members:
        return _need(asked, arn("athena", region, f"datacatalog/{members['CatalogName']}"))
    if "QueryExecutionId" in members:
        workgroup = workgroup_of(members["QueryExecutionId"])
    else:
        workgroup = members.get("WorkGroup", "primary")
    return _need(asked, arn("athena", region, f"workgroup/{workgroup}"))


def _rekognition_needs(asked: Asked) -> Iterator[Need]:
    """Yield the needs of a call; its caller also has to be allowed to read what it is about."""
    _, _, members, region = asked
    collection = members.get("CollectionId")
    own = arn("rekognition", region, f"collection/{collection}") if collection else "*"
    yield _need(asked, members.get("ProjectVersionArn") or members.get("ProjectArn") or own)
    for medium in ("Image", "SourceImage", "TargetImage", "Video"):
        if place := members.get(medium, {}).get("S3Object"):
            action = "s3:GetObjectVersion" if "Version" in place else "s3:GetObject"
            yield Need(action, bucket_arn(f"{place.get('Bucket')}/{place.get('Name')}"))
    if channel := members.get("NotificationChannel"):
        handed_to = (("iam:PassedToService", "rekognition.amazonaws.com"),)
        yield Need("iam:PassRole", channel.get("RoleArn", "*"), handed_to)


def _quicksight_needs(asked: Asked) -> Iterator[Need]:
    _, _, members, region = asked
    if "DataSetId" not in members:
        yield _need(asked, "*")
        return
    ingestion = f"/ingestion/{members['IngestionId']}" if "IngestionId" in members else ""
    yield _need(asked, arn("quicksight", region, f"dataset/{members['DataSetId']}{ingestion}"))


_NEEDS: dict[str, Callable[[Asked], Iterator[Need]]] = {
    "dynamodb": _dynamodb_needs,
    "sqs": _sqs_needs,
    "sns": _sns_needs,
    "glue": _glue_needs,
    "rekognition": _rekognition_needs,
    "quicksight": _quicksight_needs,
}
