"""What QuickSight keeps: its assets with their permissions, schedules, ingestions and versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from local.aws.endpoint_errors import AwsError

Kind = Literal["datasource", "dataset", "dashboard"]
Members = dict[str, Any]


def now() -> datetime:
    """Return the time, in the whole seconds that people see."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Version:
    """A version of a dashboard.

    :ivar members: of ``DashboardVersion``.
    :ivar definition: what it draws.
    """

    members: Members
    definition: Members


@dataclass
class Asset:
    """A data source, a data set or a dashboard.

    :ivar members: what describing it returns.
    :ivar permissions: actions by principal.
    :ivar schedules: of a data set, by id.
    :ivar ingestions: of a data set, by id; each with the id of its query.
    :ivar versions: of a dashboard, in the order of their numbers, which begin with 1.
    :ivar published: number of the version that readers see.
    """

    arn: str
    members: Members
    permissions: dict[str, list[str]] = field(default_factory=dict)
    schedules: dict[str, Members] = field(default_factory=dict)
    ingestions: dict[str, Members] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    published: int = 1

    def grant(self, permissions: list[Members]) -> None:
        """Give principals these actions in place of those that they have."""
        self.permissions |= {each["Principal"]: each["Actions"] for each in permissions}

    def revoke(self, permissions: list[Members]) -> None:
        """Take actions from principals."""
        for each in permissions:
            left = set(self.permissions.get(each["Principal"], ())) - set(each["Actions"])
            self.permissions[each["Principal"]] = sorted(left)
        self.permissions = {principal: actions for principal, actions in self.permissions.items() if actions}

    def listed_permissions(self) -> list[Members]:
        """Return all permissions as the API has them."""
        return [{"Principal": name, "Actions": actions} for name, actions in self.permissions.items()]

    def version(self, number: int) -> Version:
        """Return a version.

        :raises AwsError: ResourceNotFoundException.
        """
        if not 0 < number <= len(self.versions):
            raise not_found(f"version {number} of {self.arn}")
        return self.versions[number - 1]


class Assets:
    """All assets of one account and region.

    :param place: region and number of the account.
    """

    def __init__(self, place: tuple[str, str]) -> None:
        self._region, self._account = place
        self._kinds: dict[Kind, dict[str, Asset]] = {"datasource": {}, "dataset": {}, "dashboard": {}}

    def arn(self, kind: Kind, name: str) -> str:
        """Return the ARN of an asset, whether it exists or not."""
        return f"arn:aws:quicksight:{self._region}:{self._account}:{kind}/{name}"

    def add(self, kind: Kind, name: str, members: Members, permissions: list[Members]) -> Asset:
        """Keep a new asset.

        :raises AwsError: ResourceExistsException.
        """
        if name in self._kinds[kind]:
            raise AwsError("ResourceExistsException", f"{self.arn(kind, name)} exists.", 409)
        times = {"CreatedTime": now(), "LastUpdatedTime": now()}
        asset = Asset(self.arn(kind, name), {"Arn": self.arn(kind, name), **times, **members})
        asset.grant(permissions)
        self._kinds[kind][name] = asset
        return asset

    def get(self, kind: Kind, name: str) -> Asset:
        """Return an asset.

        :raises AwsError: ResourceNotFoundException.
        """
        if name not in self._kinds[kind]:
            raise not_found(self.arn(kind, name))
        return self._kinds[kind][name]

    def by_arn(self, kind: Kind, arn: str) -> Asset | None:
        """Return an asset by its ARN, None if there is none."""
        return next((asset for asset in self._kinds[kind].values() if asset.arn == arn), None)

    def remove(self, kind: Kind, name: str) -> Asset:
        """Forget an asset.

        :raises AwsError: ResourceNotFoundException.
        """
        self.get(kind, name)
        return self._kinds[kind].pop(name)

    def all(self, kind: Kind) -> list[Asset]:
        """Return all assets of a kind, in the order of their ids."""
        return [asset for _, asset in sorted(self._kinds[kind].items())]


def not_found(what: str) -> AwsError:
    """Return the error that says that something does not exist."""
    return AwsError("ResourceNotFoundException", f"{what} does not exist.", 404)
