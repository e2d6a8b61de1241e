"""The usage log: a line for each billable unit, a row of table ``usage`` before it is priced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.core.features import FEATURES, ImageCall, MediaType, price_items
from include.core.run import Run, usage_log_uri
from include.store.objects import Row, get_ndjson, list_uris

# The operation of usage lines that are the time of a model, whatever was analyzed meanwhile.
MODEL_TIME = "StartProjectVersion"


def payer_of(run: Run, asset: Mapping[str, Any], media_type: MediaType) -> Row:
    """Return who pays for an analysis: the part of a usage line that is known beforehand."""
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "partition": run.partition,
        "source": asset["source"],
        "cost_center": asset["cost_center"],
        "media_id": asset["media_id"],
        "media_type": media_type,
    }


def usage_lines(
    payer: Mapping[str, Any],
    analysis_key: str,
    feature: str,
    parameters: Mapping[str, Any],
    units: float,
    at: str,
    reused: bool,
    *,
    by_frames: bool = False,
) -> Iterator[Row]:
    """Yield the usage lines of one analysis: one per line of the price book that it is billed by.

    :param payer: from :func:`payer_of`.
    :param parameters: members of the request; what is billed follows from them.
    :param units: images or minutes.
    :param reused: True if the analysis existed, and nothing was paid.
    :param by_frames: True if frames of a video are analyzed as images.
    """
    call = FEATURES[feature].analysis(payer["media_type"], by_frames=by_frames)
    assert call is not None
    occasion = f"{payer['run_id']}-{payer['media_id']}" if reused else at
    operation = call.operation if isinstance(call, ImageCall) else call.start_operation
    for item in price_items(call, parameters):
        yield {
            "usage_id": f"{analysis_key}-{item}-{occasion}",
            "at": at,
            **{name: value for name, value in payer.items() if name != "partition"},
            "analysis_key": analysis_key,
            "feature": feature,
            "operation": operation,
            "price_item": item,
            "units": units,
            "reused": reused,
        }


def read_usage_log(s3: Any, bucket: str, partition: str) -> Iterator[Row]:
    """Yield the lines of a partition's usage log, over all runs."""
    for uri in list_uris(s3, usage_log_uri(bucket, partition)):
        yield from get_ndjson(s3, uri)
