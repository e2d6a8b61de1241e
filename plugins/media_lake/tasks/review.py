"""The tasks that ask people about files with moderation labels, and record what they decide."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task

from media_lake.forms.review_form import chosen_files
from media_lake.operators.file_review import FILE_LABEL, REASON

log = logging.getLogger(__name__)


@task
def list_files() -> list[dict[str, Any]]:
    """Find the files that a person is asked about, at most 20 of them, to be mapped over."""
    from include.operate.moderation_reviews import files_to_review
    from media_lake.task_context import task_deployment

    deployment = task_deployment()
    files = files_to_review(deployment.session, deployment.settings, **chosen_files())
    for file in files:
        log.info("%s of %s is %s", file.media_id, file.dt, file.state)
    if not files:
        log.info("no such file is in the queue")
    return [{**file.model_dump(mode="json"), "title": file.title} for file in files]


@task(map_index_template=FILE_LABEL)
def record(file: dict[str, Any], answer: dict[str, Any]) -> None:
    """Add a decision to table `moderation_reviews`, for readers at once.

    :param file: as `list_files` found it.
    :param answer: of Airflow: chosen option, form, user and time.
    """
    from include.operate.moderation_reviews import REVIEWS, Answer, FileToReview, review_name, review_row
    from include.publish.added_rows import publish_added
    from media_lake.task_context import task_workspace

    about, user = FileToReview.model_validate(file), answer["responded_by_user"] or {}
    given = Answer.of(
        answer["chosen_options"][0],
        answer["params_input"].get(REASON),
        user.get("name") or user.get("id"),
        answer["responded_at"],
    )
    workspace = task_workspace(about.dt)
    row, name = review_row(about, given, workspace.run), review_name(about, given, workspace.run)
    publish_added(workspace, REVIEWS, [about.dt], [row], name)
    log.info("%s: %s, decided by %s", about.media_id, given.decision, given.decided_by)
