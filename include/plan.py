"""Plan: what each asset of a partition needs, minus what was already paid for, in bounded batches and in dollars.

Nothing is paid for here. A batch is one NDJSON object with a line per asset: ``{"asset": manifest row, "analyses":
[{feature, parameters, analysis_key, state, code, message}, ...]}``, where the state is *planned*, *reused* or *rejected*. All
analyses of an asset are in one batch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from include.costs import Estimate, PriceBook, estimate
from include.features import FEATURES, Feature, ImageCall, MediaType, VideoJob, run_tables
from include.ledger import Ledger
from include.media_probe import MediaFacts, check_limits
from include.objects import Row, delete_prefix, get_parquet, put_ndjson
from include.request_parameters import request_parameters
from include.run import Run
from include.settings import Lake, Settings

log = logging.getLogger(__name__)

# What one inference unit of a Custom Labels model is assumed to take: five images a second. It depends on the model and
# on the images ("Inference units", https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/running-model.html).
MODEL_IMAGES_PER_HOUR = 5 * 3600


class NoManifestError(FileNotFoundError):
    """The partition has no manifest; the text says how to make one."""


def analysis_key(
    content_id: str, feature: Feature, media_type: MediaType, members: Mapping[str, Any] | None = None
) -> str:
    """Return the identity of an analysis: what is paid for once.

    Whatever changes the answer of AWS is part of it: the bytes, the operation and its parameters.

    :param members: request members that the source sets.
    """
    call = feature.analysis(media_type)
    if call is None:
        raise ValueError(f"{feature.name} is not offered for {media_type}s")
    identity = {
        "content_id": content_id,
        "feature": feature.name,
        "operation": call.operation,
        "parameters": request_parameters(call, members or {}),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def billed_units(call: ImageCall | VideoJob, duration_ms: int | None) -> Iterator[tuple[str, float]]:
    """Yield what one analysis is billed as: lines of the price book with images, minutes of the video, or hours.

    A model that is billed by the hour is taken to be busy all the time; it costs more where calls come more slowly.
    """
    amount = 1.0 if isinstance(call, ImageCall) else (duration_ms or 0) / 60_000
    for item in call.price_items:
        yield item, amount
    if isinstance(call, ImageCall) and call.hourly_price_item:
        yield call.hourly_price_item, 1 / MODEL_IMAGES_PER_HOUR


def read_manifest(s3: Any, run: Run, media_type: MediaType) -> list[Row]:
    """Return the assets of one media type in the partition's manifest.

    :raises NoManifestError: if the day was never discovered.
    """
    try:
        table = get_parquet(s3, run.manifest_uri())
    except FileNotFoundError:
        raise NoManifestError(
            f"{run.partition} has no manifest: run discover_media for that day first (it then starts this Dag)"
        ) from None
    return [row for row in table.to_pylist() if row["media_type"] == media_type]


def plan(
    s3: Any,
    ledger: Ledger,
    lake: Lake,
    settings: Settings,
    book: PriceBook,
    run: Run,
    media_type: MediaType,
    month_to_date: Mapping[str, float],
) -> tuple[list[Row], Row]:
    """Write the batches of a partition and price them.

    :param month_to_date: units already billed this month, by line of the price book.
    :return: the batches' claim checks ``{uri, rows, bytes}``, and the figures of the plan: ``{assets, analyses, calls,
        reused, models, rejected, units, usd: {low, likely, high}, approval_needed, approval_text, text}``, where
        ``models`` are those that must run while images are analyzed: ``[{arn, feature, source, cost_center}, ...]``.
    """
    for table in run_tables(media_type):
        delete_prefix(s3, run.staged_uri(table, media_type))
    assets = [_with_analyses(asset, lake, media_type) for asset in read_manifest(s3, run, media_type)]
    _mark_reused(assets, ledger)
    batches = []
    for number, rows in enumerate(_cut(assets, settings.batch_size, settings.max_batches)):
        uri = run.plan_uri(number)
        batches.append({"uri": uri, "rows": len(rows), "bytes": put_ndjson(s3, uri, rows)})
    states = Counter(analysis["state"] for row in assets for analysis in row["analyses"])
    by_source = _planned_units(assets, media_type)
    total: Counter[str] = Counter()
    for lines in by_source.values():
        total.update(lines)
    price = estimate(total, month_to_date, book)
    over = _over_limit(by_source, month_to_date, book, lake)
    text = (
        f"{len(assets)} {media_type}s: {states['planned']} analyses to pay for, {states['reused']} reused, "
        f"{states['rejected']} rejected; ${price.low:,.4f} to ${price.high:,.4f}, likely ${price.likely:,.4f}"
    )
    log.info("%s: %s", run.partition, text)
    return batches, {
        "assets": len(assets),
        "analyses": sum(states.values()),
        "calls": states["planned"],
        "reused": states["reused"],
        "models": _models(assets, media_type),
        "rejected": states["rejected"],
        "units": dict(total),
        "usd": {"low": price.low, "likely": price.likely, "high": price.high},
        "approval_needed": bool(over),
        "approval_text": "\n".join(over),
        "text": text,
    }


def _with_analyses(asset: Row, lake: Lake, media_type: MediaType) -> Row:
    """Add the analyses that the asset's source asks for, each planned or rejected."""
    facts = MediaFacts(
        media_type=media_type,
        format=asset["format"],
        codec=asset["codec"],
        width=asset["width"],
        height=asset["height"],
        duration_ms=asset["duration_ms"],
        frame_rate=asset["frame_rate"],
        defect=None,
    )
    analyses = []
    for name, members in lake.source(asset["source"]).features.get(media_type, {}).items():
        feature = FEATURES[name]
        call = feature.analysis(media_type)
        assert call is not None  # the lake's settings were checked
        code, message = asset["reason_code"], asset["reason"]
        if code is None:
            defect = check_limits(facts, asset["size_bytes"], call)
            code, message = (defect.code, defect.message) if defect else (None, None)
        analyses.append(
            {
                "feature": name,
                "parameters": request_parameters(call, members),
                "analysis_key": analysis_key(asset["content_id"], feature, media_type, members),
                "state": "rejected" if code else "planned",
                "code": code,
                "message": message,
            }
        )
    asset = {**asset, "last_modified": asset["last_modified"].isoformat()}
    return {"asset": asset, "analyses": analyses}


