"""Custom Labels projects and models: states, refusals, pages, and how long a model has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.rekognition.api_model import check_reply
from local.aws.rekognition.control import Behavior, Control
from local.aws.rekognition.pages import Pages
from local.aws.rekognition.projects import Projects
from local.aws.rekognition.rekognition_errors import ServiceError
from tests.clocks import FakeClock
from tests.local.aws.rekognition.samples import Control as ControlAddress

REGION = "us-east-1"


class Lab:
    """Projects with a clock of their own; replies are checked against the API's model."""

    def __init__(self, **behavior: Any) -> None:
        self.clock = FakeClock()
        self.control = Control(Behavior(model_seconds=10, **behavior))
        self.projects = Projects(self.control, Pages(self.control, self.clock), self.clock)

    async def call(self, operation: str, region: str = REGION, **params: Any) -> dict[str, Any]:
        reply = await self.projects.call(operation, params, region)
        check_reply(operation, reply)
        return reply

    async def refused(self, operation: str, **params: Any) -> str:
        with pytest.raises(ServiceError) as raised:
            await self.call(operation, **params)
        assert raised.value.status == 400
        return raised.value.code

    async def model(self, project: str = "signs", version: str = "v1", *, trained: bool = True) -> str:
        found = await self.call("DescribeProjects", ProjectNames=[project])
        arns = [item["ProjectArn"] for item in found["ProjectDescriptions"]]
        arn = arns[0] if arns else (await self.call("CreateProject", ProjectName=project))["ProjectArn"]
        output = {"S3Bucket": "bucket", "S3KeyPrefix": "models"}
        made = await self.call(
            "CreateProjectVersion", ProjectArn=arn, VersionName=version, OutputConfig=output
        )
        if trained:
            self.clock.now += 10
        return str(made["ProjectVersionArn"])

    async def describe(self, version: str) -> dict[str, Any]:
        project, name, _ = version.rsplit("/", 2)
        [project_arn] = [
            arn for arn in self.projects._projects if arn.startswith(project.removesuffix("version"))
        ]
        reply = await self.call("DescribeProjectVersions", ProjectArn=project_arn, VersionNames=[name])
        [described] = reply["ProjectVersionDescriptions"]
        return dict(described)


async def test_a_version_is_trained_without_pretending() -> None:
    lab = Lab()
    version = await lab.model(trained=False)
    assert (await lab.describe(version))["Status"] == "TRAINING_IN_PROGRESS"
    assert await lab.refused("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=1) == (
        "ResourceInUseException"
    )
    lab.clock.now += 10
    described = await lab.describe(version)
    assert described["Status"] == "TRAINING_COMPLETED"
    assert "trains nothing" in described["StatusMessage"]
    assert described["OutputConfig"] == {"S3Bucket": "bucket", "S3KeyPrefix": "models"}
    assert "EvaluationResult" not in described


