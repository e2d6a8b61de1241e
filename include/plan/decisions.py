"""What becomes of one analysis: the run pays for it, reuses it, rejects it or leaves it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from include.core.analysis_keys import WantedAnalysis
from include.core.media_facts import Defect, MediaFacts, check_frame_limits, check_limits
from include.core.selection import Selection
from include.store.content_identity import identities_of
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.plan_batches import PlannedState

_BEST_FIRST = ("done", "running", "failed")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One analysis that a source asks for, of one asset.

    :param asset: row of the manifest.
    :param keys: under which the ledger may know it, one for each identity of the bytes. What is new is paid
        for under the first.
    :param defect: why Rekognition cannot analyze the asset, or None if it can.
    :param dearer: the same by the route that costs more, where the plan may take either.
    """

    asset: Row
    want: WantedAnalysis
    keys: tuple[str, ...]
    defect: Defect | None
    dearer: Candidate | None = None

    @classmethod
    def of(cls, asset: Row, want: WantedAnalysis) -> Candidate:
        """Make a candidate, and check the asset against the limits of the analysis."""
        return cls(asset, want, tuple(map(want.key, identities_of(asset))), _defect(asset, want))

    @property
    def unpinned_keys(self) -> tuple[str, ...]:
        """The keys of the same analysis from before its version was pinned; none without a pin."""
        return tuple(map(self.want.unpinned_key, identities_of(self.asset))) if self.want.version else ()

    def ledger_keys(self) -> Iterator[str]:
        """Yield the keys under which the ledger may know the analysis, by whichever route."""
        yield from self._own_keys()
        if self.dearer is not None:
            yield from self.dearer.ledger_keys()

    def _own_keys(self) -> Iterator[str]:
        if self.defect is None:
            yield from self.keys
            yield from self.unpinned_keys

    def by_known_route(self, entries: Mapping[str, Entry]) -> Candidate:
        """Return the candidate by the route that was taken before, else by the one that costs less.

        So a route is never changed once it was tried, whatever prices do, and a re-drive finds what failed.

        :param entries: what the ledger knows, by analysis key.
        """
        routes = [self] if self.dearer is None else [self, self.dearer]
        for state in _BEST_FIRST:
            for route in routes:
                if any(key in entries and entries[key].state == state for key in route._own_keys()):
                    return route
        return self


class Decision(NamedTuple):
    """What becomes of a candidate.

    :param key: analysis key of what is paid for or reused.
    :param failures: attempts that failed so far.
    :param other_version: whether it was paid for at the pinned version, but another version answered.
    """

    state: PlannedState
    key: str
    failures: int = 0
    other_version: bool = False


def decide(
    candidate: Candidate, entries: Mapping[str, Entry], selections: Sequence[Selection] | None
) -> Decision:
    """Decide what becomes of a candidate.

    An analysis from before a pin is reused if the pinned version made it. One under the pinned key is reused
    whichever version answered: paying again would give the same answer.

    :param entries: what the ledger knows, by analysis key.
    :param selections: if given, the run may pay only for failed analyses that one of them matches.
    """
    if candidate.defect is not None:
        return Decision("rejected", candidate.keys[0])
    version = candidate.want.version
    own, unpinned = _known(candidate.keys, entries), _known(candidate.unpinned_keys, entries)
    if unpinned is not None and unpinned.state == "done" and unpinned.model_version == version:
        return Decision("reused", unpinned.key)
    if own is not None and own.state == "done":
        return Decision("reused", own.key, other_version=version not in (None, own.model_version))
    if _may_pay(candidate.want.feature.name, (own, unpinned), selections):
        # What is under way goes on under its key.
        key, failures = (own.key, own.failures) if own else (candidate.keys[0], 0)
        return Decision("planned", key, failures)
    known = own or unpinned
    if known is None:
        return Decision("not_selected", candidate.keys[0])
    return Decision("reused" if known.state == "done" else "not_selected", known.key)


def _known(keys: Iterable[str], entries: Mapping[str, Entry]) -> Entry | None:
    """Return what the ledger knows under any of some keys: what is done, else what is under way."""
    found = [entries[key] for key in keys if key in entries]
    return min(found, key=lambda entry: _BEST_FIRST.index(entry.state), default=None)


def _may_pay(feature: str, entries: Sequence[Entry | None], selections: Sequence[Selection] | None) -> bool:
    if selections is None:
        return True
    codes = [entry.error_code for entry in entries if entry is not None and entry.state == "failed"]
    return any(selection.matches(feature, code) for code in codes for selection in selections)


def _defect(asset: Row, want: WantedAnalysis) -> Defect | None:
    if asset["reason_code"] is not None:
        return Defect(asset["reason_code"], asset["reason"])
    facts = MediaFacts(
        media_type=want.media_type,
        format=asset["format"],
        codec=asset["codec"],
        width=asset["width"],
        height=asset["height"],
        duration_ms=asset["duration_ms"],
        frame_rate=asset["frame_rate"],
    )
    if want.sampling is None:
        return check_limits(facts, asset["size_bytes"], want.call)
    job, call = want.feature.video, want.feature.image
    assert job is not None
    assert call is not None  # or frames could not be asked for
    return check_frame_limits(facts, asset["size_bytes"], job, call)