def _mark_reused(assets: Iterable[Row], ledger: Ledger) -> None:
    """Mark what the ledger has as done, and every repetition within the partition, as reused."""
    planned = [analysis for row in assets for analysis in row["analyses"] if analysis["state"] == "planned"]
    known = ledger.lookup(analysis["analysis_key"] for analysis in planned)
    done = {key for key, entry in known.items() if entry.state == "done"}
    for analysis in planned:
        if analysis["analysis_key"] in done:
            analysis["state"] = "reused"
        done.add(analysis["analysis_key"])


def _cut(assets: Sequence[Row], batch_size: int, max_batches: int) -> Iterator[Sequence[Row]]:
    """Cut assets into at most ``max_batches`` batches of about ``batch_size`` analyses; at least one, maybe empty."""
    analyses = sum(len(row["analyses"]) for row in assets)
    wanted = max(1, min(max_batches, len(assets), math.ceil(analyses / batch_size)))
    size = max(1, math.ceil(len(assets) / wanted))
    for start in range(0, max(1, len(assets)), size):
        yield assets[start : start + size]


def _planned_units(assets: Iterable[Row], media_type: MediaType) -> dict[str, Counter[str]]:
    """Return the units to pay for by source and line of the price book."""
    found: dict[str, Counter[str]] = {}
    for row in assets:
        lines = found.setdefault(row["asset"]["source"], Counter())
        for analysis in row["analyses"]:
            if analysis["state"] == "planned":
                call = FEATURES[analysis["feature"]].analysis(media_type)
                assert call is not None
                for item, amount in billed_units(call, row["asset"]["duration_ms"]):
                    lines[item] += amount  # type: ignore[assignment]
    return found


def _models(assets: Iterable[Row], media_type: MediaType) -> list[Row]:
    """Return the models that have to be started, each with the first source that needs it."""
    models: dict[str, Row] = {}
    for row in assets:
        for analysis in row["analyses"]:
            call = FEATURES[analysis["feature"]].analysis(media_type)
            if analysis["state"] == "planned" and isinstance(call, ImageCall) and call.model_parameter:
                arn = analysis["parameters"][call.model_parameter]
                who = {name: row["asset"][name] for name in ("source", "cost_center")}
                models.setdefault(arn, {"arn": arn, "feature": analysis["feature"], **who})
    return list(models.values())


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
