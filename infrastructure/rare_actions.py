"""What roles may do although a demonstration does not: each action with what it is for.

A test runs the demonstration and finds an action that is granted, not used and not here. So whoever grants
more says why, and what is needed no more goes. Names may have wildcards.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from infrastructure.runtime_policies import Document

# "Configure access to databases and tables in the AWS Glue Data Catalog" and "Control access to Amazon S3
# from Athena", both in the Amazon Athena User Guide.
_BY_ATHENA = {
    "glue:GetDatabase": "Athena looks its database up, and one named default",
    "glue:BatchGetPartition": "Athena reads partitions that a condition leaves",
    "athena:GetWorkGroup": "clients ask where results go",
    "athena:StopQueryExecution": "a query is stopped that nobody waits for any more",
    "s3:AbortMultipartUpload": "Athena and tasks write large files in parts; unfinished ones are taken back",
    "s3:ListMultipartUploadParts": "Athena continues a large result",
    "s3:GetBucketLocation": "Athena asks for the region of its results",
}
_PEOPLE = {
    "glue:GetPartition": "Athena reads a partition that a statement names",
    "athena:List*": "Athena's console shows catalogs, workgroups and versions",
    "glue:GetDatabases": "Athena's console and QuickSight show databases",
    "glue:GetTables": "Athena's console shows tables",
    "athena:GetQuery*": "results are read in pages in the console, from S3 by libraries",
    "s3:ListBucket": "Athena lists the files of tables",
    **_BY_ATHENA,
}
_TASKS = {
    **_BY_ATHENA,
    "dynamodb:DeleteItem": "what was claimed is given back when its call fails",
    "dynamodb:UpdateItem": "money is set aside where a budget is, and what was not needed is given back",
    "dynamodb:Scan": "Dag erase_media looks for entries of erased files",
    "rekognition:DeleteFaces": "Dag erase_media, where it is asked for a person's faces",
    "rekognition:ListFaces": "Dag erase_media looks for a person's faces",
    "s3:DeleteObjectVersion": "Dag erase_media, in a bucket with versions",
    "s3:GetBucketVersioning": "Dag erase_media asks whether the bucket has versions",
    "s3:ListBucketVersions": "Dag erase_media looks for versions of what it deletes",
    "sns:Publish": "alerts, where a topic is set",
    "sqs:ChangeMessageVisibility": "Dag erase_media gives back the messages that it looked through",
    "sqs:DeleteMessage": "Dag discover_events takes events out of their queue",
    "sqs:GetQueueAttributes": "Dag erase_media counts the messages that it looks through",
    "sqs:GetQueueUrl": "Dags discover_events and erase_media find queues by their names",
    "sqs:ReceiveMessage": "Dags discover_events and erase_media read queues",
}
_TRIGGERER = {
    "dynamodb:*": "jobs without a free slot and failed ones are noted, and money for them set aside",
    "iam:PassRole": "a job that starts later gets the role that reports its end",
    "rekognition:Start*": "a job that found no free slot starts later",
    "rekognition:Get*": "jobs are looked up whose end nobody reported, or that failed",
    "s3:GetObject": "whoever starts a job reads its video; a trigger that is moved reads its plan again",
    "s3:ListBucket": "who may list is told that an object is missing, and not that access is denied",
    "s3:PutObject": "odd messages are set aside, and analyses that were stopped are noted",
    "sns:Publish": "late runs are reported, where a topic is set",
    "sqs:DeleteMessage": "messages about ends are taken out of their queue",
}

RARE: dict[str, dict[str, str]] = {
    "tasks": _TASKS,
    "triggerer": _TRIGGERER,
    "dag-processor": {"sns:Publish": "failed runs are reported, where a topic is set"},
    "api-server": {"s3:GetObject": "somebody opens the page of costs in Airflow"},
    "readers": _PEOPLE,
    "people-readers": _PEOPLE,
    "finance-readers": _PEOPLE,
    # QuickSight queries by itself, in the same way.
    "quicksight": _PEOPLE
    | {
        "athena:StartQueryExecution": "a data set is loaded",
        "glue:Get*": "a data set's table is looked up",
        "s3:GetObject": "files of tables and results are read",
        "s3:PutObject": "results are written",
    },
}


def granted_actions(documents: Iterable[Document]) -> list[str]:
    """Return the actions that policies allow, in alphabetical order."""
    actions = (statement["Action"] for document in documents for statement in document["Statement"])
    return sorted({name for some in actions for name in ([some] if isinstance(some, str) else some)})


def reason(role: str, action: str) -> str | None:
    """Return what a rare action is for; None if it is not rare."""
    return next((text for name, text in RARE[role].items() if fnmatchcase(action, name)), None)


def unexplained(role: str, granted: Iterable[str], used: Iterable[str]) -> list[str]:
    """Return what a role may do, did not do and has no reason to be allowed."""
    done = set(used)
    return [
        action
        for action in granted
        if not any(fnmatchcase(each, action) for each in done) and reason(role, action) is None
    ]
