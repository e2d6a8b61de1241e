"""The task that asks a person about a file with moderation labels."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowSkipException

APPROVE, REJECT = "Approve", "Reject"
REASON = "reason"

# What the UI calls the instances of the tasks about a file.
FILE_LABEL = "{{ (task.file if task.file is defined else task.op_kwargs['file'])['title'] }}"


class FileReviewOperator(HITLOperator):
    """Ask a person whether a file may be used. It shows what was found, never the picture.

    Nobody answering within ``response_timeout`` skips the task: the file waits on.

    :param file: :class:`include.operate.moderation_reviews.FileToReview`, in the form of JSON. (templated)
    """

    template_fields: Collection[str] = ("file",)

    def __init__(
        self, *, file: dict[str, Any], response_timeout: timedelta = timedelta(days=7), **kwargs: Any
    ) -> None:
        super().__init__(
            subject="May this file be used?",
            options=[APPROVE, REJECT],
            response_timeout=response_timeout,
            **kwargs,
        )
        self.file = file

    def execute(self, context: Context) -> Any:
        from include.operate.moderation_reviews import FileToReview

        file = FileToReview.model_validate(self.file)
        self.subject = f"May it be used? {file.title}"
        self.body = file.description
        return super().execute(context)

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """Let the file wait if nobody answered.

        :raises AirflowSkipException: if the time to answer is over.
        """
        if event["error_type"] == "timeout":
            raise AirflowSkipException(f"Nobody answered within {self.response_timeout}: the file waits on.")
        super().process_trigger_event_error(event)


def decide(file: Any) -> FileReviewOperator:
    """Return task ``decide`` about one of the files that are mapped over."""
    reason = Param(None, type=["string", "null"], title="Reason", description="Why, for those who ask.")
    return FileReviewOperator(
        task_id="decide", file=file, map_index_template=FILE_LABEL, params={REASON: reason}
    )
