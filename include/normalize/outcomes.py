"""How each analysis and each asset of a batch ended, as tables ``analyses`` and ``media_assets`` show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from include.core.budgets import BUDGET_REACHED
from include.core.features import FEATURES, tables_filled
from include.core.run import Run
from include.core.schemas import TABLES
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.plan_batches import takes_frames

_NOT_PAID_FOR = "this run may not pay for it; the next run of the Dag that enriches the day does"
_NO_MONEY = "the budget of {} for the month is reached; the analysis goes on by itself when there is money"
_NOT_ANALYZED = "the analysis did not take place; run the day again"


def analysis_row(
    asset: Row,
    planned: Row,
    entry: Entry | None,
    findings: Mapping[str, int],
    run: Run,
    broke: str | None = None,
) -> Row:
    """Return the row of an analysis.

    :param planned: the analysis as the plan has it.
    :param entry: what the ledger knows of it.
    :param findings: number of its findings by table.
    :param broke: the cost center whose budget had no money for it, or None.
    """
    call = FEATURES[planned["feature"]].analysis(asset["media_type"], by_frames=takes_frames(planned))
    assert call is not None  # or it would not be planned
    return {
        "media_id": asset["media_id"],
        "feature": planned["feature"],
        "operation": call.operation,
        "analysis_key": planned["analysis_key"],
        **_outcome(asset, planned, entry, findings, run, broke),
    }


def _outcome(
    asset: Row,
    planned: Row,
    entry: Entry | None,
    findings: Mapping[str, int],
    run: Run,
    broke: str | None,
) -> Row:
    if planned["state"] == "rejected":
        return _ended("rejected", planned["code"], planned["message"])
    if entry is not None and entry.state == "done":
        return {
            "status": "succeeded" if entry.payer_is(run.run_id, asset["media_id"]) else "reused",
            "model_version": entry.model_version,
            "response_uri": entry.response_uri,
            "units": entry.units,
            "findings": sum(findings.values()),
            "completed_at": datetime.fromisoformat(entry.completed_at) if entry.completed_at else None,
            "findings_by_table": _by_table(asset, planned, findings),
        }
    if broke is not None:
        return _ended("stopped", BUDGET_REACHED, _NO_MONEY.format(broke))
    return _not_done(planned, entry)


def _not_done(planned: Row, entry: Entry | None) -> Row:
    if planned["state"] == "not_selected" and (entry is None or entry.state == "running"):
        return _ended("stopped", planned["code"] or "NotPaidFor", planned["message"] or _NOT_PAID_FOR)
    code, message = (entry.error_code, entry.error_message) if entry else (None, None)
    return _ended("failed", code or "NotAnalyzed", message or _NOT_ANALYZED)


def _by_table(asset: Row, planned: Row, findings: Mapping[str, int]) -> list[Row]:
    """Return the number of findings in each table that the request asks to fill."""
    tables = tables_filled(FEATURES[planned["feature"]], asset["media_type"], planned["parameters"])
    return [{"table_name": table, "row_count": findings.get(table, 0)} for table in tables]


def _ended(status: str, code: str, message: str) -> Row:
    return {"status": status, "error_code": code, "error_message": message}


def asset_row(asset: Row, analyses: Sequence[Row]) -> Row:
    """Return the row of an asset.

    :param analyses: the rows of its analyses.
    """
    bad = next((row for row in analyses if row["status"] not in ("succeeded", "reused")), None)
    row = {name: asset[name] for name in TABLES["media_assets"].column_types if name in asset}
    row |= {
        "status": _asset_status(asset, [analysis["status"] for analysis in analyses]),
        "last_modified": datetime.fromisoformat(asset["last_modified"]),
    }
    if bad is not None and not asset["reason_code"]:
        row |= {"reason_code": bad["error_code"], "reason": f"{bad['feature']}: {bad['error_message']}"}
    return row


def _asset_status(asset: Row, statuses: Sequence[str]) -> str:
    good = sum(status in ("succeeded", "reused") for status in statuses)
    if asset["reason_code"] or (statuses and all(status == "rejected" for status in statuses)):
        return "rejected"
    if good == len(statuses):
        return "analyzed"
    return "partial" if good else "failed"
