"""Policies of the template that a parameter asks for: other buckets, the bill, a key of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.core.settings import Settings
from infrastructure.place import Place
from infrastructure.runtime_policies import (
    LIST_OBJECTS,
    READ_CATALOG,
    READ_OBJECTS,
    Document,
    allow,
    document,
)

# A policy: its logical id, its properties, its condition, and the roles that it is attached to.
OptionalPolicy = tuple[str, dict[str, Any], str, tuple[str, ...]]

_RUNNING = ("TasksRole", "TriggererRole")
_READING = ("ReadersRole", "PeopleReadersRole", "FinanceReadersRole", "QuicksightRole")


def optional_policies(settings: Settings, place: Place) -> Iterator[OptionalPolicy]:
    """Yield the policies."""

    def policy(name: str, text: Document) -> dict[str, Any]:
        full_name = f"{settings.database}-{place.region}-{name}"
        return {"ManagedPolicyName": full_name, "PolicyDocument": text}

    yield "SourcesPolicy", policy("sources", _sources()), "HasSources", _RUNNING
    cost_explorer = document([allow("CostExplorer", ["ce:GetCostAndUsage"], "*")])  # it takes no resource
    yield "CostExplorerPolicy", policy("cost-explorer", cost_explorer), "ReadsCostExplorer", ("TasksRole",)
    yield "BillTablePolicy", policy("bill-table", _bill_table(place)), "ReadsBill", ("TasksRole",)
    using = document([allow("Use", ["kms:Decrypt", "kms:GenerateDataKey"], "${KmsKeyArn}")])
    yield "KeyPolicy", policy("key", using), "HasKey", (*_RUNNING, *_READING, "JobsRole")


def _sources() -> Document:
    """Whoever calls Rekognition for an object has to be allowed to read it."""
    buckets = {"Ref": "SourceBucketArns"}
    # "/*" behind each: they are joined with it between them, and split again.
    joined = {"Fn::Join": ["", [{"Fn::Join": ["/*,", buckets]}, "/*"]]}
    objects = {"Fn::Split": [",", joined]}
    return document(
        [
            {"Sid": "Buckets", "Effect": "Allow", "Action": LIST_OBJECTS, "Resource": buckets},
            {"Sid": "Objects", "Effect": "Allow", "Action": READ_OBJECTS, "Resource": objects},
        ]
    )


def _bill_table(place: Place) -> Document:
    database = {"Fn::Select": [0, {"Fn::Split": [".", "${BillTable}"]}]}
    table = {"Fn::Join": ["/", {"Fn::Split": [".", "${BillTable}"]}]}
    glue = place.arn("glue", "")
    statement = allow("Bill", READ_CATALOG, f"{glue}catalog")
    statement["Resource"] += [
        {"Fn::Join": ["", [f"{glue}database/", database]]},
        {"Fn::Join": ["", [f"{glue}table/", table]]},
    ]
    return document([statement])
