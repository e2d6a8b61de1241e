"""The files of docker compose and .env.example agree with the stack, the settings and each other."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.settings import Settings
from infrastructure.packaging import PRODUCTION_FOLDERS
from local.aws.access import reason_to_refuse
from local.stack.environment import SHARED, stack_environment
from local.stack.stack_settings import PROJECT, StackSettings

AIRFLOW_SERVICES = {
    "airflow-init",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
}


OFFLINE, AWS = "docker-compose.yaml", "docker-compose.aws.yaml"
# Names and values that are of the stand-in for AWS.
STAND_IN = re.compile(r"(?i)local(?!host)|4566|4567|aws_(endpoint|access|secret)|simulated|bill_source")
SECRETS = {
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
}


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read(OFFLINE)


@pytest.fixture(scope="module", params=[OFFLINE, AWS])
def either(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


@pytest.fixture(scope="module")
def towards_aws() -> dict[str, Any]:
    return read(AWS)


def test_it_has_every_component(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == AIRFLOW_SERVICES | {
        "postgres",
        "redis",
        "local-aws",
        "local-rekognition",
    }


def test_airflow_gets_the_settings_of_the_stack(compose: dict[str, Any]) -> None:
    for name in AIRFLOW_SERVICES:
        environment = compose["services"][name]["environment"]
        assert {key: environment.get(key) for key in SHARED} == SHARED


def test_airflow_is_told_all_that_the_stack_tells_it(compose: dict[str, Any], tmp_path: Path) -> None:
    local = {
        "AIRFLOW__CORE__PARALLELISM",
        "AIRFLOW__CORE__DAGS_FOLDER",
        "AIRFLOW__CORE__PLUGINS_FOLDER",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE",
        "AIRFLOW__API__HOST",
        "AIRFLOW__API__PORT",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
    }
    stack = stack_environment(StackSettings(folder=tmp_path), {})
    told = {name for name in stack if name.startswith("AIRFLOW__")} - local
    assert told <= set(compose["services"]["airflow-scheduler"]["environment"])


def test_clients_find_the_local_services_by_their_numbers(compose: dict[str, Any]) -> None:
    services = compose["services"]
    aws, rekognition = (
        services[name]["networks"]["lake"]["ipv4_address"] for name in ("local-aws", "local-rekognition")
    )
    for name in AIRFLOW_SERVICES | {"local-rekognition"}:
        assert services[name]["environment"]["AWS_ENDPOINT_URL"] == f"http://{aws}:4566"
    for name in AIRFLOW_SERVICES:
        assert services[name]["environment"]["AWS_ENDPOINT_URL_REKOGNITION"] == f"http://{rekognition}:4567"
    assert services["local-aws"]["environment"]["LOCAL_REKOGNITION_URL"] == f"http://{rekognition}:4567"
    assert reason_to_refuse(f"{rekognition}:4567", None, None, None) is None
    assert reason_to_refuse("local-rekognition:4567", None, None, None) is not None


def test_towards_aws_there_is_no_stand_in(towards_aws: dict[str, Any], compose: dict[str, Any]) -> None:
    assert set(towards_aws["services"]) == AIRFLOW_SERVICES | {"postgres", "redis"}
    for name, service in towards_aws["services"].items():
        told = {*service.get("environment", {}), *map(str, service.get("environment", {}).values())}
        assert [text for text in told if STAND_IN.search(text)] == []
        assert "AWS_ENDPOINT_URL" not in service.get("environment", {}), name
    offline = compose["services"]["airflow-scheduler"]["environment"]
    assert [name for name in offline if STAND_IN.search(name)], "the pattern finds nothing"


def test_nobody_is_an_administrator_without_a_password(either: dict[str, Any]) -> None:
    for name in AIRFLOW_SERVICES:
        environment = either["services"][name]["environment"]
        assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in environment
        assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"
    passwords = environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    mounted = [volume.partition(":")[2] for volume in either["services"]["airflow-api-server"]["volumes"]]
    assert str(Path(passwords).parent) in mounted
    assert f"RUN mkdir --mode=0700 {Path(passwords).parent}\n" in (PROJECT / "Dockerfile").read_text("utf-8")


def test_both_files_are_told_what_deferrals_need(either: dict[str, Any]) -> None:
    for name in AIRFLOW_SERVICES:
        assert either["services"][name]["environment"]["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] == "1"


def test_every_service_that_stays_says_whether_it_is_well(either: dict[str, Any]) -> None:
    services = either["services"]
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"airflow-init"}
    scheduler = services["airflow-scheduler"]["environment"]
    assert scheduler["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "True"


def test_a_worker_that_is_told_to_stop_lets_its_tasks_end(either: dict[str, Any]) -> None:
    told = {
        name
        for name, service in either["services"].items()
        if service.get("environment", {}).get("DUMB_INIT_SETSID") == "0"
    }
    assert told == {"airflow-worker"}
    assert "stop_grace_period" in either["services"]["airflow-worker"]


def test_logs_outlive_containers_and_all_components_read_them(either: dict[str, Any]) -> None:
    for name in AIRFLOW_SERVICES:
        assert "logs:/opt/airflow/logs" in either["services"][name]["volumes"]
    used = {
        volume.partition(":")[0]
        for service in either["services"].values()
        for volume in service.get("volumes", ())
    }
    assert used == set(either["volumes"])


def test_towards_aws_every_service_has_limits(towards_aws: dict[str, Any]) -> None:
    for service in towards_aws["services"].values():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_images_of_others_are_pinned_and_can_be_named_by_digest(either: dict[str, Any]) -> None:
    images = {service["image"] for service in either["services"].values()}
    foreign = {image for image in images if not image.startswith("media-lake-")}
    assert len(foreign) == 2
    assert all(re.fullmatch(r"\$\{\w+_IMAGE:-\w+:\d+\.\d[\w.-]*\}", image) for image in foreign)
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"(?m)^ARG AIRFLOW_IMAGE=apache/airflow:\d+\.\d+\.\d+-python3\.11$", dockerfile)


def test_what_a_service_waits_for_exists_and_says_when_it_is_ready(either: dict[str, Any]) -> None:
    services = either["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert name in services
            assert wait["condition"] == "service_completed_successfully" or "healthcheck" in services[name]


def test_initialization_makes_database_and_pools(either: dict[str, Any]) -> None:
    script = either["services"]["airflow-init"]["command"][-1]
    pools = next(part for part in shlex.split(script) if part.endswith(".json"))
    assert json.loads((PROJECT / Path(pools).relative_to("/opt/airflow")).read_text(encoding="utf-8"))
    assert "airflow db migrate" in script


def test_only_the_offline_lake_makes_its_resources_itself(
    compose: dict[str, Any], towards_aws: dict[str, Any]
) -> None:
    """On AWS that takes the rights of a deployer, which tasks do not have."""
    offline, aws = (file["services"]["airflow-init"]["command"][-1] for file in (compose, towards_aws))
    assert "python -m infrastructure" in offline
    assert "infrastructure" not in aws.replace("/opt/airflow/infrastructure/pools.json", "")


def test_ports_are_published_to_this_machine_only(either: dict[str, Any]) -> None:
    ports = [port for service in either["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_key_is_in_the_file_and_each_is_another(either: dict[str, Any]) -> None:
    environment = either["services"]["airflow-scheduler"]["environment"]
    keys = {re.fullmatch(r"\$\{(\w+):\?.*\}", environment[name])[1] for name in SECRETS}  # type: ignore[index]
    assert len(keys) == len(SECRETS)
    for name, value in environment.items():
        assert not re.search(r"://\w*:[^$@]+@", value), name


def test_towards_aws_the_queue_has_a_password_too(towards_aws: dict[str, Any]) -> None:
    redis = towards_aws["services"]["redis"]
    assert redis["command"][1] == "--requirepass"
    broker = towards_aws["services"]["airflow-worker"]["environment"]["AIRFLOW__CELERY__BROKER_URL"]
    assert broker == "redis://:${REDIS_PASSWORD}@redis:6379/0"


def test_the_images_that_services_use_are_built(compose: dict[str, Any]) -> None:
    builds = {service["build"]["target"] for service in compose["services"].values() if "build" in service}
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert builds == set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))


def test_the_guide_names_the_folders_that_production_needs() -> None:
    """On MWAA and Helm people copy these folders themselves."""
    guide = (PROJECT / "docs" / "DEPLOY.md").read_text(encoding="utf-8")
    step = next(part for part in guide.split("\n\n") if part.startswith("The project is an Airflow folder"))
    assert sorted(re.findall(r"`(\w+)/`", step)) == sorted(PRODUCTION_FOLDERS)


def test_the_example_environment_has_every_setting_with_its_meaning_and_default() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    for prefix, settings in (("MEDIA_LAKE_", Settings), ("MEDIA_LAKE_STACK_", StackSettings)):
        for name, field in settings.model_fields.items():
            assert f"# {field.description}\n# {prefix}{name.upper()}={_shown(field.default)}\n" in text


def test_the_example_environment_has_every_variable_of_the_compose_files() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    files = "".join((PROJECT / name).read_text(encoding="utf-8") for name in (OFFLINE, AWS))
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", files))
    assert [name for name in used if f"{name}=" not in text] == []


def _shown(default: Any) -> str:
    if isinstance(default, Path):
        return str(default.relative_to(PROJECT))
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
