"""Conditional writes of the local DynamoDB: all or nothing, nobody in between, and fast beside many items."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

Client = Callable[[str], Any]


def put(table: str, key: str, owner: str = "us") -> dict[str, Any]:
    return {
        "Put": {
            "TableName": table,
            "Item": {"key": {"S": key}, "owner": {"S": owner}},
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def keys(client: Client, table: str) -> set[str]:
    return {item["key"]["S"] for item in client("dynamodb").scan(TableName=table)["Items"]}


def test_a_transaction_writes_all_or_nothing_and_says_what_stands_in_the_way(
    client: Client, table: str
) -> None:
    dynamodb = client("dynamodb")
    dynamodb.transact_write_items(TransactItems=[put(table, "a", "them"), put(table, "b", "them")])
    with pytest.raises(ClientError) as caught:
        dynamodb.transact_write_items(TransactItems=[put(table, "c"), put(table, "a")])
    reasons = caught.value.response["CancellationReasons"]  # type: ignore[typeddict-item]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == {"key": {"S": "a"}, "owner": {"S": "them"}}
    assert keys(client, table) == {"a", "b"}


def test_a_transaction_may_not_write_an_item_twice_nor_too_many(client: Client, table: str) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        client("dynamodb").transact_write_items(TransactItems=[put(table, "a"), put(table, "a")])
    with pytest.raises(ClientError, match="ValidationException"):
        client("dynamodb").transact_write_items(TransactItems=[put(table, f"k{n}") for n in range(101)])
    assert keys(client, table) == set()


def test_other_actions_are_still_offered(client: Client, table: str) -> None:
    dynamodb = client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"key": {"S": "a"}})
    dynamodb.transact_write_items(
        TransactItems=[{"Delete": {"TableName": table, "Key": {"key": {"S": "a"}}}}, put(table, "b")]
    )
    assert keys(client, table) == {"b"}


def test_of_many_writes_at_once_one_wins(client: Client, table: str) -> None:
    def contend(number: int) -> bool:
        try:
            if number % 2:
                client("dynamodb").transact_write_items(TransactItems=[put(table, "k", str(number))])
            else:
                client("dynamodb").put_item(**put(table, "k", str(number))["Put"])
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(contend, range(40))) == 1


def test_a_transaction_takes_no_longer_beside_many_items(client: Client, table: str) -> None:
    def seconds(name: str) -> float:
        began = time.perf_counter()
        client("dynamodb").transact_write_items(TransactItems=[put(table, f"{name}{n}") for n in range(100)])
        return time.perf_counter() - began

    alone = min(seconds(f"alone-{turn}-") for turn in range(3))
    for turn in range(40):
        seconds(f"more-{turn}-")
    assert min(seconds(f"beside-{turn}-") for turn in range(3)) < 5 * alone


def test_a_read_gets_an_item_as_it_was_at_one_moment(client: Client, table: str) -> None:
    once = Config(retries={"total_max_attempts": 1})
    dynamodb = boto3.client("dynamodb", endpoint_url=client("dynamodb").meta.endpoint_url, config=once)
    key = {"key": {"S": "a"}}
    dynamodb.put_item(TableName=table, Item=key | {"map": {"M": {}}})

    def add_and_read(number: int) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #map.#name = :one",
            ExpressionAttributeNames={"#map": "map", "#name": f"n{number}"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_and_read, range(100)))
    assert len(dynamodb.get_item(TableName=table, Key=key)["Item"]["map"]["M"]) == 100
