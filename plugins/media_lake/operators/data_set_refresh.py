"""The operator that loads a data set of QuickSight again."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.operators.quicksight import QuickSightCreateIngestionOperator


class RefreshDataSetOperator(BaseOperator):
    """
    Start an ingestion of a data set of QuickSight into SPICE, and wait until it has ended.

    The work is done by the amazon provider's ``QuickSightCreateIngestionOperator``, with the connection and
    the region of the lake's settings. It is imported only here: a Dag file that imports it imports boto3 each
    time it is parsed. The wait is deferred, so it holds no worker. Each attempt starts an ingestion of its
    own.

    :param data_set_id: The data set. (templated)
    :param waiter_delay: Seconds between two looks at the ingestion.
    """

    template_fields: Sequence[str] = ("data_set_id",)

    def __init__(self, *, data_set_id: str, waiter_delay: int = 30, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_set_id = data_set_id
        self.waiter_delay = waiter_delay

    def execute(self, context: Context) -> dict[str, Any] | None:
        operator = self._operator(str(context["ti"].id))
        # As the task runner calls it: Airflow warns of an operator that another one calls.
        ingestion: dict[str, Any] | None = unwrap(type(operator).execute)(operator, context)
        return ingestion

    def execute_complete(
        self, context: Context, event: dict[str, Any], ingestion: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Go on after the trigger fired; fail if the ingestion did."""
        return self._operator(event.get("ingestion_id", "")).execute_complete(context, event, ingestion)

    def _operator(self, ingestion_id: str) -> QuickSightCreateIngestionOperator:
        from airflow.providers.amazon.aws.operators.quicksight import QuickSightCreateIngestionOperator

        from include.core.settings import load_settings

        settings = load_settings()
        return QuickSightCreateIngestionOperator(
            task_id=self.task_id,
            data_set_id=self.data_set_id,
            ingestion_id=ingestion_id,
            waiter_delay=self.waiter_delay,
            deferrable=True,
            aws_conn_id=settings.aws_conn_id,
            region_name=settings.region,
        )
