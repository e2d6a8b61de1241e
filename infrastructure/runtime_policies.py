"""What the lake's own processes may do: the IAM policies of Airflow's processes and of Rekognition.

Each policy is derived from the registry of features, the tables and the settings. They are managed policies,
so that they can be attached to a role that exists, such as MWAA's execution role:

- ``tasks``: the lake's bucket, ledger, queues, tables and queries;
- ``analysis``: the calls of the ordinary features, and the jobs' role; ``people-analysis``: those of the
  sensitive ones, for lakes that ask for them;
- ``erasure``: what Dags ``erase_media`` and ``apply_retention`` need besides;
- ``triggerer`` and ``people-triggerer``: video jobs are started and looked up there too;
- ``dag-processor``: it reports failed runs;
- ``api-server``: it serves the page of costs;
- ``cost-explorer``: AWS's bill, where the settings read it there.

Actions, resources and conditions: Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.core.features import FEATURES, MODEL_OPERATIONS, Feature
from include.core.lake import OWN_PREFIXES
from include.core.settings import COST_PAGE_KEY, Settings, dead_letters
from infrastructure.place import Place
from infrastructure.readers import PEOPLE_RESULTS

Statement = dict[str, Any]
Document = dict[str, Any]

# Operations on what has an ARN of its own; all others are on images or videos and have none.
_ON_COLLECTIONS = ("SearchFacesByImage", "StartFaceSearch", "ListFaces", "DeleteFaces")
_ON_PROJECTS = ("DetectCustomLabels", *(name for name in MODEL_OPERATIONS if name != "DescribeProjects"))

# What tasks write and delete. Results of queries about people are for those who ask them.
WRITTEN_PREFIXES = tuple(prefix for prefix in OWN_PREFIXES if prefix != f"{PEOPLE_RESULTS}/")

READ_OBJECTS = ["s3:GetObject"]
LIST_OBJECTS = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation"]
QUEUE_ACTIONS = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
READ_CATALOG = [
    "glue:GetDatabase",
    "glue:GetTable",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:BatchGetPartition",
]


def runtime_policies(settings: Settings, place: Place, alerts_topic: str) -> dict[str, Document]:
    """Return the policy documents of Airflow's processes, by their short names.

    :param alerts_topic: ARN of the topic of alerts; empty if there is none.
    """
    alerts = [_publish("Alerts", alerts_topic)] if alerts_topic else []
    ordinary = [feature for feature in FEATURES.values() if not feature.sensitive]
    people = [feature for feature in FEATURES.values() if feature.sensitive]
    everything = {action for feature in FEATURES.values() for action in feature.iam_actions}
    ordinary_actions = _actions(ordinary)
    policies = {
        "tasks": [*_storage(settings, place), *_catalog(settings, place), *alerts],
        "analysis": [*_calls(ordinary_actions, place), *_jobs(settings), _quotas()],
        "people-analysis": list(_calls(everything - ordinary_actions, place)),
        "erasure": list(_erasure(settings, place)),
        "triggerer": [
            *_waiting(settings, place),
            *_calls(_job_actions(ordinary), place),
            *_jobs(settings),
            *alerts,
        ],
        "people-triggerer": list(_calls(_job_actions(people), place)),
        # A role without a policy may do nothing.
        **({"dag-processor": alerts} if alerts else {}),
        "api-server": [_cost_page(settings, place)],
        **({"cost-explorer": [cost_explorer()]} if settings.bill_source == "cost-explorer" else {}),
    }
    return {name: document(statements) for name, statements in policies.items()}


def jobs_policy(settings: Settings, place: Place) -> Document:
    """Return the policy document of the role that Rekognition assumes: it reports ends of jobs."""
    return document([_publish("JobsEnded", place.arn("sns", settings.jobs_topic))])


def document(statements: Iterable[Statement]) -> Document:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Iterable[str], *resources: str, **more: Any) -> Statement:
    """Return a statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def cost_explorer() -> Statement:
    """Return the statement that allows AWS's bill to be read in Cost Explorer."""
    return allow("CostExplorer", ["ce:GetCostAndUsage"], "*")  # it takes no resource


def _cost_page(settings: Settings, place: Place) -> Statement:
    return allow("CostPage", READ_OBJECTS, f"{place.bucket_arn(settings.bucket)}/{COST_PAGE_KEY}")


def _publish(sid: str, topic: str) -> Statement:
    return allow(sid, ["sns:Publish"], topic)


def _quotas() -> Statement:
    return allow("Quotas", ["servicequotas:ListServiceQuotas"], "*")  # it takes no resource


def _actions(features: Iterable[Feature]) -> set[str]:
    return {action for feature in features for action in feature.iam_actions}


