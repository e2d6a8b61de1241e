"""What a cost center has spent and reserved in a month: an item of the ledger's table that many tasks change.

``committed`` is what is spent plus what is reserved, and never passes the limit: a reservation is one
conditional write. There are three kinds of reservations, by their token:

- A *chunk* pays for the next image calls of one task. The task notes what it spends of it in an item of its
  own, before each call, and at last closes the chunk: what is spent stays committed, the rest returns. A task
  that dies leaves a chunk whose lease runs out; whoever closes it first fences the item off, so that nothing
  is noted any more.
- A *job* pays for one attempt at a video job. Its token names the ledger's entry, which says what became of
  it.
- A *model* pays for the first hour of a Custom Labels model that a run uses.

Amounts are whole millionths of a dollar. Every write may be repeated, as clients do if an answer is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.errors import CONDITION_FAILED, error_code, retrying
from include.store.reported_months import reported_month

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# An item of a chunk that nobody closed says nothing any more once its month is over.
_KEPT_SECONDS = 40 * 86_400
_OUTAGE_SECONDS = 300.0  # for which the table is waited for


@dataclass(frozen=True)
class Reservation:
    """Money that a task holds.

    :param expires: when its lease runs out, in seconds since the epoch.
    """

    micros: int
    expires: float


@dataclass(frozen=True)
class Standing:
    """How a budget stands.

    :param committed: spent and reserved; None if nothing was reserved in the month yet.
    :param reserved: by token.
    :param refused: the limit at which there was no money for an analysis last, or None.
    """

    committed: int | None = None
    reserved: Mapping[str, Reservation] = field(default_factory=dict)
    refused: int | None = None

    def expired(self, now: float) -> dict[str, Reservation]:
        """Return the reservations whose lease has run out."""
        return {token: each for token, each in self.reserved.items() if each.expires <= now}

    def chunks_held(self, now: float) -> bool:
        """Whether a task holds money for image calls that it may return."""
        return any(is_chunk(token) and each.expires > now for token, each in self.reserved.items())


def job_token(analysis_key: str, number: int) -> str:
    """Return the token of an attempt at a video job."""
    return f"{analysis_key}/{number}"


def model_token(name: str, run: str) -> str:
    """Return the token of a run's use of a Custom Labels model."""
    return f"model:{name}:{run}"


def is_chunk(token: str) -> bool:
    return not (is_job(token) or token.startswith("model:"))


def is_job(token: str) -> bool:
    return "/" in token


