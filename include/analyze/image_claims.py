"""Claims on analyses of images: while one run holds a claim in the ledger, no other makes the call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from include.store.ledger import Entry
from include.store.spare_calls import SpareCalls

if TYPE_CHECKING:
    from tenacity import Retrying

    from include.analyze.image_lanes import ImageWork
    from include.store.workspace import Workspace

# A claim with less of its lease left is renewed before a call: it has to outlast call and flush.
LEASE_SHARE_LEFT = 0.5


class ImageClaims:
    """The claims of one attempt at a batch.

    :param owner: identity of the batch of the run, the same at every attempt.
    :param retrying: repeats requests while the ledger cannot be reached.
    :param calls_each: calls that are in flight under one claim at most.
    :ivar interrupted: analyses that an earlier attempt had claimed when it ended: it may have called them.
    :ivar spare_calls: calls that may be made again. Without any, what may have been called is left.
    """

    def __init__(self, workspace: Workspace, owner: str, retrying: Retrying, calls_each: int = 1) -> None:
        self._ledger = workspace.ledger
        self._lease_ms = 1000 * workspace.settings.lease_seconds
        self._owner = owner
        self._retrying = retrying
        self._calls_each = calls_each
        self._began = self._ledger.now()
        self.interrupted = 0
        self.spare_calls = SpareCalls(workspace.ledger, workspace.run)

    def claim_all(self, work: list[ImageWork]) -> tuple[list[tuple[ImageWork, Entry]], dict[str, Entry]]:
        """Claim work with two requests.

        :return: the work that is ours, with its claims, and the entries that stand in the way of the rest, by
            key.
        """
        known = self._retrying(self._ledger.lookup, [item.key for item in work])
        conflicts = {key: entry for key, entry in known.items() if entry.state == "done"}
        conflicts |= self._interrupted_for_good(known.values())
        claims = {item.key: self._claim(item) for item in work if item.key not in conflicts}
        refused = self._retrying(self._ledger.claim_all, claims.values(), self._began)
        # If the answer to a first request was lost, it is our own claim that stands in the way.
        conflicts |= {key: entry for key, entry in refused.items() if entry != claims[key]}
        return [(item, claims[item.key]) for item in work if item.key not in conflicts], conflicts

    def renewed(self, work: ImageWork, claim: Entry) -> tuple[Entry, Entry | None]:
        """Renew a claim that has grown old.

        :return: the claim to go on with, and the entry that stands in its way, None if it is ours.
        """
        if claim.lease_expires - self._ledger.now() >= LEASE_SHARE_LEFT * self._lease_ms:
            return claim, None
        since = claim.claimed_at + 1  # what was claimed before is ours to claim again
        claim = self._claim(work)
        conflict = self._retrying(self._ledger.claim, claim, since)
        return claim, None if conflict == claim else conflict

    def release(self, claim: Entry) -> None:
        """Give up a claim under which nothing was called."""
        self._retrying(self._ledger.release, claim)

    def _claim(self, work: ImageWork) -> Entry:
        now_ms = self._ledger.now()
        return Entry(
            key=work.key,
            state="running",
            owner=self._owner,
            claimed_at=now_ms,
            lease_expires=now_ms + self._lease_ms,
            payer=orjson.dumps(work.payer).decode(),
        )

    def may_repeat(self) -> bool:
        """Whether a call may be made again whose answer was lost."""
        return self._retrying(self.spare_calls.take, 1)

    def _interrupted_for_good(self, entries: Iterable[Entry]) -> dict[str, Entry]:
        """Count what an earlier attempt may have called, and return it if it may not be called again."""
        ours = [entry for entry in entries if entry.state == "running" and entry.owner == self._owner]
        interrupted = {
            entry.key: entry for entry in ours if entry.claimed_at < self._began and entry.lease_expires > 0
        }
        self.interrupted += len(interrupted)
        calls = self._calls_each * len(interrupted)
        return {} if self._retrying(self.spare_calls.take, calls) else interrupted
