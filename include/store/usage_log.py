"""The usage log: a line for each billable unit, a row of table ``usage`` before it is priced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.core.features import FEATURES, ImageCall, MediaType, price_items
from include.core.run import Run, usage_log_uri
from include.store.objects import Row, get_ndjson, list_uris, put_ndjson
from include.store.waiting_reports import ask_for_report

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
) -> Iterator[Row]:
    """Yield the usage lines of one analysis: one per line of the price book that it is billed by.

    :param payer: from :func:`payer_of`.
    :param parameters: members of the request; what is billed follows from them.
    :param units: images or minutes.
    :param reused: True if the analysis existed, and nothing was paid.
    """
    call = FEATURES[feature].analysis(payer["media_type"])
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


def log_model_hours(s3: Any, run: Run, model: Row, session: Session) -> None:
    """Log the time in which a Custom Labels model ran, which is billed whether it was called or not.

    The model may be stopped after the day was published and reported: a report is asked for.

    :param model: from the plan: ``{arn, feature, source, cost_center}``.
    """
    call = FEATURES[model["feature"]].image
    assert call is not None
    name = hashlib.sha256(f"{session.arn}/{session.running_since}".encode()).hexdigest()
    line = {
        "usage_id": f"{name}-{call.hourly_price_item}",
        "at": datetime.fromtimestamp(session.running_until, UTC)
        .replace(tzinfo=None)
        .isoformat(timespec="milliseconds"),
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "source": model["source"],
        "cost_center": model["cost_center"],
        "media_id": session.arn,
        "media_type": "image",
        "analysis_key": name,
        "feature": model["feature"],
        "operation": MODEL_TIME,
        "price_item": call.hourly_price_item,
        "units": session.hours,
        "reused": False,
    }
    put_ndjson(s3, run.usage_uri(f"model-{name[:16]}"), [line])
    ask_for_report(s3, run)


def read_usage_log(s3: Any, bucket: str, partition: str) -> Iterator[Row]:
    """Yield the lines of a partition's usage log, over all runs."""
    for uri in list_uris(s3, usage_log_uri(bucket, partition)):
        yield from get_ndjson(s3, uri)


@dataclass(frozen=True)
class Session:
    """A time in which a model ran, in seconds since the epoch."""

    arn: str
    running_since: int
    running_until: int
    inference_units: int

    @property
    def hours(self) -> float:
        """Inference-unit hours: what is billed."""
        return (self.running_until - self.running_since) / 3600 * self.inference_units
