"""Tasks that wait for a person, only when there is something to decide."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NoReturn

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException

from include.core.deadlines import answer_time
from include.core.features import MediaType

AMOUNT = "amount"


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
            self._fail_unanswered()
        super().process_trigger_event_error(event)

    def _fail_unanswered(self) -> NoReturn:
        raise AirflowFailException(
            f"Nobody answered within {self.response_timeout}. Clear the task to ask again."
        )


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


class PlanApproval(ConditionalApprovalOperator):
    """
    Ask a person how much may be paid, once for all runs that wait for the same sources.

    One of these runs asks for all of them; the others wait for its answer. A run that gets less than it
    planned pays for a part of its plan. The tasks that follow directly are skipped if nothing is left of it.

    :param media_type: of the plan.
    """

    def __init__(self, *, media_type: MediaType, **kwargs: Any) -> None:
        amount = Param(
            None,
            type=["number", "null"],
            minimum=0,
            title="Up to (dollars)",
            description=(
                "Pay up to this amount for all runs together. Without it, the sum that they asked for. More "
                "than the sum is for further runs of these sources, for a week."
            ),
        )
        super().__init__(params={AMOUNT: amount}, **kwargs)
        self.media_type = media_type

    def execute(self, context: Context) -> Any:
        if str(self.needed) != "True":
            return super().execute(context)
        approvals, workspace = task_approvals()
        approvals.wait_again(workspace.run.token)
        return self.look_again(context)

    def look_again(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Ask, wait for the answer to another run, or go on."""
        from include.plan.approvals import Question
        from include.plan.plan_approval import in_words
        from media_lake.triggers.approval_trigger import ApprovalTrigger

        approvals, workspace = task_approvals()
        turn = approvals.turn(workspace.run.token)
        if turn == "wait":
            self.log.info("Another run asks for this one too, or will when all plans are made")
            self.defer(trigger=ApprovalTrigger.of(workspace), method_name="look_again")
        if isinstance(turn, Question):
            self.body = in_words(turn, workspace.lake)
            return super(ConditionalApprovalOperator, self).execute(context)
        return self._go_on(context, turn)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        approvals, workspace = task_approvals()
        token = workspace.run.token
        if event.get("error_type") == "timeout":
            approvals.answer(token, "unanswered")
        # Skips nothing yet: what a rejection means depends on the rest of the plan.
        answered = super(ApprovalOperator, self).execute_complete(context, event)
        approved = self.APPROVE in answered["chosen_options"]
        turn = approvals.answer(
            token,
            "approved" if approved else "rejected",
            answered["params_input"].get(AMOUNT),
            (answered["responded_by_user"] or {}).get("name") or "somebody in Airflow",
        )
        self._go_on(context, turn)
        return answered

    def _go_on(self, context: Context, turn: Any) -> None:
        """Go on with what is left of the plan.

        :raises AirflowFailException: if nobody answered, or nothing is known of the plan.
        :raises airflow.sdk.exceptions.DownstreamTasksSkipped: if nothing is left.
        """
        if turn == "nothing":
            raise AirflowFailException("The plan does not wait any more. Clear `plan` to be asked again.")
        if turn.suffices:
            self.log.info("The run pays for all of its plan")
            self._skip_teardowns(context)
            return
        if turn.outcome == "unanswered":
            self._fail_unanswered()
        self.log.warning("%s: $%.2f of $%.2f", turn.outcome, turn.usd, turn.plan.usd)
        left = self._cut(turn, context["ti"].xcom_pull(task_ids="plan", key="summary")["models"])
        context["ti"].xcom_push(key="cut", value=left)
        if left["calls"]:
            self._skip_teardowns(context)
            return
        self.log.warning("Nothing is left to pay for. To ask again, clear `plan` or start a run of the day")
        followers = self.get_direct_relatives(upstream=False)
        self.skip(ti=context["ti"], tasks=[task for task in followers if not task.is_teardown])

    def _cut(self, answer: Any, models: list[dict[str, Any]]) -> dict[str, Any]:
        """Cut the plan, and return what is left of it: ``{calls, cut, models}``."""
        from include.core.prices import load_price_book
        from include.plan.plan_approval import cut_plan
        from media_lake.task_context import task_workspace

        workspace = task_workspace()
        book = load_price_book(workspace.settings.region)
        left = cut_plan(workspace, self.media_type, answer, book)
        return {"calls": left.calls, "cut": left.cut, "models": left.models_left(models)}


def task_approvals() -> tuple[Any, Any]:
    """Return the record of approvals, and what the running task works with."""
    from include.plan.plan_approval import approvals_of
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    return approvals_of(workspace), workspace


def approve_plan(media_type: MediaType) -> PlanApproval:
    """Return task ``approve``: whether to pay for plans above their source's limit.

    Teardowns that follow it are for the plan's models. A task that runs although tasks before it were skipped
    has to follow it directly: that is how a rejection reaches the task.
    """
    return PlanApproval(
        task_id="approve",
        media_type=media_type,
        needed="{{ ti.xcom_pull(task_ids='plan', key='summary')['approval_needed'] }}",
        doc_md=(
            "Ask a person how much may be paid, if what the source's runs plan today may cost more than its "
            "limit. One run asks for all that wait. Otherwise go on at once.\n\n"
            "A rejection skips what follows: the run pays and publishes nothing."
        ),
        subject=f"Pay for the {media_type} analyses of {{{{ dag_run.partition_key }}}}, and what waits too?",
        response_timeout=answer_time(),
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
