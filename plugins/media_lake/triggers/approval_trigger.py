"""The trigger that waits while another run asks whether this one may pay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.core.errors import is_transient
from media_lake.aws_clients import ConnectionClients

if TYPE_CHECKING:
    from include.plan.approvals import Approvals
    from include.store.workspace import Workspace


class ApprovalTrigger(BaseTrigger):
    """
    Fire when a run that waits has something to do: it was answered, or it is its turn to ask.

    :param run: Fields of the Dag run, an :class:`include.core.run.Run`.
    :param settings: Fields of the deployment's settings, as the worker has them.
    :param poll_seconds: Time between two looks. Airflow 3.3.2 can fail a deferral that ends within four
        seconds, so the first comes after one, too.
    """

    def __init__(self, run: dict[str, str], settings: dict[str, Any], poll_seconds: float = 10.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.run_fields = run
        self.settings = settings
        self.poll_seconds = poll_seconds
        self._found: tuple[Approvals, str] | None = None

    @classmethod
    def of(cls, workspace: Workspace) -> ApprovalTrigger:
        """Return the trigger for what a task works with."""
        return cls(asdict(workspace.run), workspace.settings.model_dump(mode="json"))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "run": self.run_fields,
            "settings": self.settings,
            "poll_seconds": self.poll_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        error = None
        while error is None:
            await asyncio.sleep(self.poll_seconds)
            try:
                if not await asyncio.to_thread(self._waits):
                    break
            except Exception as trouble:
                # A worker meets what does not pass by itself, too, and says what to do.
                error = None if is_transient(trouble) else repr(trouble)
                self.log.warning("The record of approvals cannot be read: %s", trouble)
        yield TriggerEvent({"at": time.time(), **({"error": error} if error else {})})

    def _waits(self) -> bool:
        self._found = self._found or self._approvals()
        approvals, token = self._found
        return approvals.is_waiting(token)

    def _approvals(self) -> tuple[Approvals, str]:
        from include.core.run import Run
        from include.core.settings import Settings
        from include.plan.plan_approval import approvals_of
        from include.store.workspace import Workspace

        settings = Settings(**self.settings)
        workspace = Workspace(Run(**self.run_fields), settings, ConnectionClients(settings))
        return approvals_of(workspace), workspace.run.token
