"""What the archive tells a ledger that was lost: entries of the analyses that were paid for.

Objects of the archive are taken in groups, each of which can be read by itself:

- ``responses/dt=.../run=.../<batch>/``: each object has responses to images, and who paid.
- ``responses/jobs/<JobId>/``: the pages of a video job; who paid, and how much, is in the usage log.
- ``responses/frames/<analysis key>/``: responses to frames of a video. Nothing in the archive says whether
  these are all: the next run takes them up, and pays for those that are missing.
- ``responses/paid/dt=.../``: analyses whose responses are past their time (``retention`` in lake.yaml).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from include.store.archived_chunks import chunk_entries, chunk_usage_uri, is_chunk, log_chunk_usage
from include.store.erased_contents import erased_key
from include.store.ledger import Entry
from include.store.objects import Row, get_ndjson, list_objects, list_uris
from include.store.response_archive import REPLACED, read_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_PAYER = ("source", "cost_center", "media_id", "media_type")


@dataclass(frozen=True)
class ArchivedGroup:
    """Objects of the archive that are read together.

    :ivar kind: ``images``, ``jobs``, ``frames`` or ``paid``.
    :ivar first: URI of the first object; ``last`` of the last one. Those in between tell nothing more.
    """

    kind: str
    first: str
    last: str

    @property
    def prefix(self) -> str:
        return f"{self.first.rpartition('/')[0]}/"

    @property
    def name(self) -> str:
        """The JobId of a job, the analysis key of frames."""
        return self.first.split("/")[-2]


def paid_uri(bucket: str, day: str) -> str:
    """Prefix of what says that analyses of a day were paid for, though their responses are gone."""
    return f"s3://{bucket}/responses/paid/dt={day}/"


def paid_line(entry: Entry) -> Row:
    """Return the line that says so of one analysis; it has the members of every archived line."""
    return {
        "analysis_key": entry.key,
        "operation": None,
        "response": None,
        "payer": json.loads(entry.payer) if entry.payer else None,
        "model_version": entry.model_version,
        "at": entry.completed_at,
        "units": entry.units,
    }


def archived_groups(s3: S3Client, bucket: str) -> Iterator[ArchivedGroup]:
    """Yield all groups of the archive, in the order of their keys. No object is read."""
    root = f"s3://{bucket}/responses/"
    listed = (uri for uri, _ in list_objects(s3, root))
    first, last, group = "", "", ("", "")
    for uri in listed:
        if (its_group := _group_of(uri, root)) != group:
            if group[0]:
                yield ArchivedGroup(group[0], first, last)
            first, group = uri, its_group
        last = uri
    if group[0]:
        yield ArchivedGroup(group[0], first, last)


def _group_of(uri: str, root: str) -> tuple[str, str]:
    """Return the kind of an object, empty for what has no responses, and the name of its group."""
    kind, _, rest = uri.removeprefix(root).partition("/")
    if kind in ("jobs", "frames"):
        return kind, rest.partition("/")[0]
    if kind == "paid":
        return kind, uri
    return ("images" if is_chunk(uri) else ""), uri


def usage_of_jobs(s3: S3Client, bucket: str) -> dict[str, str]:
    """Return JobId to where its usage is logged: some 250 bytes of memory a job."""
    uris = (uri for uri, _ in list_objects(s3, f"s3://{bucket}/usage_log/"))
    named = ((uri.rpartition("/")[2], uri) for uri in uris)
    return {
        name.removeprefix("job-").removesuffix(".ndjson.gz"): uri
        for name, uri in named
        if name.startswith("job-")
    }


class ArchivedEntries:
    """Reads the entries of groups; every method may be called by many threads.

    :param barred: keys of contents that were erased: nothing of them comes back.
    :param usage: from :func:`usage_of_jobs`.
    :param change: whether the usage of a chunk may be logged that was archived and never logged.
    """

    def __init__(
        self, s3: S3Client, barred: Collection[str], usage: Mapping[str, str], *, change: bool
    ) -> None:
        self._s3 = s3
        self._barred = barred
        self._usage = usage
        self._change = change

    def of(self, group: ArchivedGroup) -> list[Entry]:
        """Return the entries of a group, one of each analysis, those that are done rather than others.

        :raises include.store.response_archive.DamagedArchiveError: if an object cannot be read.
        """
        read = {"images": self._images, "jobs": self._job, "frames": self._frames, "paid": self._paid}
        found = sorted(read[group.kind](group), key=lambda entry: entry.state == "done")
        return list({entry.key: entry for entry in found}.values())

    def _images(self, group: ArchivedGroup) -> Iterator[Entry]:
        lines = list(self._allowed(read_lines(self._s3, group.first)))
        if self._change and not list_uris(self._s3, chunk_usage_uri(group.first)):
            log_chunk_usage(self._s3, group.first, lines)
        yield from chunk_entries(group.first, lines)

    def _job(self, group: ArchivedGroup) -> Iterator[Entry]:
        first = next(self._allowed(read_lines(self._s3, group.first)), None)
        if first is None:
            return
        *_, last = read_lines(self._s3, group.last)
        begun = datetime.fromisoformat(first["at"]).replace(tzinfo=UTC)
        entry = Entry(
            key=first["analysis_key"],
            state="running",
            number=1,
            job_id=group.name,
            started_at=int(begun.timestamp()),
        )
        usage = self._usage.get(group.name)
        if first.get("replaced"):
            code, message = REPLACED
            yield replace(
                entry, state="failed", completed_at=last["at"], error_code=code, error_message=message
            )
        elif usage is None or last["response"].get("NextToken"):
            # Its pages or its usage are not all there: the next run reads on, or logs it.
            yield entry
        else:
            line = next(get_ndjson(self._s3, usage))
            yield replace(
                entry,
                state="done",
                payer=orjson.dumps(_payer_of(usage, line)).decode(),
                response_uri=group.prefix,
                model_version=first["model_version"],
                completed_at=last["at"],
                units=line["units"],
            )

    def _frames(self, group: ArchivedGroup) -> Iterator[Entry]:
        for line in self._allowed(read_lines(self._s3, group.first)):
            payer = orjson.dumps(line["payer"]).decode()
            yield Entry(key=line["analysis_key"], state="running", payer=payer)
            return

    def _paid(self, group: ArchivedGroup) -> Iterator[Entry]:
        for line in self._allowed(read_lines(self._s3, group.first)):
            payer = orjson.dumps(line["payer"]).decode() if line["payer"] else None
            yield Entry(
                key=line["analysis_key"],
                state="done",
                payer=payer,
                model_version=line["model_version"],
                completed_at=line["at"],
                units=line["units"],
            )

    def _allowed(self, lines: Iterable[Row]) -> Iterator[Row]:
        for line in lines:
            content_id = line.get("content_id")
            if not self._barred or content_id is None or erased_key(content_id) not in self._barred:
                yield line


def _payer_of(uri: str, line: Mapping[str, Any]) -> Row:
    """Return who pays, as the usage log says it: the partition is in the place of its lines."""
    partition = uri.split("/dt=")[1].partition("/")[0]
    return {
        "dag_id": line["dag_id"],
        "run_id": line["run_id"],
        "partition": partition,
        **{name: line[name] for name in _PAYER},
    }
