"""Custom Labels: projects and the versions of their models, with AWS's states.

Nothing is trained: a version becomes ``TRAINING_COMPLETED``, and its status message says that it knows no
labels. AWS bills a model for the time that it runs; this module counts that time, so that tests can see
whether a model was stopped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local.aws.rekognition.control import Control
from local.aws.rekognition.pages import Pages
from local.aws.rekognition.rekognition_errors import ServiceError, documented_error

Params = dict[str, Any]
Reply = dict[str, Any]

_ACCOUNT = "123456789012"
_MOST_PER_PAGE = 100
_NOT_TRAINED = (
    "The local Rekognition trains nothing: this model finds what recorded replies hold, or nothing."
)
_VERSION_ARN = re.compile(
    r"(?P<project>arn:[^/]+:project/(?P<name>[^/]+))/version/(?P<version>[^/]+)/(?P<created>\d+)"
)
_NEXT = {"TRAINING_IN_PROGRESS": "TRAINING_COMPLETED", "STARTING": "RUNNING", "STOPPING": "STOPPED"}
_STARTABLE = ("TRAINING_COMPLETED", "STOPPED", "FAILED")
_DELETABLE = ("TRAINING_COMPLETED", "TRAINING_FAILED", "STOPPED", "FAILED")


@dataclass
class Version:
    """A version of a project: a model.

    :param params: of the request that created it.
    :param created_at: seconds since 1970.
    :param trained_at: seconds since 1970.
    :param units: members of the StartProjectVersion request that set the inference units.
    :param starts: number of starts.
    :param stops: number of stops.
    :param ran: seconds that it ran before the present run.
    :param running_since: start of the present run on the clock of :class:`Projects`.
    :param due: end of a passing state on the clock of :class:`Projects`.
    """

    arn: str
    params: Params
    created_at: float
    trained_at: float
    units: dict[str, int] = field(default_factory=dict)
    starts: int = 0
    stops: int = 0
    ran: float = 0.0
    running_since: float = 0.0
    state: str = "TRAINING_IN_PROGRESS"
    due: float = 0.0

    def enter(self, state: str, due: float) -> None:
        """Enter a passing state that ends at the time ``due``."""
        self.state, self.due = state, due

    def status(self, now: float) -> str:
        """Return the state at the time ``now``, when a passing state may have ended."""
        if self.state in _NEXT and now >= self.due:
            self.state = _NEXT[self.state]
            if self.state == "RUNNING":
                self.running_since = self.due
        return self.state

    def seconds(self, now: float) -> float:
        """Return the seconds of all runs together."""
        return self.ran + (now - self.running_since if self.status(now) == "RUNNING" else 0.0)


@dataclass
class Project:
    """A project and its versions, in the order of their creation."""

    arn: str
    params: Params
    created_at: float
    versions: dict[str, Version] = field(default_factory=dict)


class Projects:
    """All projects. They end with the process.

    :param clock: returns seconds.
    """

    def __init__(self, control: Control, pages: Pages, clock: Callable[[], float] = time.monotonic) -> None:
        self._control = control
        self._pages = pages
        self._clock = clock
        self._projects: dict[str, Project] = {}
        self._operations: dict[str, Callable[[Params, str], Reply]] = {
            "CreateProject": self._create_project,
            "DeleteProject": self._delete_project,
            "DescribeProjects": self._describe_projects,
            "CreateProjectVersion": self._create_version,
            "DeleteProjectVersion": self._delete_version,
            "DescribeProjectVersions": self._describe_versions,
            "StartProjectVersion": self._start,
            "StopProjectVersion": self._stop,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations that this class answers."""
        return tuple(self._operations)

    async def call(self, operation: str, params: Params, region: str) -> Reply:
        """Answer a call.

        :raises ServiceError: ResourceNotFoundException, ResourceInUseException, LimitExceededException or
            InvalidPaginationTokenException.
        """
        return self._operations[operation](params, region)

    def require_running(self, arn: str, region: str) -> None:
        """Make sure that a model runs.

        :raises ServiceError: ResourceNotFoundException or ResourceNotReadyException.
        """
        _, version = self._version(arn, region)
        status = version.status(self._clock())
        if status != "RUNNING":
            raise documented_error("ResourceNotReadyException", detail=f"The model {arn} is {status}.")

    def reset(self, models: Iterable[str] = ()) -> None:
        """Delete every project, then create trained models with these ARNs, each in its project.

        :raises ValueError: if one is not the ARN of a project version.
        """
        self._projects.clear()
        for arn in models:
            self._add_trained(arn)

    def usage(self) -> list[dict[str, Any]]:
        """Return a description of each model.

        ``starts`` and ``stops`` count accepted requests; ``running_seconds`` is the time of all runs
        together.
        """
        now = self._clock()
        return [
            {
                "arn": version.arn,
                "status": version.status(now),
                "starts": version.starts,
                "stops": version.stops,
                "running": version.status(now) == "RUNNING",
                "running_seconds": round(version.seconds(now), 3),
                "inference_units": version.units.get("MinInferenceUnits", 0),
            }
            for project in self._projects.values()
            for version in project.versions.values()
        ]

    def _create_project(self, params: Params, region: str) -> Reply:
        prefix = f"arn:aws:rekognition:{region}:{_ACCOUNT}:project/{params['ProjectName']}/"
        if any(arn.startswith(prefix) for arn in self._projects):
            raise _in_use(f"A project with the name {params['ProjectName']} exists.")
        created_at = time.time()
        arn = f"{prefix}{int(created_at * 1000)}"
        self._projects[arn] = Project(arn, params, created_at)
        return {"ProjectArn": arn}

    def _delete_project(self, params: Params, region: str) -> Reply:
        project = self._project(params["ProjectArn"], region)
        if project.versions:
            raise _in_use(f"The project {project.arn} has versions; delete them first.")
        del self._projects[project.arn]
        return {"Status": "DELETING"}

    def _describe_projects(self, params: Params, region: str) -> Reply:
        names, features = params.get("ProjectNames"), params.get("Features", ["CUSTOM_LABELS"])
        described = [
            _project_description(project)
            for project in self._projects.values()
            if _region_of(project.arn) == region
            and (names is None or project.params["ProjectName"] in names)
            and project.params.get("Feature", "CUSTOM_LABELS") in features
        ]
        page, more = self._pages.cut(
            described, params, _MOST_PER_PAGE, "projects", region, str(names), str(features)
        )
        return {"ProjectDescriptions": page, **more}

    def _create_version(self, params: Params, region: str) -> Reply:
        project = self._project(params["ProjectArn"], region)
        if any(
            version.params["VersionName"] == params["VersionName"] for version in project.versions.values()
        ):
            raise _in_use(f"A version with the name {params['VersionName']} exists.")
        created_at, takes = time.time(), self._control.behavior.model_seconds
        parent, _, _ = project.arn.rpartition("/")
        arn = f"{parent}/version/{params['VersionName']}/{int(created_at * 1000)}"
        version = Version(arn, params, created_at, created_at + takes, due=self._clock() + takes)
        project.versions[arn] = version
        return {"ProjectVersionArn": arn}

    def _delete_version(self, params: Params, region: str) -> Reply:
        project, version = self._version(params["ProjectVersionArn"], region)
        self._require(version, _DELETABLE, "deleted")
        del project.versions[version.arn]
        return {"Status": "DELETING"}

    def _describe_versions(self, params: Params, region: str) -> Reply:
        project, names = self._project(params["ProjectArn"], region), params.get("VersionNames")
        now = self._clock()
        described = [
            _version_description(version, version.status(now))
            for version in reversed(project.versions.values())  # the latest first
            if names is None or version.params["VersionName"] in names
        ]
        page, more = self._pages.cut(described, params, _MOST_PER_PAGE, project.arn, str(names))
        return {"ProjectVersionDescriptions": page, **more}

    def _start(self, params: Params, region: str) -> Reply:
        _, version = self._version(params["ProjectVersionArn"], region)
        units: dict[str, int] = {
            name: params[name] for name in ("MinInferenceUnits", "MaxInferenceUnits") if name in params
        }
        if units.get("MaxInferenceUnits", units["MinInferenceUnits"]) < units["MinInferenceUnits"]:
            raise documented_error(
                "InvalidParameterException", detail="MaxInferenceUnits is less than MinInferenceUnits."
            )
        self._require(version, _STARTABLE, "started")
        limit = self._control.behavior.model_limit
        if sum(model["status"] in ("STARTING", "RUNNING") for model in self.usage()) >= limit:
            raise documented_error(
                "LimitExceededException", detail=f"{limit} models are running; stop one first."
            )
        version.starts += 1
        version.units = units
        version.enter("STARTING", self._clock() + self._control.behavior.model_seconds)
        return {"Status": "STARTING"}

    def _stop(self, params: Params, region: str) -> Reply:
        _, version = self._version(params["ProjectVersionArn"], region)
        self._require(version, ("RUNNING",), "stopped")
        now = self._clock()
        version.ran = version.seconds(now)
        version.stops += 1
        version.enter("STOPPING", now + self._control.behavior.model_seconds)
        return {"Status": "STOPPING"}

    def _add_trained(self, arn: str) -> None:
        match = _VERSION_ARN.fullmatch(arn)
        if match is None:
            raise ValueError(f"{arn} is not the ARN of a version of a Custom Labels project")
        prefix, created_at = f"{match['project']}/", int(match["created"]) / 1000
        known = [project for project in self._projects.values() if project.arn.startswith(prefix)]
        project = (
            known[0]
            if known
            else Project(prefix + match["created"], {"ProjectName": match["name"]}, created_at)
        )
        self._projects[project.arn] = project
        params = {"VersionName": match["version"]}
        project.versions[arn] = Version(arn, params, created_at, created_at, state="TRAINING_COMPLETED")

    def _require(self, version: Version, states: tuple[str, ...], action: str) -> None:
        status = version.status(self._clock())
        if status not in states:
            raise _in_use(f"The version {version.arn} is {status} and cannot be {action}.")

    def _project(self, arn: str, region: str) -> Project:
        project = self._projects.get(arn)
        if project is None or _region_of(arn) != region:
            raise documented_error("ResourceNotFoundException", detail=f"There is no project {arn}.")
        return project

    def _version(self, arn: str, region: str) -> tuple[Project, Version]:
        for project in self._projects.values():
            if arn in project.versions and _region_of(arn) == region:
                return project, project.versions[arn]
        raise documented_error("ResourceNotFoundException", detail=f"There is no version {arn}.")


def _project_description(project: Project) -> dict[str, Any]:
    return {
        "ProjectArn": project.arn,
        "CreationTimestamp": project.created_at,
        "Status": "CREATED",
        "Datasets": [],
        "Feature": project.params.get("Feature", "CUSTOM_LABELS"),
        **{name: project.params[name] for name in ("AutoUpdate",) if name in project.params},
    }


def _version_description(version: Version, status: str) -> dict[str, Any]:
    trained = {} if status == "TRAINING_IN_PROGRESS" else {"TrainingEndTimestamp": version.trained_at}
    given = ("OutputConfig", "KmsKeyId", "VersionDescription", "FeatureConfig")
    return {
        "ProjectVersionArn": version.arn,
        "CreationTimestamp": version.created_at,
        "Status": status,
        "StatusMessage": _NOT_TRAINED,
        **trained,
        **version.units,
        **{name: version.params[name] for name in given if name in version.params},
    }


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _in_use(detail: str) -> ServiceError:
    return documented_error("ResourceInUseException", detail=detail)
