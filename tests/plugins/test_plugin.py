"""The plugins folder is loaded as Airflow loads it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGINS_FOLDER = Path(__file__).parents[2] / "plugins"

LOAD_PLUGINS = """
import json, sys, sysconfig
from airflow import plugins_manager
from airflow.settings import prepare_syspath_for_config_and_plugins

prepare_syspath_for_config_and_plugins()
before = set(sys.modules)
plugins, errors = plugins_manager._get_plugins()
ours = [plugin for plugin in plugins if plugin.name == "media_lake"]
stdlib = sysconfig.get_path("stdlib")
plugins_folder = sys.argv[1]
print(json.dumps({
    "errors": errors,
    "plugins": [plugin.name for plugin in plugins],
    "links": [type(link).__name__ for plugin in ours for link in plugin.operator_extra_links],
    "from_plugins_folder": sorted(
        name for name, module in sys.modules.items()
        if str(getattr(module, "__file__", "") or "").startswith(plugins_folder)
    ),
    "heavy": sorted(
        {"boto3", "aiobotocore", "pandas", "pyarrow", "cv2", "openlineage"} & (set(sys.modules) - before)
    ),
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS_FOLDER),
        "AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS": "True",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    environment.pop("PYTHONPATH", None)
    result = subprocess.run(
        [sys.executable, "-c", LOAD_PLUGINS, str(PLUGINS_FOLDER)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_plugins_load_without_errors(loaded: dict[str, Any]) -> None:
    assert loaded["errors"] == {}
    assert loaded["plugins"].count("media_lake") == 1


def test_console_links_are_registered(loaded: dict[str, Any]) -> None:
    assert loaded["links"] == [
        "RekognitionConsoleLink",
        "RekognitionVideoObjectLink",
        "RekognitionCustomLabelsProjectLink",
        "CostPageLink",
        "DayRunsLink",
    ]


def test_only_the_plugin_file_is_imported_by_airflow(loaded: dict[str, Any]) -> None:
    """Airflow imports what it finds under its bare file name: ``hooks``, or ``types`` over Python's."""
    assert loaded["from_plugins_folder"] == [
        "media_lake",
        "media_lake.lake_tag",
        "media_lake.links",
        "media_lake.links.cost_page_link",
        "media_lake.links.day_link",
        "media_lake.listeners",
        "media_lake.listeners.ended_runs",
        "media_lake.run_ids",
        "media_lake.web",
        "media_lake.web.lazy_pages",
        "plugin",
        "rekognition",
        "rekognition.links",
    ]


def test_nothing_heavy_is_imported(loaded: dict[str, Any]) -> None:
    assert loaded["heavy"] == []
