"""The cost page behind Airflow's sign-in, with its real auth manager, tokens and database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from media_lake.links.cost_page_link import cost_page_address

ROOT = Path(__file__).parents[4]
AUTH_MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


def asked(home: Path) -> dict[str, Any]:
    """Return the answers that ``ask.py`` printed."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__AUTH_MANAGER": AUTH_MANAGER,
        "AIRFLOW__API_AUTH__JWT_SECRET": "0" * 64,
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS": "True",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "ask.py")],
        env=environment, cwd=home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.integration
def test_airflow_serves_the_page_to_people_who_may_read_the_dag_and_to_nobody_else(
    aws: Any, tmp_path: Path
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="media-lake")
    s3.put_object(Bucket="media-lake", Key="reports/costs.html", Body="<h1>Costs: €3</h1>".encode())
    answers = asked(tmp_path)
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "nobody": 401,
        "viewer": 200,
        "one_without_rights": 403,
    }
    assert answers["viewer"]["text"] == "<h1>Costs: €3</h1>"
    headers = answers["viewer"]["headers"]
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"] == "sandbox allow-scripts allow-downloads"
    assert headers["cache-control"] == "private, no-cache"


def test_the_link_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team/")
    assert cost_page_address() == "https://airflow.example.com/team/media-lake/costs"
