"""What MWAA gets: its archive works in MWAA's layout, and its packages are those that MWAA's image takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from include.core.settings import SettingsError, load_settings
from infrastructure.mwaa.__main__ import main
from infrastructure.packaging import mwaa_plugins, project_files
from infrastructure.roles import OF_AIRFLOW, OPTIONAL, ROLES

ROOT = Path(__file__).parents[3]
MWAA = ROOT / "infrastructure" / "mwaa"
# MWAA installs under both: the second is forced, the first if requirements.txt names none.
CONSTRAINTS = tuple(MWAA / f"{kind}-constraints-3.3.1.txt" for kind in ("airflow", "essential"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\\n]+)", re.MULTILINE)

# The home of MWAA's airflow user: `dags` and `plugins` are below it, and nothing else of ours.
IMPORT_ALL = """
import os, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag("dags")
assert bag.import_errors == {}, bag.import_errors
import plugin
from include.core.prices import load_price_book
from include.store.sql import view_names
load_price_book("us-east-1")
assert view_names()
of_project = {"dags", "include", "media_lake", "plugin", "rekognition"}
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if file and name.partition(".")[0] in of_project:
        assert file.startswith(os.getcwd()), file
assert {"infrastructure", "local", "tests", "tools"}.isdisjoint(sys.modules)
from airflow.configuration import conf
for option in sys.argv[1:]:
    section, _, name = option.partition(".")
    assert name in conf.configuration_description[section]["options"], option
import airflow
print(airflow.__version__, *sorted(bag.dags))
"""


def pins(path: Path) -> dict[str, str]:
    found = PIN.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `make mwaa` writes."""
    monkeypatch.setenv("MEDIA_LAKE_BUCKET", "my-lake")
    load_settings.cache_clear()
    assert main(["--folder", str(tmp_path / "built")]) == 0
    load_settings.cache_clear()
    return tmp_path / "built"


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """Airflow's home as MWAA lays it out."""
    home = tmp_path / "airflow"
    with zipfile.ZipFile(built / "plugins.zip") as archive:
        archive.extractall(home / "plugins")
    shutil.copytree(built / "dags", home / "dags")
    return home


def environment_resources() -> dict[str, Any]:
    """The resources of the environment's template; intrinsic functions are left out."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", lambda loader, tag, node: node.value)  # type: ignore[attr-defined]
    text = (MWAA / "environment.yaml").read_text(encoding="utf-8")
    resources: dict[str, Any] = yaml.load(text, loader)["Resources"]
    return resources


def import_all(python: str, home: Path) -> tuple[str, list[str]]:
    """Import every Dag in MWAA's layout; return Airflow's version and the Dags.

    Airflow has to know the options that the environment sets.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # The Dag processor reads no lake.yaml, so it does not wait for an S3 that is away.
        "MEDIA_LAKE_LAKE_FILE": "s3://my-lake/config/lake.yaml",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    for name in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
        environment.pop(name, None)
    options = environment_resources()["Environment"]["Properties"]["AirflowConfigurationOptions"]
    command = [python, "-P", "-c", IMPORT_ALL, *options]
    result = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    version, *dags = result.stdout.splitlines()[-1].split()
    return version, dags


DAG_IDS = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))


