"""Items of the local DynamoDB: values of every type come back unchanged, and items have a greatest size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]
ITEM = {
    "key": {"S": "a"},
    "text": {"S": "Größe"},
    "empty": {"S": ""},
    "number": {"N": "-1.5"},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "bytes": {"B": b"\x00\xff"},
    "list": {"L": [{"S": "b"}, {"N": "2"}, {"B": b"\x01"}, {"L": []}]},
    "map": {"M": {"inner": {"M": {"deep": {"BOOL": True}}}, "S": {"S": "a name like a type"}}},
    "texts": {"SS": ["b", "c"]},
    "numbers": {"NS": ["1", "2"]},
}


def test_values_of_every_type_come_back(client: Client, table: str) -> None:
    dynamodb = client("dynamodb")
    dynamodb.put_item(TableName=table, Item=ITEM)
    assert dynamodb.get_item(TableName=table, Key={"key": {"S": "a"}})["Item"] == ITEM


def test_what_is_written_together_comes_back_too(client: Client, table: str) -> None:
    dynamodb = client("dynamodb")
    items = [{**ITEM, "key": {"S": str(number)}} for number in range(3)]
    dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in items]})
    found = dynamodb.scan(TableName=table)["Items"]
    assert sorted(found, key=lambda item: item["key"]["S"]) == items


def test_an_item_that_is_too_large_is_refused(client: Client, table: str) -> None:
    dynamodb, key, more = client("dynamodb"), {"key": {"S": "a"}}, {"S": "x" * 10_000}
    item = key | {f"part{number}": {"S": "x" * 100_000} for number in range(4)}
    dynamodb.put_item(TableName=table, Item=item)
    with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
        dynamodb.put_item(TableName=table, Item=item | {"more": more})
    with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET more = :more",
            ExpressionAttributeValues={":more": more},
        )
    assert dynamodb.get_item(TableName=table, Key=key)["Item"] == item
