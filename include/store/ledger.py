"""The ledger: the durable record of every analysis, consulted before paying and written after.

One DynamoDB table whose only key is ``key``. An item is either an analysis, under its analysis key, or the
reported end of a video job, under ``job#<JobId>``. Every change that could make two runs pay is a conditional
write
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html).

An analysis is *running* while somebody holds its lease (images) or its job (videos), and ends *done* or
*failed*. A failed analysis may be claimed again; a lease that has run out may be taken over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from include.core.errors import CONDITION_FAILED, TRANSACTION_CANCELED, error_code
from include.store.budget_records import BudgetRecord
from include.store.erased_contents import ANYTHING_ERASED, erased_key
from include.store.job_ends import job_end_item, job_end_key, job_end_times, job_ends
from include.store.reported_months import ReportedMonth, note_reported, reported_month
from include.store.shared_record import SharedRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
        PutTypeDef,
        WriteRequestOutputTypeDef,
        WriteRequestTypeDef,
    )

State = Literal["running", "done", "failed"]

_BATCH_GET = 100
_BATCH_WRITE = 25
_TRANSACTION = 100  # items of one TransactWriteItems request at most
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds between attempts at unprocessed items
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of one analysis.

    :param owner: who holds the lease: the same for every attempt of one task instance.
    :param claimed_at: when it was claimed, in milliseconds since the epoch.
    :param lease_expires: when the lease runs out, in milliseconds since the epoch.
    :param number: for videos, the attempt's number; it rises only after a recorded failure.
    :param request: for videos, the Start request of this attempt, as JSON: whoever repeats it must send the
        same.
    :param payer: who pays, as JSON (:func:`include.store.usage_log.payer_of`). The item's attribute is
        ``starter``.
    :param units: images or minutes.
    """

    key: str
    state: State
    owner: str | None = None
    claimed_at: int = 0
    lease_expires: int = 0
    number: int = 0
    request: str | None = None
    job_id: str | None = None
    started_at: int = 0
    payer: str | None = None
    response_uri: str | None = None
    model_version: str | None = None
    completed_at: str | None = None
    units: float = 0.0
    error_code: str | None = None
    error_message: str | None = None

    @property
    def run_id(self) -> str | None:
        """The Dag run that paid, or None if the entry does not say."""
        return json.loads(self.payer)["run_id"] if self.payer else None

    @property
    def failures(self) -> int:
        """How many attempts at a video job have failed."""
        return self.number if self.state == "failed" else max(0, self.number - 1)

    def payer_is(self, run_id: str, media_id: str) -> bool:
        """Whether this run paid, for this asset."""
        payer = json.loads(self.payer) if self.payer else {}
        return payer.get("run_id") == run_id and payer.get("media_id") == media_id

    def saves(self, run_id: str, media_id: str) -> bool:
        """Whether the analysis saved this asset of this run a payment: another run or asset paid."""
        return self.state == "done" and not self.payer_is(run_id, media_id)

    def gives_way_to(self, archived: Entry, now: int) -> bool:
        """Whether the archive knows better: of a claim that has run out, of its own job, of an older failure.

        :param now: in milliseconds since the epoch.
        """
        if archived.state != "done":
            return False
        if self.state == "failed":
            return self.completed_at is not None and self.completed_at < (archived.completed_at or "")
        if self.state == "running" and self.job_id is None:
            return self.lease_expires < now
        return self.state == "running" and self.job_id == archived.job_id

    def to_item(self) -> dict[str, AttributeValueTypeDef]:
        """Return the item that stands for it. A float is kept as text: DynamoDB's numbers are decimal."""
        values = ((attribute, getattr(self, name)) for name, attribute in _ATTRIBUTES.items())
        return {
            attribute: {"N": str(value)} if isinstance(value, int) else {"S": str(value)}
            for attribute, value in values
            if value is not None
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Entry:
        values = {
            name: _deserialize(item[attribute])
            for name, attribute in _ATTRIBUTES.items()
            if attribute in item
        }
        for name in ("claimed_at", "lease_expires", "number", "started_at"):
            values[name] = int(values.get(name, 0))
        values["units"] = float(values.get("units", 0))
        return cls(**values)


# Field of an entry to attribute of its item. Ledgers of version 0.1 say "starter" for the payer: it stays so.
_ATTRIBUTES = {field.name: field.name for field in fields(Entry)} | {"payer": "starter"}


class Ledger:
    """Reads and writes the ledger.

    :param table: name of the table.
    :param clock: seconds since the epoch.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def lookup(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return the entries that exist, by key: one request per 100 keys."""
        return {item["key"]["S"]: Entry.from_item(item) for item in self._batch_get(sorted(set(keys)))}

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def claim(self, entry: Entry, since: int) -> Entry | None:
        """Take an analysis unless somebody else has it or it is done.

        A retry takes over at once what its earlier attempt had claimed. An attempt that was given up for dead
        but still runs counts as somebody else: what either claims from then on, the other leaves alone.

        :param entry: the entry to write, in state running, with owner and lease.
        :param since: when this attempt of the owner began, in milliseconds since the epoch.
        :return: None if it is now ours, else the entry that stands in the way.
        """
        return self._put(entry, self._claim_write(entry, since, self.now()))

    def claim_all(self, entries: Iterable[Entry], since: int) -> dict[str, Entry]:
        """Take many analyses, as :meth:`claim` takes one, with one request for up to 100 of them.

        :return: the entries that stand in the way, by key; the others are now ours.
        """
        conflicts: dict[str, Entry] = {}
        pending = list(entries)
        for start in range(0, len(pending), _TRANSACTION):
            conflicts |= self._claim_chunk(pending[start : start + _TRANSACTION], since)
        return conflicts

    def _claim_chunk(self, entries: list[Entry], since: int) -> dict[str, Entry]:
        conflicts: dict[str, Entry] = {}
        for wait in _WAITS:
            refusal = self._claim_together(entries, since) if entries else None
            if refusal is None:
                return conflicts
            conflicts |= refusal
            entries = [entry for entry in entries if entry.key not in refusal]
            if not refusal:  # somebody else was writing one of the items
                time.sleep(wait)
        one_by_one = ((entry.key, self.claim(entry, since)) for entry in entries)
        return conflicts | {key: entry for key, entry in one_by_one if entry is not None}

    def _claim_together(self, entries: list[Entry], since: int) -> dict[str, Entry] | None:
        """Take all of some analyses or none of them.

        :return: None if they are now ours, else the entries that stand in the way, by key, if the refusal
            names any.
        """
        now = self.now()
        try:
            self._client.transact_write_items(
                TransactItems=[{"Put": self._claim_write(entry, since, now)} for entry in entries]
            )
        except ClientError as error:
            if error_code(error) not in TRANSACTION_CANCELED:
                raise
            answer: Mapping[str, Any] = error.response
        else:
            return None
        return {
            entry.key: Entry.from_item(reason["Item"])
            for entry, reason in zip(entries, answer["CancellationReasons"], strict=True)
            if reason.get("Code") == "ConditionalCheckFailed" and reason.get("Item")
        }

    def _claim_write(self, entry: Entry, since: int, now: int) -> PutTypeDef:
        """Return the conditional write of a claim."""
        condition = (
            "attribute_not_exists(#key) OR #state = :failed "
            "OR (#state = :running AND attribute_not_exists(job_id) "
            "AND (lease_expires < :now OR (#owner = :owner AND claimed_at < :since)))"
        )
        values = {
            ":failed": "failed",
            ":running": "running",
            ":now": now,
            ":owner": entry.owner,
            ":since": since,
        }
        names = {"#key": "key", "#state": "state", "#owner": "owner"}
        # Of a video job, take the next attempt, or the one that was interrupted, as it was recorded.
        if entry.request is not None:
            condition = (
                f"({condition}) AND (attribute_not_exists(#key) OR (#state = :failed AND #number = :before) "
                "OR (#state = :running AND #number = :number AND #request = :request))"
            )
            values |= {":number": entry.number, ":before": entry.number - 1, ":request": entry.request}
            names |= {"#number": "number", "#request": "request"}
        return self._write(entry, condition, values, names)

    def release(self, entry: Entry) -> None:
        """Give up a claim that led to nothing: anybody may take it, with what it recorded."""
        condition = (
            "#state = :running AND #owner = :owner AND claimed_at = :claimed AND attribute_not_exists(job_id)"
        )
        values = {":running": "running", ":owner": entry.owner, ":claimed": entry.claimed_at}
        names = {"#state": "state", "#owner": "owner"}
        self._put_if(replace(entry, lease_expires=0), condition, values, names)

    def started(self, entry: Entry) -> Entry | None:
        """Record the JobId of a video job started under the claim that ``entry`` continues.

        :return: None if it is recorded, else the entry that stands in the way.
        """
        condition = (
            "#state = :running AND #number = :number AND (attribute_not_exists(job_id) OR job_id = :job)"
        )
        values = {":running": "running", ":number": entry.number, ":job": entry.job_id}
        return self._put_if(entry, condition, values, {"#state": "state", "#number": "number"})

    def finish(self, entries: Iterable[Entry]) -> None:
        """Record analyses that are done or failed.

        What was paid is always recorded, whoever holds the lease. A failure is recorded only while it is ours
        to record: it never undoes what somebody else has claimed or paid meanwhile.
        """
        done = []
        for entry in entries:
            if entry.state == "done":
                done.append(entry)
            else:
                self._fail(entry)
        requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": entry.to_item()}} for entry in done]
        self._write_all(requests)

    def _fail(self, entry: Entry) -> None:
        condition = (
            "attribute_not_exists(#key) OR (#state = :failed AND #number <= :number) "
            "OR (#state = :running AND #owner = :owner AND #number = :number)"
        )
        values = {":failed": "failed", ":running": "running", ":owner": entry.owner, ":number": entry.number}
        names = {"#key": "key", "#state": "state", "#owner": "owner", "#number": "number"}
        self._put_if(entry, condition, values, names)

    def restore(self, entry: Entry) -> bool:
        """Record what the archive has of an analysis unless the ledger knows better; return whether it did.

        The rule is :meth:`Entry.gives_way_to`, applied to what the ledger has at the moment of writing.
        """
        condition, values = "attribute_not_exists(#key)", {}
        names = {"#key": "key"}
        if entry.state == "done":
            condition += (
                " OR (#state = :running AND attribute_not_exists(job_id) AND lease_expires < :now)"
                " OR (#state = :running AND job_id = :job) OR (#state = :failed AND completed_at < :at)"
            )
            values = {
                ":running": "running",
                ":failed": "failed",
                ":now": self.now(),
                ":job": entry.job_id or "none",
                ":at": entry.completed_at or "",
            }
            names |= {"#state": "state"}
        return self._put_if(entry, condition, values, names) is None

    def record_end(self, job_id: str, status: str, ended_at: int | None = None) -> bool:
        """Record the end of a video job, SUCCEEDED or FAILED, and return whether that was news.

        :param ended_at: in milliseconds since the epoch; by default now.
        """
        try:
            self._client.put_item(
                TableName=self._table,
                Item=job_end_item(job_id, status, self._clock(), ended_at),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": "key"},
            )
        except ClientError as error:
            if error_code(error) not in CONDITION_FAILED:
                raise
            return False
        return True

    def items(self) -> Iterator[dict[str, AttributeValueTypeDef]]:
        """Yield every item of the table, as DynamoDB has it. Reading a large ledger takes time and money."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        for page in pages:
            yield from page["Items"]

    def replace(self, items: Iterable[Mapping[str, AttributeValueTypeDef]]) -> None:
        """Write items whatever is there."""
        self._write_all([{"PutRequest": {"Item": dict(item)}} for item in items])

    def remove(self, keys: Iterable[str]) -> None:
        """Delete items; one that is not there is no error."""
        self._write_all([{"DeleteRequest": {"Key": {"key": {"S": key}}}} for key in sorted(set(keys))])

    def present(self, keys: Iterable[str]) -> set[str]:
        """Return which items exist, of whatever kind."""
        return {item["key"]["S"] for item in self._batch_get(sorted(keys))}

    def erased(self, content_ids: Iterable[str]) -> set[str]:
        """Return which contents were erased and may not be analyzed again: a request per 100 of them.

        As long as nothing was ever erased, one request in all.
        """
        if not self._batch_get([ANYTHING_ERASED]):
            return set()
        keys = {erased_key(content_id): content_id for content_id in content_ids}
        return {keys[item["key"]["S"]] for item in self._batch_get(sorted(keys))}

    def _write_all(self, requests: Sequence[WriteRequestTypeDef]) -> None:
        for start in range(0, len(requests), _BATCH_WRITE):
            self._batch_write(requests[start : start + _BATCH_WRITE])

    def shared(self, key: str) -> SharedRecord:
        """Return a record of the ledger's table that many tasks change at the same time."""
        return SharedRecord(self._client, self._table, key)

    def budget(self, cost_center: str, month: str) -> BudgetRecord:
        """Return what a cost center has spent and reserved in a month, ``YYYY-MM``."""
        return BudgetRecord(self._client, self._table, cost_center, month, self._clock)

    def committed(self, cost_center: str, month: str) -> int:
        """Return what a cost center has spent and reserved in a month, in millionths of a dollar.

        Where no budget has counted yet, that is what is reported of the month.
        """
        committed = self.budget(cost_center, month).read().committed
        return self.reported_month(month).micros.get(cost_center, 0) if committed is None else committed

    def reported_month(self, month: str) -> ReportedMonth:
        """Return what is reported of a month, ``YYYY-MM``."""
        return reported_month(self._client, self._table, month)

    def note_reported(self, month: str, reported: ReportedMonth) -> None:
        """Record what is reported of a month, ``YYYY-MM``."""
        note_reported(self._client, self._table, month, reported)

    def job_ends(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Return the reported end, SUCCEEDED or FAILED, of those jobs that have one."""
        return job_ends(self._job_end_items(job_ids))

    def job_end_times(self, job_ids: Iterable[str]) -> dict[str, int]:
        """Return when those jobs ended, in milliseconds since the epoch, whose end says so."""
        return job_end_times(self._job_end_items(job_ids))

    def _job_end_items(self, job_ids: Iterable[str]) -> Iterable[Mapping[str, Any]]:
        return self._batch_get([job_end_key(job_id) for job_id in sorted(set(job_ids))])

    def _put_if(
        self, entry: Entry, condition: str, values: dict[str, Any], names: dict[str, str]
    ) -> Entry | None:
        return self._put(entry, self._write(entry, condition, values, names))

    def _write(
        self, entry: Entry, condition: str, values: dict[str, Any], names: dict[str, str]
    ) -> PutTypeDef:
        """Return a conditional write, whose refusal tells what stands in the way."""
        write: PutTypeDef = {
            "TableName": self._table,
            "Item": entry.to_item(),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            write["ExpressionAttributeValues"] = {name: _serialize(value) for name, value in values.items()}
        return write

    def _put(self, entry: Entry, write: PutTypeDef) -> Entry | None:
        try:
            self._client.put_item(**write)
        except ClientError as error:
            if error_code(error) not in CONDITION_FAILED:
                raise
            answer: Mapping[str, Any] = error.response
            item = answer.get("Item")
            conflict = Entry.from_item(item) if item else self.lookup([entry.key]).get(entry.key)
            if conflict is None:
                raise LookupError(f"{entry.key} vanished from the ledger {self._table}") from error
            return conflict
        return None

    def _batch_get(self, keys: list[str]) -> list[dict[str, AttributeValueTypeDef]]:
        chunks = [keys[start : start + _BATCH_GET] for start in range(0, len(keys), _BATCH_GET)]
        if len(chunks) <= 1:
            return self._get_chunk(chunks[0]) if chunks else []
        with ThreadPoolExecutor(8) as pool:
            return [item for items in pool.map(self._get_chunk, chunks) for item in items]

    def _get_chunk(self, keys: list[str]) -> list[dict[str, AttributeValueTypeDef]]:
        items: list[dict[str, AttributeValueTypeDef]] = []
        request: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef] = {
            self._table: {"Keys": [{"key": {"S": key}} for key in keys], "ConsistentRead": True}
        }
        for wait in _WAITS:
            reply = self._client.batch_get_item(RequestItems=request)
            items += reply["Responses"].get(self._table, [])
            request = reply.get("UnprocessedKeys") or {}
            if not request:
                return items
            time.sleep(wait)
        raise TimeoutError(
            f"DynamoDB left keys of {self._table} unread after {len(_WAITS)} attempts: raise its capacity"
        )

    def _batch_write(self, requests: Sequence[WriteRequestTypeDef]) -> None:
        pending: Mapping[str, Sequence[WriteRequestTypeDef | WriteRequestOutputTypeDef]] = {
            self._table: requests
        }
        for wait in _WAITS:
            pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems") or {}
            if not pending:
                return
            time.sleep(wait)
        raise TimeoutError(
            f"DynamoDB left items of {self._table} unwritten after {len(_WAITS)} attempts: raise its capacity"
        )