async def test_a_model_is_started_used_and_stopped() -> None:
    lab = Lab()
    version = await lab.model()

    def ready() -> str:
        try:
            lab.projects.require_running(version, REGION)
        except ServiceError as error:
            return error.code
        return "ready"

    assert ready() == "ResourceNotReadyException"
    reply = await lab.call(
        "StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=1, MaxInferenceUnits=3
    )
    assert (reply["Status"], ready()) == ("STARTING", "ResourceNotReadyException")
    start = {"ProjectVersionArn": version, "MinInferenceUnits": 1}
    assert await lab.refused("StopProjectVersion", ProjectVersionArn=version) == "ResourceInUseException"
    assert await lab.refused("StartProjectVersion", **start) == "ResourceInUseException"
    lab.clock.now += 10
    described = await lab.describe(version)
    assert (described["Status"], described["MinInferenceUnits"], described["MaxInferenceUnits"]) == (
        "RUNNING",
        1,
        3,
    )
    assert ready() == "ready"
    assert await lab.refused("StartProjectVersion", **start) == "ResourceInUseException"
    assert await lab.refused("DeleteProjectVersion", ProjectVersionArn=version) == "ResourceInUseException"
    lab.clock.now += 3600
    [usage] = lab.projects.usage()
    assert (usage["running"], usage["running_seconds"], usage["starts"], usage["stops"]) == (
        True,
        3600.0,
        1,
        0,
    )
    assert (await lab.call("StopProjectVersion", ProjectVersionArn=version))["Status"] == "STOPPING"
    assert await lab.refused("StopProjectVersion", ProjectVersionArn=version) == "ResourceInUseException"
    assert ready() == "ResourceNotReadyException"
    lab.clock.now += 100
    assert (await lab.describe(version))["Status"] == "STOPPED"
    [usage] = lab.projects.usage()
    assert usage == {
        "arn": version,
        "status": "STOPPED",
        "starts": 1,
        "stops": 1,
        "running": False,
        "running_seconds": 3600.0,
        "inference_units": 1,
    }
    await lab.call("StartProjectVersion", **start)
    lab.clock.now += 10 + 5  # ten to start, five that it runs, though nobody asked meanwhile
    assert lab.projects.usage()[0]["running_seconds"] == 3605.0


async def test_resources_that_do_not_exist() -> None:
    lab = Lab()
    version = await lab.model()
    other = version.replace("/v1/", "/v2/")
    project = "arn:aws:rekognition:us-east-1:123456789012:project/none/1"
    for operation, params in (
        ("StartProjectVersion", {"ProjectVersionArn": other, "MinInferenceUnits": 1}),
        ("StopProjectVersion", {"ProjectVersionArn": other}),
        ("DeleteProjectVersion", {"ProjectVersionArn": other}),
        ("StopProjectVersion", {"ProjectVersionArn": version, "region": "eu-west-1"}),
        ("DescribeProjectVersions", {"ProjectArn": project}),
        ("DeleteProject", {"ProjectArn": project}),
    ):
        assert await lab.refused(operation, **params) == "ResourceNotFoundException"


async def test_names_are_taken_once() -> None:
    lab = Lab()
    await lab.model()
    [project] = (await lab.call("DescribeProjects"))["ProjectDescriptions"]
    assert await lab.refused("CreateProject", ProjectName="signs") == "ResourceInUseException"
    again = {"ProjectArn": project["ProjectArn"], "VersionName": "v1", "OutputConfig": {}}
    assert await lab.refused("CreateProjectVersion", **again) == "ResourceInUseException"
    elsewhere = await lab.call("CreateProject", region="eu-west-1", ProjectName="signs")
    assert elsewhere["ProjectArn"].startswith("arn:aws:rekognition:eu-west-1:123456789012:project/signs/")
    assert len((await lab.call("DescribeProjects"))["ProjectDescriptions"]) == 1


async def test_a_project_is_deleted_after_its_versions() -> None:
    lab = Lab()
    version = await lab.model()
    [project] = (await lab.call("DescribeProjects"))["ProjectDescriptions"]
    assert (project["Status"], project["Feature"]) == ("CREATED", "CUSTOM_LABELS")
    arn = {"ProjectArn": project["ProjectArn"]}
    assert await lab.refused("DeleteProject", **arn) == "ResourceInUseException"
    assert (await lab.call("DeleteProjectVersion", ProjectVersionArn=version))["Status"] == "DELETING"
    assert (await lab.call("DeleteProject", **arn))["Status"] == "DELETING"
    assert (await lab.call("DescribeProjects"))["ProjectDescriptions"] == []


async def test_units_and_models_are_limited() -> None:
    lab = Lab(model_limit=1)
    first, second = await lab.model(version="v1"), await lab.model(version="v2")
    unequal = {"ProjectVersionArn": first, "MinInferenceUnits": 3, "MaxInferenceUnits": 2}
    assert await lab.refused("StartProjectVersion", **unequal) == "InvalidParameterException"
    await lab.call("StartProjectVersion", ProjectVersionArn=first, MinInferenceUnits=1)
    start = {"ProjectVersionArn": second, "MinInferenceUnits": 1}
    assert await lab.refused("StartProjectVersion", **start) == "LimitExceededException"


