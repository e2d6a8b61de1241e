"""One small record that many tasks change at the same time, as an item of the ledger's table."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.errors import CONDITION_FAILED, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_WRITES = 50
_LONGEST_PAUSE = 0.05  # seconds

Record = dict[str, Any]


class SharedRecord:
    """An item that is read, changed and written on condition that nobody else wrote it meanwhile.

    :param key: key of the item, apart from analysis keys by its ``#``.
    """

    def __init__(self, client: DynamoDBClient, table: str, key: str) -> None:
        self._client = client
        self._table = table
        self._key = key

    def read(self) -> Record:
        """Return the record, empty if there is none."""
        return self._read()[0]

    def change(self, change: Callable[[Record], Record]) -> Record:
        """Replace the record by what a function makes of it, and return it; if another was faster, try again.

        :raises TimeoutError: if others are always faster.
        """
        for _ in range(_WRITES):
            record, version = self._read()
            changed = change(record)
            if self._write(changed, version):
                return changed
            time.sleep(random.uniform(0, _LONGEST_PAUSE))
        raise TimeoutError(
            f"other tasks changed item {self._key} of {self._table} at each of {_WRITES} attempts; try again"
        )

    def _read(self) -> tuple[Record, int]:
        item = self._client.get_item(
            TableName=self._table, Key={"key": {"S": self._key}}, ConsistentRead=True
        ).get("Item")
        return (json.loads(item["record"]["S"]), int(item["version"]["N"])) if item else ({}, 0)

    def _write(self, record: Record, version: int) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "key": {"S": self._key},
                    "record": {"S": json.dumps(record)},
                    "version": {"N": str(version + 1)},
                },
                ConditionExpression="attribute_not_exists(#key) OR version = :version",
                ExpressionAttributeNames={"#key": "key"},
                ExpressionAttributeValues={":version": {"N": str(version)}},
            )
        except ClientError as error:
            if error_code(error) not in CONDITION_FAILED:
                raise
            return False
        return True
