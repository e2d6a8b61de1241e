"""What roles called, against what they may: ``python -m local.stack.role_calls CALLS_FILE``.

The local stack writes the file where ``MEDIA_LAKE_STACK_CALLS_FILE`` says so. Exit status 1 says that a role
called what its policies do not allow, or may do what it neither did nor has a reason for
(``infrastructure/rare_actions.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.settings import Settings, load_settings
from infrastructure.lake_definitions import alerts_topic_arn
from infrastructure.place import Place
from infrastructure.rare_actions import granted_actions, unexplained
from infrastructure.roles import ROLES, role_name, role_policies
from local.aws.iam.need import Need
from local.aws.iam.policy_evaluation import allows


@dataclass(frozen=True)
class RoleCalls:
    """What a role did and may do.

    :ivar used: actions that it used.
    :ivar granted: actions that its policies name.
    :ivar not_granted: what it used and its policies do not allow.
    :ivar unexplained: actions that it may use, did not use and has no reason for.
    """

    role: str
    used: list[str]
    granted: list[str]
    not_granted: list[Need]
    unexplained: list[str]


def role_calls(calls_file: Path, settings: Settings, place: Place) -> list[RoleCalls]:
    """Return what each role of a lake did, by a record of calls."""
    documents = role_policies(settings, place, alerts_topic_arn(settings, place))
    needs = _needs(calls_file)
    return [_of_role(role, needs[role_name(settings, place.region, role)], documents[role]) for role in ROLES]


def _of_role(role: str, needs: list[Need], documents: list[dict[str, Any]]) -> RoleCalls:
    texts = tuple(json.dumps(document) for document in documents)
    used, granted = sorted({need.action for need in needs}), granted_actions(documents)
    return RoleCalls(
        role,
        used,
        granted,
        [need for need in needs if not allows(texts, need)],
        unexplained(role, granted, used),
    )


def _needs(calls_file: Path) -> dict[str, list[Need]]:
    """Return what was called, by the name of the role in IAM."""
    found: dict[str, list[Need]] = defaultdict(list)
    for line in calls_file.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        need = Need(call["action"], call["resource"], tuple(call["context"].items()))
        found[call["role"]].append(need)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.stack.role_calls", description=__doc__)
    parser.add_argument("calls_file", type=Path, help="what the local endpoint wrote")
    settings = load_settings()
    place = Place.of(boto3.Session(), settings)
    found = role_calls(parser.parse_args(arguments).calls_file, settings, place)
    rows = [
        (each.role, len(each.used), len(each.granted), len(each.not_granted), len(each.unexplained))
        for each in found
    ]
    print(tabulate(rows, headers=("role", "used", "granted", "not granted", "without a reason")))
    for each in found:
        for need in each.not_granted:
            print(f"{each.role} used, but may not: {need.action} on {need.resource}")
        for action in each.unexplained:
            print(f"{each.role} may, did not, and has no reason: {action}")
    return int(any(each.not_granted or each.unexplained for each in found))


if __name__ == "__main__":
    sys.exit(main())
