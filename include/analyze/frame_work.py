"""Analyses of videos by frames: the whole of one, its calls, and what became of a batch."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from include.analyze.image_claims import ImageClaims
from include.analyze.image_lanes import BatchCounts, ImageWork
from include.core.frame_sampling import FrameSampling
from include.store.ledger import Entry
from include.store.objects import Row


@dataclass(frozen=True)
class FrameAnalysis(ImageWork):
    """One analysis of a video by frames: what is claimed in the ledger."""

    sampling: FrameSampling


@dataclass(frozen=True)
class FrameWork(ImageWork):
    """One frame to pay for.

    :param timestamp_ms: when it is shown, in milliseconds from the start of the video.
    :param jpeg: what is sent; the archive names the video instead.
    """

    timestamp_ms: int
    jpeg: bytes

    @property
    def request(self) -> Row:
        return {"Image": {"Bytes": self.jpeg}, **self.parameters}

    @property
    def archived_request(self) -> Row:
        return super().request


class FrameClaims:
    """The claims of analyses by frames: the frames of one share its claim, whichever thread renews it.

    :param claims: of the batch.
    """

    def __init__(self, claims: ImageClaims) -> None:
        self._claims = claims
        self._held: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def claim_all(self, work: list[FrameAnalysis]) -> tuple[list[FrameAnalysis], dict[str, Entry]]:
        """Claim work.

        :return: what is ours, and the entries that stand in the way of the rest, by key.
        """
        ours, conflicts = self._claims.claim_all(list[ImageWork](work))
        claims = {item.key: claim for item, claim in ours}
        self._held |= claims
        return [item for item in work if item.key in claims], conflicts

    def held(self, key: str) -> Entry:
        """Return the claim of an analysis that is ours."""
        return self._held[key]

    @property
    def used_up(self) -> bool:
        """Whether too many calls were lost for any to be made again."""
        return self._claims.spare_calls.used_up

    def may_repeat(self) -> bool:
        """Whether a call may be made again whose answer was lost."""
        return self._claims.may_repeat()

    def release(self, claim: Entry) -> None:
        """Keep a claim under which a frame has no money: others of the video may be in flight."""

    def give_up(self, key: str) -> None:
        """Give up the claim of an analysis, once none of its frames is in flight."""
        self._claims.release(self._held.pop(key))

    def renewed(self, work: ImageWork, claim: Entry) -> tuple[Entry, Entry | None]:
        """Renew the claim of an analysis if it has grown old, for all its frames.

        :param claim: as a thread has it; another may have renewed it meanwhile.
        :return: as :meth:`include.analyze.image_claims.ImageClaims.renewed`.
        """
        with self._lock:
            claim, conflict = self._claims.renewed(work, self._held[work.key])
            if conflict is None:
                self._held[work.key] = claim
            return claim, conflict


@dataclass
class FrameSummary(BatchCounts):
    """Counts of one batch of videos that are analyzed by frames.

    :ivar frames: calls that were paid for.
    :ivar done: analyses that this attempt finished.
    """

    frames: int = 0
    done: int = 0
