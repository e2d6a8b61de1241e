"""Plan: what each asset of a partition needs, minus what was already paid for, in bounded batches and in dollars.

Nothing is paid for here. A batch is one NDJSON object with a line per asset: ``{"asset": manifest row, "analyses":
[{feature, parameters, analysis_key, state, code, message}, ...]}``, where the state is *planned*, *reused*, *rejected*
or *kept*: left as it is, because this run may not pay for it. All analyses of an asset are in one batch. An analysis that
several assets need is planned for each of them, the second time with ``again``: whichever batch comes first pays, and
every batch is complete by itself. The manifest is read, and batches are written, some assets at a time.
"""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from include.core.analysis_keys import WantedAnalysis, wanted_analyses
from include.core.features import ImageCall, MediaType, run_tables
from include.core.lake import Lake
from include.core.media_facts import MediaFacts, check_limits
from include.core.prices import Estimate, PriceBook, billed_units, estimate
from include.core.run import Run
from include.core.selection import Selection
from include.core.settings import Settings
from include.store.ledger import Entry, Ledger
from include.store.manifest import ManifestReader, RepeatedContent
from include.store.objects import Ndjson, Row, delete_prefix

log = logging.getLogger(__name__)


# Assets that are held at a time; their analyses are looked up in the ledger together.
CHUNK_ASSETS = 2_000


def plan(
    s3: Any,
    ledger: Ledger,
    lake: Lake,
    settings: Settings,
    book: PriceBook,
    run: Run,
    media_type: MediaType,
    month_to_date: Callable[[], Mapping[str, float]],
    selections: Sequence[Selection] | None = None,
) -> tuple[list[Row], Row]:
    """Write the batches of a partition and price them.

    :param month_to_date: returns the units already billed this month, by line of the price book. It is asked
        only if there is something to pay for.
    :param selections: if given, only failed analyses that one of them matches may be paid for; if empty, nothing.
    :return: the batches' claim checks ``{uri, rows, bytes}``, none for a day without assets, and the figures
        of the plan: ``{assets, analyses, calls, reused, models, rejected, units, usd: {low, likely, high},
        approval_needed, approval_text, text}``, where ``models`` are those that must run while images are
        analyzed: ``[{arn, feature, source, cost_center}, ...]``.
    :raises include.store.manifest.NoManifestError: if the day was never discovered.
    """
    manifest = ManifestReader(s3, run, media_type)
    for table in run_tables(media_type):
        delete_prefix(s3, run.staged_uri(table, media_type))
    per_source, repeated = manifest.survey()
    wants = {source: wanted_analyses(lake, source, media_type) for source in per_source}
    size = assets_per_batch(
        sum(per_source.values()),
        sum(count * len(wants[source]) for source, count in per_source.items()),
        settings,
    )
    planner = _Planner(ledger, wants, repeated, media_type, selections)
    batches = list(_write(s3, run, planner.rows(manifest.chunks(CHUNK_ASSETS)), size))
    used = month_to_date() if planner.pays else {}
    return batches, planner.figures(run, lake, book, used)


def assets_per_batch(assets: int, analyses: int, settings: Settings) -> int:
    """Return the size at which assets make at most ``max_batches`` batches, of ``batch_size`` analyses or more."""
    wanted = max(1, min(settings.max_batches, assets, math.ceil(analyses / settings.batch_size)))
    return max(1, math.ceil(assets / wanted))


def _write(s3: Any, run: Run, rows: Iterator[Row], size: int) -> Iterator[Row]:
    """Write rows in batches of ``size`` and yield their claim checks; none if there are no rows."""
    number, row = 0, next(rows, None)
    while row is not None:
        lines = Ndjson()
        while row is not None and lines.rows < size:
            lines.add(row)
            row = next(rows, None)
        uri = run.plan_uri(number)
        yield {"uri": uri, "rows": lines.rows, "bytes": lines.put(s3, uri)}
        number += 1