def test_all_dags_import_from_the_archive_in_mwaas_layout(
    built: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_all(sys.executable, home)[1] == DAG_IDS
    with zipfile.ZipFile(built / "plugins.zip") as archive:
        sizes = [entry.file_size for entry in archive.infolist()]
    with capsys.disabled():
        packed = (built / "plugins.zip").stat().st_size
        print(f"\nplugins.zip for MWAA: {packed:,} bytes; unpacked {len(sizes)} files, {sum(sizes):,} bytes")


def test_the_archive_holds_what_is_committed_and_is_the_same_each_time(built: Path, tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    committed = [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    assert mwaa_plugins(project_files(ROOT)) == mwaa_plugins(committed)
    with zipfile.ZipFile(built / "plugins.zip") as archive:
        assert archive.namelist() == sorted(mwaa_plugins(committed))
    assert main(["--folder", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "plugins.zip").read_bytes() == (built / "plugins.zip").read_bytes()


def test_the_startup_script_gives_the_settings_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_BUCKET", "my-lake")
    monkeypatch.setenv("MEDIA_LAKE_ALERTS_TOPIC", "it's; $(date)")
    monkeypatch.setenv("MEDIA_LAKE_STACK_FOLDER", ".stack")
    load_settings.cache_clear()
    assert main(["--folder", str(tmp_path)]) == 0
    load_settings.cache_clear()
    command = ["bash", "-c", f". {tmp_path}/startup.sh && env -0"]
    shown = subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout
    variables = dict(line.split("=", 1) for line in shown.split("\0") if line.startswith("MEDIA_LAKE_"))
    assert variables == {
        "MEDIA_LAKE_BUCKET": "my-lake",
        "MEDIA_LAKE_ALERTS_TOPIC": "it's; $(date)",
        "MEDIA_LAKE_LAKE_FILE": "s3://my-lake/config/lake.yaml",
    }


def test_a_wrong_setting_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_BUCKETS", "my-lake")
    load_settings.cache_clear()
    assert main(["--folder", str(tmp_path / "built")]) == 1
    assert "did you mean MEDIA_LAKE_BUCKET?" in capsys.readouterr().err
    assert not (tmp_path / "built").exists()
    with pytest.raises(SettingsError):
        load_settings()


def test_packages_have_the_versions_of_mwaas_image_and_else_those_of_production() -> None:
    wanted, production = pins(ROOT / "requirements-mwaa.txt"), pins(ROOT / "requirements.txt")
    of_image = pins(CONSTRAINTS[0]) | pins(CONSTRAINTS[1])
    assert {name: wanted[name] for name in wanted if name in of_image} == {
        name: of_image[name] for name in wanted if name in of_image
    }
    beside = {name: version for name, version in wanted.items() if name not in of_image}
    of_airflow = {"apache-airflow-core", "apache-airflow-task-sdk"}  # the constraints leave them out
    assert beside.keys() > of_airflow
    assert {name: production[name] for name in beside if name not in of_airflow} == {
        name: version for name, version in beside.items() if name not in of_airflow
    }


def test_what_mwaa_is_asked_for_is_asked_for_everywhere() -> None:
    def names(file: str) -> set[str]:
        return set(re.findall(r"(?m)^([a-z0-9-]+)", (ROOT / file).read_text(encoding="utf-8")))

    assert names("requirements-mwaa.in") < names("requirements.in")


def test_cfn_lint_finds_nothing_in_the_environment() -> None:
    regions: Any = ["us-east-1", "eu-west-1"]
    assert lint_file(MWAA / "environment.yaml", ManualArgs(regions=regions, include_checks=["I"])) == []


def test_the_environment_has_the_version_of_the_constraints() -> None:
    properties = environment_resources()["Environment"]["Properties"]
    assert properties["AirflowVersion"] == pins(CONSTRAINTS[1])["apache-airflow"]
    assert properties["AirflowConfigurationOptions"]["workers.min_heartbeat_interval"] == "1"


def test_the_execution_role_has_the_policies_of_all_of_airflows_processes() -> None:
    attached = environment_resources()["ExecutionRole"]["Properties"]["ManagedPolicyArns"]
    names = {arn.removeprefix(attached[0].removesuffix("tasks")) for arn in attached}
    assert names == {name for role in OF_AIRFLOW for name in ROLES[role] if name not in OPTIONAL}


@pytest.mark.matrix
def test_mwaas_pip_installs_the_packages_and_all_dags_import_with_them(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It downloads about 1 GB, and needs Python 3.12, which MWAA's image has: python3.12 on the PATH."""
    python = shutil.which("python3.12")
    if python is None or subprocess.run([python, "--version"], capture_output=True).returncode:
        pytest.skip("there is no python3.12")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    # As the image's safe-pip-install and user_requirements.py call it, with the constraints that it may add.
    constrained = ["--constraint", str(CONSTRAINTS[1]), "-r", str(ROOT / "requirements-mwaa.txt")]
    started = time.monotonic()
    subprocess.run(
        [*pip, *constrained, "-c", str(CONSTRAINTS[0])], check=True, capture_output=True, timeout=900
    )
    seconds = time.monotonic() - started
    version, dags = import_all(str(tmp_path / "venv" / "bin" / "python"), home)
    assert (version, dags) == ("3.3.1", DAG_IDS)
    size = sum(path.stat().st_size for path in (tmp_path / "venv").rglob("*") if path.is_file())
    with capsys.disabled():
        print(f"\nrequirements-mwaa.txt: {seconds:.0f} s, {size / 1e6:,.0f} MB; {len(dags)} Dags import")
