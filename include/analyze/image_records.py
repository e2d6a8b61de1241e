"""Responses are archived, then logged, then recorded in the ledger: so nothing that was paid is lost."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING

from include.analyze.image_lanes import Outcome
from include.analyze.replaced_objects import replaced_objects
from include.store.archived_chunks import chunk_entries, log_chunk_usage
from include.store.ledger import Entry
from include.store.objects import Row, list_uris, put_ndjson
from include.store.response_archive import now, read_lines
from include.store.stopped_analyses import note_stopped
from include.store.usage_log import usage_lines

if TYPE_CHECKING:
    from tenacity import Retrying

    from include.analyze.image_lanes import ImageWork
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)


class ImageRecords:
    """Archive, usage log and ledger of one batch.

    :param batch: name of the batch within the run, the same at every attempt.
    :param retrying: repeats requests while S3 or the ledger cannot be reached.
    """

    def __init__(self, workspace: Workspace, batch: str, retrying: Retrying) -> None:
        self._s3 = workspace.s3
        self._ledger = workspace.ledger
        self._run = workspace.run
        self._batch = batch
        self._retrying = retrying

    def record(self, outcomes: list[Outcome]) -> list[Entry]:
        """Record what was paid and what failed, and return the entries that the ledger has now."""
        paid = [outcome for outcome in outcomes if outcome.kind == "paid"]
        entries = [outcome.entry for outcome in outcomes if outcome.entry is not None]
        if paid:
            name = f"{int(time.time() * 1000)}-{uuid.uuid4().hex[:8]}"
            uri = f"{self._run.responses_uri(self._batch)}{name}.ndjson.gz"
            entries += self._retrying(self._archive, uri, paid)
        self._retrying(self._ledger.finish, entries)
        return entries

    def adopt_archived(self) -> None:
        """Record chunks that an earlier attempt archived without coming to tell the ledger."""
        for uri in list_uris(self._s3, self._run.responses_uri(self._batch)):
            lines = list(read_lines(self._s3, uri))
            known = self._ledger.lookup(line["analysis_key"] for line in lines)
            done = {key for key, entry in known.items() if entry.state == "done"}
            if any(line["analysis_key"] not in done for line in lines if not line["replaced"]):
                log.info("adopting %d responses that an earlier attempt archived", len(lines))
                self._ledger.finish(self._log_usage(uri, lines))

    def note_stopped(self, work: list[ImageWork]) -> None:
        """Note what a budget stopped, for the batch's rows."""
        note_stopped(self._s3, self._run, self._batch, {item.key: item.payer["cost_center"] for item in work})

    def log_reused(self, work: list[ImageWork]) -> int:
        """Log what was reused: done, and not paid for by this run for the same asset in an earlier attempt.

        :return: how many analyses that is.
        """
        entries = self._ledger.lookup(item.key for item in work)
        run_id = self._run.run_id
        reused = [
            item
            for item in work
            if (entry := entries.get(item.key)) and entry.saves(run_id, item.asset["media_id"])
        ]
        lines: list[Row] = []
        at = now()
        for item in reused:
            lines += usage_lines(item.payer, item.key, item.feature, item.parameters, 1.0, at, reused=True)
        if lines:
            put_ndjson(self._s3, self._run.usage_uri(f"{self._batch}-reused"), lines)
        return len(reused)

    def _archive(self, uri: str, paid: list[Outcome]) -> list[Entry]:
        """Archive a chunk of responses and log its usage; a repetition replaces both."""
        lines = [outcome.line for outcome in paid if outcome.line]
        replaced = replaced_objects(self._s3, (outcome.work.asset for outcome in paid))
        for line in lines:
            line["replaced"] = line["payer"]["media_id"] in replaced
        put_ndjson(self._s3, uri, lines)
        return self._log_usage(uri, lines)

    def _log_usage(self, uri: str, lines: list[Row]) -> list[Entry]:
        """Log the usage of an archived chunk, and return its entries."""
        log_chunk_usage(self._s3, uri, lines)
        return list(chunk_entries(uri, lines))
