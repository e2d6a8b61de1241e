"""The archive of responses, from which every table can be derived again without paying, and the log of usage.

A response line is ``{analysis_key, operation, request, response, request_id, model_version, at}``; pages of a video
job have ``page`` as well. Lines are kept in gzip-compressed NDJSON objects that are written before the ledger says
done. A usage line is a row of table ``usage`` before it is priced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from include.custom_models import Session
from include.features import FEATURES, ImageCall, MediaType, VideoJob
from include.objects import Row, get_ndjson, list_uris, put_ndjson
from include.run import Run


def now() -> str:
    """The present time as archived: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def response_line(
    analysis_key: str,
    operation: str,
    request: Mapping[str, Any],
    response: dict[str, Any],
    model_version: str | None,
) -> Row:
    """Make the line of one response; boto3's ``ResponseMetadata`` gives the request id and is left out.

    :param model_version: from :func:`model_version`.
    """
    body = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    return {
        "analysis_key": analysis_key,
        "operation": operation,
        "request": request,
        "response": body,
        "request_id": response.get("ResponseMetadata", {}).get("RequestId"),
        "model_version": model_version,
        "at": now(),
    }


def model_version(
    call: ImageCall | VideoJob, parameters: Mapping[str, Any], response: Mapping[str, Any]
) -> str | None:
    """Return the version of the model that answered: as the response says, or as the request named it."""
    if call.model_version_member:
        return response.get(call.model_version_member)
    if isinstance(call, ImageCall) and call.model_parameter:
        return parameters.get(call.model_parameter)
    return None


def read_lines(s3: Any, uri: str) -> Iterator[Row]:
    """Yield the lines of an archived object, or of every object below a prefix that ends in a slash."""
    for part in list_uris(s3, uri) if uri.endswith("/") else [uri]:
        yield from get_ndjson(s3, part)


def starter(run: Run, asset: Mapping[str, Any], media_type: MediaType) -> Row:
    """Say who pays for an analysis: the part of a usage line that is known beforehand."""
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
    payer: Mapping[str, Any], analysis_key: str, feature: str, units: float, at: str, reused: bool
) -> Iterator[Row]:
    """Yield the usage lines of one analysis: one per line of the price book that it is billed by.

    :param payer: from :func:`starter`.
    :param units: images or minutes.
    :param reused: True if the analysis existed, and nothing was paid.
    """
    call = FEATURES[feature].analysis(payer["media_type"])
    assert call is not None
    occasion = f"{payer['run_id']}-{payer['media_id']}" if reused else at
    operation = call.operation if isinstance(call, ImageCall) else call.start_operation
    for item in call.price_items:
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
        "operation": "StartProjectVersion",
        "price_item": call.hourly_price_item,
        "units": session.hours,
        "reused": False,
    }
    put_ndjson(s3, run.usage_uri(f"model-{name[:16]}"), [line])


def read_plan(s3: Any, uri: str) -> list[Row]:
    """Return the lines of a planned batch (see :mod:`include.plan`)."""
    return list(get_ndjson(s3, uri))


def analyses_of(batch: Iterable[Row], *states: str) -> Iterator[tuple[Row, Row]]:
    """Yield ``(asset, analysis)`` of a batch whose state is one of ``states``."""
    for row in batch:
        for analysis in row["analyses"]:
            if analysis["state"] in states:
                yield row["asset"], analysis
