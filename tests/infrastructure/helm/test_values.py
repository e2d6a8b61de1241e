"""The chart's values fit the image, the lake's roles and Compose; the chart takes them and renders them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infrastructure.roles import OF_AIRFLOW

ROOT = Path(__file__).parents[3]
HELM = ROOT / "infrastructure" / "helm"
OVERLAYS = ("kubernetes-executor.yaml", "git-sync.yaml")
# Airflow's processes in the chart, and the lake's role of each.
ROLES = {
    "workers": "tasks",
    "triggerer": "triggerer",
    "dagProcessor": "dag-processor",
    "apiServer": "api-server",
    "scheduler": None,
}
OF_A_SECRET = re.compile(r"(?i)(password|secret|token|fernet|broker|connection|credential)")


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((HELM / name).read_text(encoding="utf-8"))
    return content


def merged(values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return values as Helm merges several files: mappings are merged, all else is replaced."""
    result = dict(values)
    for key, value in more.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


@pytest.fixture(params=[(), *((name,) for name in OVERLAYS)], ids=lambda names: "-".join(names) or "celery")
def values(request: pytest.FixtureRequest) -> dict[str, Any]:
    result = read("values.yaml")
    for name in request.param:
        result = merged(result, read(name))
    return result


def texts(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in texts(each, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for each in value for found in texts(each, path)]
    return [(path, str(value))] if value is not None else []


def test_each_process_has_the_service_account_of_its_role(values: dict[str, Any]) -> None:
    accounts = {name: values[name].get("serviceAccount", {}).get("name") for name in ROLES}
    assert accounts == {name: role and f"media-lake-{role}" for name, role in ROLES.items()}
    assert {role for role in ROLES.values() if role} == set(OF_AIRFLOW)


def test_each_process_has_requests_limits_a_budget_for_disruptions_and_a_patient_probe(
    values: dict[str, Any],
) -> None:
    for name in ROLES:
        process = values[name]
        assert {"cpu", "memory"} <= set(process["resources"]["requests"]), name
        assert "memory" in process["resources"]["limits"], name
        task_pods = name == "workers" and values["executor"] == "KubernetesExecutor"
        assert process["podDisruptionBudget"]["enabled"] is not task_pods, name
        if name != "apiServer":  # it is asked over HTTP, the others by a command that imports Airflow
            assert process["livenessProbe"]["timeoutSeconds"] == 30, name


def test_no_secret_is_in_the_values_and_nobody_is_admin_by_default(values: dict[str, Any]) -> None:
    for path, text in texts(values):
        key = path.rpartition(".")[2]
        assert not OF_A_SECRET.search(key) or key.endswith(("SecretName", "Secret")), path
        assert not re.search(r"://[^/\s]*:[^/\s]*@", text), path
    for name in ("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName"):
        assert values[name]
    assert values["data"]["metadataSecretName"]
    assert values["postgresql"]["enabled"] is False
    assert values["createUserJob"]["enabled"] is False


def test_image_and_options_are_those_of_the_project(values: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"AIRFLOW_IMAGE=apache/airflow:{values['airflowVersion']}-python3.11" in dockerfile
    compose = yaml.safe_load((ROOT / "docker-compose.aws.yaml").read_text(encoding="utf-8"))
    told = compose["services"]["airflow-worker"]["environment"]
    assert (
        values["config"]["workers"]["min_heartbeat_interval"]
        == told["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"]
    )
    assert {"name": "AIRFLOW_CONN_AWS_DEFAULT", "value": told["AIRFLOW_CONN_AWS_DEFAULT"]} in values["env"]
    assert yaml.safe_load(values["extraEnvFrom"]) == [{"configMapRef": {"name": "media-lake"}}]


def test_the_database_gets_the_pools(values: dict[str, Any]) -> None:
    script = values["migrateDatabaseJob"]["args"][-1]
    (pools,) = re.findall(r"/opt/airflow/(\S+\.json)", script)
    assert json.loads((ROOT / pools).read_text(encoding="utf-8"))


def test_the_guide_makes_every_secret_and_service_account_that_is_named(values: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "DEPLOY.md").read_text(encoding="utf-8")
    named = {text for path, text in texts(values) if path.endswith(("SecretName", "Secret"))}
    assert [name for name in named if name not in guide] == []
    version = re.search(r"--version (\S+)", (HELM / "values.yaml").read_text(encoding="utf-8"))
    assert version is not None
    assert f"--version {version[1]}" in guide


@pytest.mark.matrix
@pytest.mark.parametrize("overlay", [None, *OVERLAYS])
def test_the_chart_takes_the_values_and_renders_them(overlay: str | None) -> None:
    """Helm checks them by the chart's schema. ``AIRFLOW_CHART`` is a folder of it, else it is fetched."""
    if shutil.which("helm") is None:
        pytest.skip("there is no helm")
    of_kubernetes = overlay == "kubernetes-executor.yaml"
    made = rendered("values.yaml", *filter(None, [overlay]))
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in made
        if each["kind"] in ("Deployment", "StatefulSet", "Job")
    }
    assert pods["airflow-triggerer"]["serviceAccountName"] == "media-lake-triggerer"
    assert ("airflow-worker" in pods) != of_kubernetes
    for name, pod in pods.items():
        for container in pod["containers"]:
            assert container["resources"]["requests"], (name, container["name"])
    budgets = [each for each in made if each["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == len(ROLES) - of_kubernetes
    assert [each for each in made if each["kind"] == "Secret"] == []
    if of_kubernetes:
        (task,) = [
            yaml.safe_load(each["data"]["pod_template_file.yaml"])["spec"]
            for each in made
            if "pod_template_file.yaml" in each.get("data", {})
        ]
        assert task["serviceAccountName"] == "media-lake-tasks"
        assert task["containers"][0]["image"].startswith("media-lake-airflow:")


def rendered(*names: str) -> list[dict[str, Any]]:
    version = re.search(r"--version (\S+)", (HELM / "values.yaml").read_text(encoding="utf-8"))
    assert version is not None
    fetched = ["airflow", "--repo", "https://airflow.apache.org", "--version", version[1]]
    chart = [os.environ["AIRFLOW_CHART"]] if "AIRFLOW_CHART" in os.environ else fetched
    files = [f"--values={HELM / name}" for name in names]
    command = ["helm", "template", "airflow", *chart, "--namespace=airflow", *files]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [each for each in yaml.safe_load_all(result.stdout) if each]
