"""Decisions of people whether a day is published although rules are broken, and the record of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.core.features import MediaType
from include.publish.added_rows import publish_added
from include.store.workspace import Workspace

DECISIONS = "publish_decisions"

REASON = "reason"


class PublishDecision(BaseModel):
    """What a person decided, or that nobody did in time.

    :ivar decided_by: None if nobody did.
    :ivar reason: in the person's words; None if there are none.
    """

    model_config = ConfigDict(frozen=True)

    decision: Literal["approved", "rejected", "timed_out"]
    decided_at: AwareDatetime
    decided_by: str | None = None
    reason: str | None = None

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any], approved: bool) -> Self:
        """Return a decision from an answer, as Airflow gives it to the task that asked."""
        reason = (answer["params_input"] or {}).get(REASON) or ""
        return cls(
            decision="approved" if approved else "rejected",
            decided_at=answer["responded_at"],
            decided_by=decider(answer),
            reason=reason.strip() or None,
        )

    @classmethod
    def of_nobody(cls) -> Self:
        """Return that the time to decide is over."""
        return cls(decision="timed_out", decided_at=datetime.now(UTC))


def decider(answer: Mapping[str, Any]) -> str:
    """Return the name of who answered."""
    return (answer["responded_by_user"] or {}).get("name") or "somebody in Airflow"


def note_decision(
    workspace: Workspace, media_type: MediaType, decision: PublishDecision, failed_rules: Sequence[str]
) -> None:
    """Add a decision to table ``publish_decisions``, once however often it is noted.

    :param failed_rules: the rules that held the day back.
    :raises include.publish.glue_catalog.NoTableError: if the table was never created.
    """
    run = workspace.run
    row = decision.model_dump() | {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "failed_rules": list(failed_rules),
    }
    name = f"{decision.decided_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{run.token}"
    publish_added(workspace, DECISIONS, [run.partition, media_type], [row], name)