class _Planner:
    """Decides what becomes of each analysis, and counts."""

    def __init__(
        self,
        ledger: Ledger,
        wants: Mapping[str, list[WantedAnalysis]],
        repeated: RepeatedContent,
        media_type: MediaType,
        selections: Sequence[Selection] | None,
    ) -> None:
        self._ledger = ledger
        self._wants = wants
        self._repeated = repeated
        self._media_type = media_type
        self._selections = selections
        # What is planned of contents that are there more than once, by a digest that takes little memory.
        self._seen: set[bytes] = set()
        self._assets = 0
        self._states: Counter[str] = Counter()
        self._units: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._models: dict[str, Row] = {}
        self._off_version: Counter[str] = Counter()

    def rows(self, chunks: Iterable[Sequence[Row]]) -> Iterator[Row]:
        """Yield the plan's line of each asset."""
        for assets in chunks:
            rows = [(asset, list(self._items(asset))) for asset in assets]
            entries = self._ledger.lookup(self._keys(rows))
            for asset, items in rows:
                for item, want in zip(items, self._wants[asset["source"]], strict=True):
                    if item["state"] == "planned":
                        self._settle(item, want, asset, entries)
                    self._states["reused" if item.get("again") else item["state"]] += 1
                self._assets += 1
                yield {
                    "asset": {**asset, "last_modified": asset["last_modified"].isoformat()},
                    "analyses": items,
                }
            log.info("planned %d %ss", self._assets, self._media_type)

    def _items(self, asset: Row) -> Iterator[Row]:
        """Yield the analyses of an asset, planned, or rejected if the asset or AWS's limits do not allow them."""
        facts = _facts(asset, self._media_type)
        for want in self._wants[asset["source"]]:
            code, message = asset["reason_code"], asset["reason"]
            if code is None and (defect := check_limits(facts, asset["size_bytes"], want.call)):
                code, message = defect.code, defect.message
            yield {
                "feature": want.feature.name,
                "parameters": want.parameters,
                "analysis_key": want.key(asset["content_id"]),
                "state": "rejected" if code else "planned",
                "code": code,
                "message": message,
            }

    def _keys(self, rows: Iterable[tuple[Row, Sequence[Row]]]) -> Iterator[str]:
        """Yield the keys under which the ledger may have what the rows need."""
        for asset, items in rows:
            for item, want in zip(items, self._wants[asset["source"]], strict=True):
                if item["state"] == "planned":
                    yield item["analysis_key"]
                    if want.version:
                        yield want.unpinned_key(asset["content_id"])

    def _settle(self, item: Row, want: WantedAnalysis, asset: Row, entries: Mapping[str, Entry]) -> None:
        """Decide whether an analysis is paid for, reused or kept."""
        own = entries.get(item["analysis_key"])
        before = entries.get(want.unpinned_key(asset["content_id"])) if want.version else None
        if before is not None and before.state == "done" and before.model_version == want.version:
            item |= {"state": "reused", "analysis_key": before.key}
        elif own is not None and own.state == "done":
            item["state"] = "reused"
            if want.version and own.model_version != want.version:
                self._off_version[want.feature.name] += 1
        elif not self._may_pay(want, own, before):
            item["state"] = "kept"
            if own is None and before is not None:
                item |= {"state": "reused" if before.state == "done" else "kept", "analysis_key": before.key}
        else:
            if own is not None and own.failures:
                item["failures"] = own.failures
            if asset["content_id"] in self._repeated and self._is_second(item["analysis_key"]):
                item["again"] = True
            else:
                self._count(asset, want)

    def _is_second(self, key: str) -> bool:
        """Note that a key is planned, and return whether it was before."""
        seen = len(self._seen)
        self._seen.add(blake2b(key.encode(), digest_size=16).digest())
        return len(self._seen) == seen

    def _may_pay(self, want: WantedAnalysis, *entries: Entry | None) -> bool:
        if self._selections is None:
            return True
        failed = [entry for entry in entries if entry is not None and entry.state == "failed"]
        return any(
            selection.matches(want.feature.name, entry.error_code)
            for entry in failed
            for selection in self._selections
        )

    def _count(self, asset: Row, want: WantedAnalysis) -> None:
        """Count an analysis that will be paid for."""
        units = self._units[asset["source"]]
        for line, amount in billed_units(want.call, asset["duration_ms"]):
            units[line] += amount  # type: ignore[assignment]
        if isinstance(want.call, ImageCall) and want.call.model_parameter:
            arn = want.parameters[want.call.model_parameter]
            who = {name: asset[name] for name in ("source", "cost_center")}
            self._models.setdefault(arn, {"arn": arn, "feature": want.feature.name, **who})

    @property
    def pays(self) -> bool:
        """Whether something is to be paid for, once all rows were taken."""
        return bool(self._units)

    def figures(self, run: Run, lake: Lake, book: PriceBook, month_to_date: Mapping[str, float]) -> Row:
        """Return the figures of what was planned, once all rows were taken."""
        total: Counter[str] = Counter()
        for lines in self._units.values():
            total.update(lines)
        price = estimate(total, month_to_date, book)
        over = _over_limit(self._units, month_to_date, book, lake)
        kept = f", {self._states['kept']} left as they are" if self._states["kept"] else ""
        text = (
            f"{self._assets} {self._media_type}s: {self._states['planned']} analyses to pay for, "
            f"{self._states['reused']} reused, {self._states['rejected']} rejected{kept}; "
            f"${price.low:,.4f} to ${price.high:,.4f}, likely ${price.likely:,.4f}"
        )
        log.info("%s: %s", run.partition, text)
        for feature, count in self._off_version.items():
            log.warning(
                "%d analyses of %s were paid for at the pinned version %s, but Rekognition answered with another; "
                "they are not paid for again (see model_version in table analyses)",
                count, feature, lake.model_versions[feature],
            )  # fmt: skip
        return {
            "assets": self._assets,
            "analyses": sum(self._states.values()),
            "calls": self._states["planned"],
            "reused": self._states["reused"],
            "models": list(self._models.values()),
            "rejected": self._states["rejected"],
            "units": dict(total),
            "usd": {"low": price.low, "likely": price.likely, "high": price.high},
            "approval_needed": bool(over),
            "approval_text": "\n".join(over),
            "text": text,
        }


def _facts(asset: Row, media_type: MediaType) -> MediaFacts:
    return MediaFacts(
        media_type=media_type,
        format=asset["format"],
        codec=asset["codec"],
        width=asset["width"],
        height=asset["height"],
        duration_ms=asset["duration_ms"],
        frame_rate=asset["frame_rate"],
        defect=None,
    )


def _over_limit(
    by_source: Mapping[str, Mapping[str, float]],
    month_to_date: Mapping[str, float],
    book: PriceBook,
    lake: Lake,
) -> list[str]:
    """Return a sentence for each source whose upper estimate is above its approval limit."""
    sentences = []
    for name, lines in by_source.items():
        price: Estimate = estimate(lines, month_to_date, book)
        limit = lake.source(name).approval_limit_usd
        if price.high > limit:
            sentences.append(
                f"Source **{name}** may cost up to ${price.high:,.2f} (likely ${price.likely:,.2f}), "
                f"which is above its limit of ${limit:,.2f}."
            )
    return sentences