async def test_versions_come_in_pages_the_latest_first() -> None:
    lab = Lab()
    for number in range(5):
        await lab.model(version=f"v{number}")
    [project] = (await lab.call("DescribeProjects"))["ProjectDescriptions"]
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        reply = await lab.call(
            "DescribeProjectVersions", ProjectArn=project["ProjectArn"], MaxResults=2, **token
        )
        names += [item["ProjectVersionArn"].split("/")[-2] for item in reply["ProjectVersionDescriptions"]]
        assert len(reply["ProjectVersionDescriptions"]) <= 2
        if "NextToken" not in reply:
            break
        token = {"NextToken": reply["NextToken"]}
    assert names == ["v4", "v3", "v2", "v1", "v0"]
    params = {"ProjectArn": project["ProjectArn"], "NextToken": "made-up"}
    assert await lab.refused("DescribeProjectVersions", **params) == "InvalidPaginationTokenException"


async def test_models_of_recorded_replies_exist_and_are_trained() -> None:
    lab = Lab()
    await lab.model()
    arns = [
        f"arn:aws:rekognition:{REGION}:123456789012:project/{name}/1600000000000"
        for name in ("logos/version/v1", "logos/version/v2", "parts/version/v1")
    ]
    lab.projects.reset(arns)
    projects = (await lab.call("DescribeProjects"))["ProjectDescriptions"]
    assert [project["ProjectArn"].split("/")[1] for project in projects] == ["logos", "parts"]
    assert [(await lab.describe(arn))["Status"] for arn in arns] == ["TRAINING_COMPLETED"] * 3
    assert await lab.refused("CreateProject", ProjectName="logos") == "ResourceInUseException"
    assert await lab.call("StartProjectVersion", ProjectVersionArn=arns[0], MinInferenceUnits=1)
    lab.projects.reset()
    assert (await lab.call("DescribeProjects"))["ProjectDescriptions"] == []
    with pytest.raises(ValueError, match="made-up is not the ARN of a version"):
        lab.projects.reset(["made-up"])


@pytest.mark.integration
def test_custom_labels_need_a_running_model(
    rekognition: Any, control: ControlAddress, image: Callable[[str], dict[str, Any]]
) -> None:
    control.post("settings", {"model_seconds": 0})
    project = rekognition.create_project(ProjectName="logos")["ProjectArn"]
    version = rekognition.create_project_version(
        ProjectArn=project, VersionName="v1", OutputConfig={"S3Bucket": "bucket"}
    )["ProjectVersionArn"]
    with pytest.raises(rekognition.exceptions.ResourceNotReadyException, match="TRAINING_COMPLETED"):
        rekognition.detect_custom_labels(ProjectVersionArn=version, Image=image("face.jpg"))
    rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)

    def names(key: str, **params: Any) -> list[str]:
        reply = rekognition.detect_custom_labels(ProjectVersionArn=version, Image=image(key), **params)
        return [label["Name"] for label in reply["CustomLabels"]]

    assert names("face.jpg") == []  # nothing was recorded for it, and nothing is made up
    assert names("recorded.png") == ["Logo", "Stamp"]
    assert names("recorded.png", MinConfidence=60) == ["Logo"]
    assert names("recorded.png", MaxResults=1) == ["Logo"]
    rekognition.stop_project_version(ProjectVersionArn=version)
    [model] = control.get("calls")["models"]
    assert (model["arn"], model["starts"], model["stops"], model["running"]) == (version, 1, 1, False)
    with pytest.raises(ClientError, match="STOPPED"):
        rekognition.detect_custom_labels(ProjectVersionArn=version, Image=image("face.jpg"))
    control.post("reset")
    assert control.get("calls")["models"] == []
    assert rekognition.describe_projects()["ProjectDescriptions"] == []
