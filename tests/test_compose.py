"""docker-compose.yaml, Dockerfile and .env.example agree with the stack, the settings and each other."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.settings import Settings
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
# What one machine needs and production does not.
NOT_IN_PRODUCTION = {"local", "tests", "tools", "docs"}
USE_EVERYTHING = """
import json
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from include.core.lake import load_lake
from include.core.prices import load_price_book
from include.core.settings import Settings
bag = DagBag("dags")
load_lake(Settings().lake_file)
load_price_book("us-east-1")
print(json.dumps({"dags": sorted(bag.dags), "errors": bag.import_errors}))
"""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text(encoding="utf-8"))
    return content


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
        "AIRFLOW__API__HOST",
        "AIRFLOW__API__PORT",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
    }
    stack = stack_environment(StackSettings(folder=tmp_path), {})
    told = {name for name in stack if name.startswith("AIRFLOW__")} - local
    assert told <= set(compose["services"]["airflow-scheduler"]["environment"])


def test_s3_clients_find_the_endpoint_by_an_address(compose: dict[str, Any]) -> None:
    address = compose["services"]["local-aws"]["networks"]["lake"]["ipv4_address"]
    assert re.fullmatch(r"[\d.]+", address)
    for name in AIRFLOW_SERVICES | {"local-rekognition"}:
        assert compose["services"][name]["environment"]["AWS_ENDPOINT_URL"] == f"http://{address}:4566"


def test_what_a_service_waits_for_exists_and_says_when_it_is_ready(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert name in services
            assert wait["condition"] == "service_completed_successfully" or "healthcheck" in services[name]


def test_initialization_makes_database_pools_and_resources(compose: dict[str, Any]) -> None:
    script = compose["services"]["airflow-init"]["command"][-1]
    pools = next(part for part in shlex.split(script) if part.endswith(".json"))
    assert json.loads((PROJECT / Path(pools).relative_to("/opt/airflow")).read_text(encoding="utf-8"))
    assert "airflow db migrate" in script
    assert "python -m infrastructure" in script


def test_ports_are_published_to_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_key_is_in_the_file(compose: dict[str, Any]) -> None:
    environment = compose["services"]["airflow-scheduler"]["environment"]
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"):
        assert environment[name].startswith("${")


def test_the_images_that_services_use_are_built(compose: dict[str, Any]) -> None:
    builds = {service["build"]["target"] for service in compose["services"].values() if "build" in service}
    assert builds == set(image_folders())


def test_the_production_image_holds_nothing_of_the_local_lake(capsys: pytest.CaptureFixture[str]) -> None:
    files = production_files()
    counts = Counter(path.parts[0] for path in files)
    size = sum((PROJECT / path).stat().st_size for path in files)
    with capsys.disabled():
        print(f"\nproduction image: {len(files)} files, {size / 1e6:.1f} MB: {dict(counts)}")
    assert counts
    assert not NOT_IN_PRODUCTION & set(counts)
    assert "local" in image_folders()["local-aws"]


def test_the_guide_names_the_folders_that_production_needs() -> None:
    """On MWAA and Helm people copy these folders themselves."""
    guide = (PROJECT / "docs" / "DEPLOY.md").read_text(encoding="utf-8")
    step = next(part for part in guide.split("\n\n") if part.startswith("The project is an Airflow folder"))
    assert set(re.findall(r"`(\w+)/`", step)) == set(image_folders()["airflow"])


def test_every_dag_is_read_from_the_files_of_the_production_image_alone(tmp_path: Path) -> None:
    home = tmp_path / "opt"
    for path in production_files():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, home / path)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONPATH": os.pathsep.join((str(home), str(home / "plugins"))),
    }
    output = subprocess.run(
        [sys.executable, "-c", USE_EVERYTHING],
        env=environment, cwd=home, capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    read = json.loads(output.splitlines()[-1])
    assert read["errors"] == {}
    assert read["dags"] == sorted(path.stem for path in (PROJECT / "dags").glob("*.py"))


def test_the_example_environment_has_every_setting_with_its_meaning_and_default() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    for prefix, settings in (("MEDIA_LAKE_", Settings), ("MEDIA_LAKE_STACK_", StackSettings)):
        for name, field in settings.model_fields.items():
            assert f"# {field.description}\n# {prefix}{name.upper()}={_shown(field.default)}\n" in text


def test_the_example_environment_has_every_variable_of_the_compose_file() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{(\w+)", (PROJECT / "docker-compose.yaml").read_text(encoding="utf-8")))
    assert [name for name in used if f"{name}=" not in text] == []


def image_folders() -> dict[str, list[str]]:
    """Return the folders that each stage of the Dockerfile copies itself, by the stage's name."""
    stages = re.split(r"^FROM ", (PROJECT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        re.findall(r"AS (\S+)", stage)[0]: re.findall(r"^COPY (\w+) ", stage, re.MULTILINE)
        for stage in stages
    }


def production_files() -> list[Path]:
    """Return the project's files in the image of Airflow, relative to the project."""
    return [
        path.relative_to(PROJECT)
        for folder in image_folders()["airflow"]
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def _shown(default: Any) -> str:
    if isinstance(default, Path):
        return str(default.relative_to(PROJECT))
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)
