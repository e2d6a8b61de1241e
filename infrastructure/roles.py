"""The lake's IAM roles and managed policies, as CloudFormation describes them."""

from __future__ import annotations

from typing import Any

from include.core.settings import Settings
from infrastructure.definition import Definition, logical_id
from infrastructure.place import Place
from infrastructure.readers import reader_policies
from infrastructure.runtime_policies import Document, allow, document, jobs_policy, runtime_policies

# The policies that each role has. People are asked about in a role of their own.
ROLES: dict[str, tuple[str, ...]] = {
    "tasks": ("tasks", "analysis", "people-analysis", "erasure", "cost-explorer"),
    "triggerer": ("triggerer", "people-triggerer"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
    "readers": ("readers", "view-readers", "console"),
    "people-readers": ("readers", "view-readers", "people-readers", "console"),
    "finance-readers": ("readers", "view-readers", "finance-readers", "console"),
    "quicksight": ("readers", "view-readers", "finance-readers", "console"),
}
OF_AIRFLOW = ("tasks", "triggerer", "dag-processor", "api-server")
OF_READERS = ("readers", "people-readers", "finance-readers")
# Policies about people; a lake that asks for none of the sensitive features needs no such thing.
ABOUT_PEOPLE = ("people-analysis", "people-triggerer")
OPTIONAL = (*ABOUT_PEOPLE, "cost-explorer")


def role_name(settings: Settings, region: str, role: str) -> str:
    """Return the name in IAM of one of :data:`ROLES`."""
    return f"{settings.database}-{region}-{role}"


def policies(settings: Settings, place: Place, alerts_topic: str) -> dict[str, Document]:
    """Return every managed policy of the lake, by the name that it has in IAM."""
    lake = f"{settings.database}-{place.region}"
    own = runtime_policies(settings, place, alerts_topic) | {"console": _console_policy(place)}
    return reader_policies(settings, place) | {f"{lake}-{name}": text for name, text in own.items()}


def role_policies(settings: Settings, place: Place, alerts_topic: str) -> dict[str, list[Document]]:
    """Return the policies of each of :data:`ROLES`, as far as the lake has them."""
    known = policies(settings, place, alerts_topic)
    lake = f"{settings.database}-{place.region}"
    return {
        role: [known[f"{lake}-{name}"] for name in names if f"{lake}-{name}" in known]
        for role, names in ROLES.items()
    }


def policy_definitions(settings: Settings, place: Place, alerts_topic: str = "") -> dict[str, Definition]:
    """Return the managed policies, by their logical ids in the template."""
    lake = f"{settings.database}-{place.region}-"
    return {
        f"{logical_id(name.removeprefix(lake))}Policy": Definition(
            "AWS::IAM::ManagedPolicy", {"ManagedPolicyName": name, "PolicyDocument": text}
        )
        for name, text in policies(settings, place, alerts_topic).items()
    }


def role_definitions(
    settings: Settings, place: Place, airflow_service: Any, alerts_topic: str = ""
) -> dict[str, Definition]:
    """Return the roles, by their logical ids in the template.

    :param airflow_service: who may assume the roles of Airflow's processes, such as ``ec2.amazonaws.com``.
    """
    lake = f"{settings.database}-{place.region}"
    known = policies(settings, place, alerts_topic)
    attached = {role: [name for name in names if f"{lake}-{name}" in known] for role, names in ROLES.items()}
    readers = {"AWS": place.iam_arn("root")}
    trusts = {
        **{name: trust({"Service": airflow_service}, "sts:TagSession") for name in OF_AIRFLOW},
        **{name: trust(readers) for name in OF_READERS},
        "quicksight": trust({"Service": "quicksight.amazonaws.com"}),
    }
    roles = {
        f"{logical_id(role)}Role": Definition(
            "AWS::IAM::Role",
            {
                "RoleName": role_name(settings, place.region, role),
                "AssumeRolePolicyDocument": trusts[role],
                "ManagedPolicyArns": [place.iam_arn(f"policy/{lake}-{name}") for name in names],
            },
            depends_on=tuple(f"{logical_id(name)}Policy" for name in names),
        )
        for role, names in attached.items()
    }
    return {"JobsRole": _jobs_role(settings, place)} | roles


def trust(principal: dict[str, Any], *actions: str, **more: Any) -> Document:
    """Return a trust policy: who may assume a role."""
    return document(
        [{"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", *actions], **more}]
    )


def _jobs_role(settings: Settings, place: Place) -> Definition:
    # Rekognition assumes it for jobs of this account alone ("Cross-service confused deputy prevention",
    # https://docs.aws.amazon.com/rekognition/latest/dg/cross-service-confused-deputy-prevention.html).
    condition = {"StringEquals": {"aws:SourceAccount": place.account}}
    return Definition(
        "AWS::IAM::Role",
        {
            "RoleName": settings.jobs_role_arn.rpartition("/")[2],
            "AssumeRolePolicyDocument": trust({"Service": "rekognition.amazonaws.com"}, Condition=condition),
            "Policies": [
                {"PolicyName": "report-ends-of-jobs", "PolicyDocument": jobs_policy(settings, place)}
            ],
        },
    )


def _console_policy(place: Place) -> Document:
    """Return what Athena's console and QuickSight ask for before a table is chosen.

    These actions of Athena take no resource; names of other databases are shown too.
    """
    actions = ("ListDataCatalogs", "ListWorkGroups", "ListEngineVersions")
    databases = allow(
        "Databases", ["glue:GetDatabases"], place.arn("glue", "catalog"), place.arn("glue", "database/*")
    )
    return document([allow("Athena", [f"athena:{name}" for name in actions], "*"), databases])
