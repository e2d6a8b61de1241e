"""
# Review moderation

**What it does.** Asks people about files in which moderation labels were found: one question a file, at most
20 in a run. A question shows the file's address, the label, its confidence and where in a video it is, but no
picture. Answer under Required Actions; a reason may be given. Choose a day, or nothing for those that have
waited longest. Name a file by its media id to decide about it again.

**Reads and writes.** Reads view `moderation_queue`; adds each decision to table `moderation_reviews` as soon
as it is taken, with the name of the Airflow user, the time and the reason. It incurs no charges of
Rekognition.

**When it fails.** The message says what is missing in AWS. A question that nobody answers within seven days
is skipped, and the file waits on.

**Re-running.** Safe at any time. All decisions are kept, and the last about a file counts, whoever took it.
Reprocessing a day keeps them.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import task_group

from media_lake.forms.review_form import REVIEW_PARAMS
from media_lake.lake_dag import lake_dag
from media_lake.operators.file_review import decide
from media_lake.tasks.review import list_files, record


@task_group
def review(file: dict[str, Any]) -> None:
    record(file=file, answer=decide(file).output)


@lake_dag(
    "publish",
    schedule=None,
    params=REVIEW_PARAMS,
)
def review_moderation() -> None:
    review.expand(file=list_files())
