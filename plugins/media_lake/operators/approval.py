"""Tasks that wait for a person, only when there is something to decide."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException

from include.core.features import MediaType


class ConditionalApprovalOperator(ApprovalOperator):
    """
    Ask a person to approve, but only if ``needed`` says so; otherwise succeed at once.

    A rejection skips the tasks that follow directly. Nobody answering within ``response_timeout`` fails the
    task for good.

    :param needed: "True" if a person has to decide. (templated)
    :param teardown_needed: "True" if the teardowns that follow have something to do; otherwise they are
        skipped, and no process is started for them. (templated)
    :param subject: The question. (templated)
    :param body: What the person needs to know, as Markdown. (templated)
    """

    template_fields: Collection[str] = ("needed", "teardown_needed", *ApprovalOperator.template_fields)

    def __init__(
        self,
        *,
        needed: str,
        teardown_needed: str = "True",
        response_timeout: timedelta = timedelta(days=7),
        **kwargs: Any,
    ) -> None:
        super().__init__(response_timeout=response_timeout, **kwargs)
        self.needed = needed
        self.teardown_needed = teardown_needed

    def execute(self, context: Context) -> Any:
        if str(self.needed) == "True":
            return super().execute(context)
        self.log.info("Nothing to decide")
        self._skip_teardowns(context)
        return None

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        answer = super().execute_complete(context, event)
        self._skip_teardowns(context)
        return answer

    def _skip_teardowns(self, context: Context) -> None:
        """Skip the teardowns that follow if they have nothing to do.

        Their setups run: Airflow would skip whatever follows a setup that was skipped.
        """
        if str(self.teardown_needed) == "True":
            return
        if teardowns := [task for task in self.get_flat_relatives(upstream=False) if task.is_teardown]:
            self.skip(ti=context["ti"], tasks=teardowns)

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """Fail for good if nobody answered: a retry would ask, and wait as long, again.

        :raises AirflowFailException: if the time to answer is over.
        """
        if event["error_type"] == "timeout":
            raise AirflowFailException(
                f"Nobody answered within {self.response_timeout}. Clear the task to ask again."
            )
        super().process_trigger_event_error(event)


class ReviewOperator(ConditionalApprovalOperator):
    """
    Ask a person whether to publish, and keep who decided, when and why in table ``publish_decisions``.

    :param media_type: of the day's tables.
    :param failed_rules: names of the broken rules, with commas between them. (templated)
    """

    template_fields: Collection[str] = ("failed_rules", *ConditionalApprovalOperator.template_fields)

    def __init__(self, *, media_type: MediaType, failed_rules: str, **kwargs: Any) -> None:
        reason = Param(
            None,
            type=["string", "null"],
            maxLength=1000,
            title="Reason",
            description="Why, for those who ask later: table publish_decisions keeps it.",
        )
        super().__init__(params={"reason": reason}, **kwargs)
        self.media_type = media_type
        self.failed_rules = failed_rules

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        from include.publish.publish_decisions import PublishDecision

        if "error" not in event:
            self.validate_chosen_options(event["chosen_options"])
            self.validate_params_input(event["params_input"] or {})
            # Noted before it takes effect: a rejection ends the task by an exception.
            self._note(PublishDecision.of_answer(event, self.APPROVE in event["chosen_options"]))
        elif event["error_type"] == "timeout":
            self._note(PublishDecision.of_nobody())
        return super().execute_complete(context, event)

    def _note(self, decision: Any) -> None:
        from include.publish.publish_decisions import note_decision
        from media_lake.task_context import task_workspace

        rules = [rule for rule in self.failed_rules.split(",") if rule]
        note_decision(task_workspace(), self.media_type, decision, rules)


def approve_plan(media_type: MediaType) -> ConditionalApprovalOperator:
    """Return task ``approve``: whether to pay for a plan above its source's limit.

    Teardowns that follow it are for the plan's models. A task that runs although tasks before it were skipped
    has to follow it directly: that is how a rejection reaches the task.
    """
    return ConditionalApprovalOperator(
        task_id="approve",
        needed="{{ ti.xcom_pull(task_ids='plan', key='summary')['approval_needed'] }}",
        doc_md=(
            "Ask a person whether to pay, if the plan may cost more than its source's limit. "
            "Otherwise go on at once.\n\nA rejection skips what follows: the run pays and publishes nothing."
        ),
        subject=f"Pay for the {media_type} analyses of {{{{ dag_run.partition_key }}}}?",
        body="{{ ti.xcom_pull(task_ids='plan', key='summary')['approval_text'] }}",
        teardown_needed="{{ ti.xcom_pull(task_ids='plan', key='summary')['models'] | length > 0 }}",
    )


def review_checks(media_type: MediaType) -> ReviewOperator:
    """Return task ``review``: whether to publish a day some of whose checks failed."""
    return ReviewOperator(
        task_id="review",
        media_type=media_type,
        needed="{{ ti.xcom_pull(task_ids='validate')['failed'] }}",
        doc_md=(
            "Ask a person whether to publish, if checks failed. Otherwise go on at once.\n\n"
            "A rejection skips `publish`: readers keep the version of the day that they have. Table "
            "`publish_decisions` keeps who decided, when and why."
        ),
        subject=f"Publish the {media_type}s of {{{{ dag_run.partition_key }}}} although checks failed?",
        body="{{ ti.xcom_pull(task_ids='validate')['failed_text'] }}",
        # A run that an earlier version validated has no names.
        failed_rules="{{ ti.xcom_pull(task_ids='validate').get('failed_rules', []) | join(',') }}",
    )