def _job_actions(features: Iterable[Feature]) -> set[str]:
    return {
        f"rekognition:{name}" for feature in features if feature.video for name in feature.video.operations
    }


def _calls(actions: Iterable[str], place: Place) -> Iterator[Statement]:
    """Yield a statement for each kind of thing that calls of Rekognition are on."""
    collections = {f"rekognition:{name}" for name in _ON_COLLECTIONS}
    projects = {f"rekognition:{name}" for name in _ON_PROJECTS}
    found = set(actions)
    for sid, some, resource in (
        ("Media", found - collections - projects, "*"),
        ("Collections", found & collections, place.arn("rekognition", "collection/*")),
        ("Models", found & projects, place.arn("rekognition", "project/*")),
    ):
        if some:
            yield allow(sid, sorted(some), resource)


def _jobs(settings: Settings) -> Iterator[Statement]:
    """Yield what it takes to start a job: its role is handed to Rekognition, and to no other service."""
    service = {"StringEquals": {"iam:PassedToService": "rekognition.amazonaws.com"}}
    yield allow("JobsRole", ["iam:PassRole"], settings.jobs_role_arn, Condition=service)


def _storage(settings: Settings, place: Place) -> Iterator[Statement]:
    bucket = place.bucket_arn(settings.bucket)
    yield allow("Objects", READ_OBJECTS, f"{bucket}/*")
    yield allow("Bucket", LIST_OBJECTS, bucket)
    yield allow(
        "OwnObjects",
        ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        *(f"{bucket}/{prefix}*" for prefix in WRITTEN_PREFIXES),
    )
    # Only tasks note what is done.
    yield _ledger(settings, place, "BatchWriteItem")
    yield allow("Queues", QUEUE_ACTIONS, *_queues(settings, place))


def _ledger(settings: Settings, place: Place, *more: str) -> Statement:
    actions = ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", *more)
    ledger = place.arn("dynamodb", f"table/{settings.ledger_table}")
    return allow("Ledger", [f"dynamodb:{action}" for action in actions], ledger)


def _queues(settings: Settings, place: Place) -> list[str]:
    return [place.arn("sqs", name) for name in (settings.jobs_queue, settings.events_queue)]


def _catalog(settings: Settings, place: Place) -> Iterator[Statement]:
    yield allow(
        "Catalog",
        [*READ_CATALOG, "glue:CreatePartition", "glue:UpdatePartition"],
        place.arn("glue", "catalog"),
        place.arn("glue", f"database/{settings.database}"),
        place.arn("glue", f"table/{settings.database}/*"),
    )
    # Athena looks for a database of this name in every account.
    default = place.arn("glue", "database/default")
    yield allow("DefaultDatabase", ["glue:GetDatabase"], place.arn("glue", "catalog"), default)
    queries = (
        "StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup"
    )  # fmt: skip
    workgroup = place.arn("athena", f"workgroup/{settings.workgroup}")
    yield allow("Queries", [f"athena:{action}" for action in queries], workgroup)


def _erasure(settings: Settings, place: Place) -> Iterator[Statement]:
    bucket = place.bucket_arn(settings.bucket)
    yield allow("Versions", ["s3:GetBucketVersioning", "s3:ListBucketVersions"], bucket)
    own = (f"{bucket}/{prefix}*" for prefix in OWN_PREFIXES)
    yield allow("AllOwnObjects", ["s3:DeleteObject", "s3:DeleteObjectVersion"], *own)
    ledger = place.arn("dynamodb", f"table/{settings.ledger_table}")
    yield allow("WholeLedger", ["dynamodb:Scan"], ledger)
    queues = _queues(settings, place)
    set_aside = [dead_letters(queue) for queue in queues]
    yield allow("Messages", ["sqs:ChangeMessageVisibility"], *queues, *set_aside)
    yield allow("DeadLetters", QUEUE_ACTIONS, *set_aside)
    collections = place.arn("rekognition", "collection/*")
    yield allow("Faces", ["rekognition:ListFaces", "rekognition:DeleteFaces"], collections)


def _waiting(settings: Settings, place: Place) -> Iterator[Statement]:
    """Yield what the triggers need: they read plans and media, note ends, and set odd messages aside."""
    bucket = place.bucket_arn(settings.bucket)
    yield allow("Objects", READ_OBJECTS, f"{bucket}/*")
    yield allow("Bucket", ["s3:ListBucket"], bucket)
    written = (f"{bucket}/{prefix}*" for prefix in ("staging/stopped/", "quarantine/"))
    yield allow("Notes", ["s3:PutObject"], *written)
    yield _ledger(settings, place)
    yield allow("Queues", QUEUE_ACTIONS, *_queues(settings, place))