class BudgetRecord:
    """The record of a cost center and a month.

    :param month: ``YYYY-MM``.
    :param clock: seconds since the epoch; the clocks of the workers should agree.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        cost_center: str,
        month: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = table
        self._cost_center = cost_center
        self._month = month
        self._key = f"budget#{cost_center}#{month}"
        self._clock = clock
        self._retrying = retrying(_OUTAGE_SECONDS)

    def read(self) -> Standing:
        """Return how the budget stands."""
        item = self._get(self._key)
        reserved = item.get("reserved", {"M": {}})["M"]
        return Standing(
            int(item["committed"]["N"]) if "committed" in item else None,
            {
                token: Reservation(int(each["M"]["micros"]["N"]), float(each["M"]["expires"]["N"]))
                for token, each in reserved.items()
            },
            int(item["refused"]["N"]) if "refused" in item else None,
        )

    def opened(self) -> tuple[Standing, int]:
        """Return how the budget stands, and what is committed.

        A budget that is used for the first time starts from what is reported of the month: it may be new in
        the middle of it.
        """
        standing = self.read()
        if standing.committed is None:
            reported = reported_month(self._client, self._table, self._month)
            self._update(
                self._key,
                "SET #committed = :spent, #reserved = :none",
                "attribute_not_exists(#committed)",
                {":spent": _number(reported.micros.get(self._cost_center, 0)), ":none": {"M": {}}},
                {"#committed": "committed", "#reserved": "reserved"},
            )
            standing = self.read()
        assert standing.committed is not None
        return standing, standing.committed

    def reserve(self, token: str, micros: int, limit: int, seconds: float) -> bool:
        """Reserve money under a token, and return whether it is reserved now: by this call or one before.

        :param limit: what may be committed in all.
        :param seconds: for how long, without news.
        """
        reservation = {"M": {"micros": _number(micros), "expires": _number(self._clock() + seconds)}}
        return (
            self._update(
                self._key,
                "SET #committed = #committed + :micros, #reserved.#token = :reservation",
                "#committed <= :most AND attribute_not_exists(#reserved.#token)",
                {":micros": _number(micros), ":most": _number(limit - micros), ":reservation": reservation},
                {"#committed": "committed", "#reserved": "reserved", "#token": token},
            )
            or token in self.read().reserved
        )

    def settle(self, token: str, spent: int | None) -> None:
        """End a reservation: what is spent stays committed, and the rest returns. Once counts.

        :param spent: may be more than was reserved; None for all of it.
        """
        reservation = self.read().reserved.get(token)
        if reservation is not None:
            rest = 0 if spent is None else reservation.micros - spent
            self._update(
                self._key,
                "SET #committed = #committed - :rest REMOVE #reserved.#token",
                "attribute_exists(#reserved.#token)",
                {":rest": _number(rest)},
                {"#committed": "committed", "#reserved": "reserved", "#token": token},
            )

    def open_chunk(self, token: str, micros: int, limit: int, seconds: float) -> bool:
        """Reserve a chunk, and return whether there was money for it."""
        self._retrying(
            self._client.put_item,
            TableName=self._table,
            Item={
                "key": {"S": self._chunk_key(token)},
                "noted": _number(0),
                "number": _number(0),
                "expires_at": _number(int(self._clock()) + _KEPT_SECONDS),
            },
        )
        if self.reserve(token, micros, limit, seconds):
            return True
        self._delete(self._chunk_key(token))
        return False

    def note(self, token: str, number: int, spent: int) -> bool:
        """Note what is spent of a chunk, and return whether it may be: not if somebody closed the chunk.

        :param number: of the note, which rises: a note that arrives late counts no more.
        """
        return self._update(
            self._chunk_key(token),
            "SET #noted = :spent, #number = :number",
            "attribute_exists(#noted) AND attribute_not_exists(#closed) AND #number <= :number",
            {":spent": _number(spent), ":number": _number(number)},
            {"#noted": "noted", "#number": "number", "#closed": "closed"},
        )

    def close_chunk(self, token: str) -> None:
        """Close a chunk: what is noted stays committed, and the rest returns."""
        self._update(
            self._chunk_key(token),
            "SET #closed = :true",
            "attribute_exists(#noted)",
            {":true": {"BOOL": True}},
            {"#noted": "noted", "#closed": "closed"},
        )
        self.settle(token, self.noted(token))
        self._delete(self._chunk_key(token))

    def noted(self, token: str) -> int:
        """Return what is noted as spent of a chunk, 0 if it has no item any more."""
        return int(self._get(self._chunk_key(token)).get("noted", {"N": "0"})["N"])

    def refund(self, token: str, micros: int) -> None:
        """Return money that was spent on a call that AWS did not bill, after its chunk was closed.

        :param token: a new one.
        """
        self.reserve(token, 0, 2**63, 0)
        self.settle(token, -micros)

    def refuse(self, limit: int) -> None:
        """Record that there was no money for an analysis at this limit."""
        self._update(
            self._key, "SET #refused = :limit", None, {":limit": _number(limit)}, {"#refused": "refused"}
        )

    def warn(self, of: str) -> bool:
        """Record that people are told of something, and return whether nobody was told of it before."""
        return self._update(
            self._key,
            "ADD #warned :all",
            "NOT contains(#warned, :one)",
            {":all": {"SS": [of]}, ":one": {"S": of}},
            {"#warned": "warned"},
        )

    def _chunk_key(self, token: str) -> str:
        return f"{self._key}#{token}"

    def _get(self, key: str) -> Mapping[str, Any]:
        reply = self._retrying(
            self._client.get_item, TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True
        )
        return dict(reply.get("Item", {}))

    def _delete(self, key: str) -> None:
        self._retrying(self._client.delete_item, TableName=self._table, Key={"key": {"S": key}})

    def _update(
        self,
        key: str,
        change: str,
        condition: str | None,
        values: Mapping[str, Any],
        names: Mapping[str, str],
    ) -> bool:
        """Change an item with one request, and return whether the condition held."""
        try:
            self._retrying(
                self._client.update_item,
                TableName=self._table,
                Key={"key": {"S": key}},
                UpdateExpression=change,
                **({"ConditionExpression": condition} if condition else {}),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error_code(error) not in CONDITION_FAILED:
                raise
            return False
        return True


def _number(value: float) -> dict[str, str]:
    return {"N": str(value)}
