"""``make demo`` on the real scheduler: media in, tables out, paid once, with components killed on the way."""

from __future__ import annotations

import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from include.core.settings import Settings
from infrastructure.place import Place
from local.stack.lifecycle import stack_processes
from local.stack.role_calls import role_calls
from local.stack.stack_settings import PROJECT, StackSettings
from media_lake.sensors.model_sensors import POLL_SECONDS
from tests.end_to_end.conftest import DEMO_SECONDS, Stack, running_stack

SAMPLE = PROJECT / "local" / "sample_media"
# Two pictures on two days, one of them twice under two names, and a short clip.
MEDIA = ("grace-hopper.jpg", "blueberries.jpg", "people-one-by-one.mp4")
DAYS = 2
RUNS = 4 * DAYS

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose processes may do only what their roles may; it notes what they do."""
    folder = tmp_path_factory.mktemp("demo") / "stack"
    settings = {
        "MEDIA_LAKE_STACK_ENFORCE_IAM": "true",
        "MEDIA_LAKE_STACK_CALLS_FILE": str(folder / "calls.ndjson"),
    }
    with running_stack(folder, **settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name in MEDIA:
        shutil.copy(SAMPLE / name, folder / name)
    shutil.copy(SAMPLE / "grace-hopper.jpg", folder / "the same picture again.jpg")
    return folder


@pytest.fixture(scope="module")
def first(stack: Stack, media: Path) -> subprocess.CompletedProcess[str]:
    """The first demonstration, in which a task, the scheduler and the triggerer are killed once."""
    up = stack.run("-m", "local.stack", "up")
    assert up.returncode == 0, up.stdout
    assert up.stdout.count("log in as admin with password") == 1
    arguments = [sys.executable, "-m", "local.stack", "demo", "--media", str(media), "--days", str(DAYS)]
    lines = []
    killed = False
    with subprocess.Popen(
        arguments,
        env=stack.environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if not killed and "enrich_videos" in line and "running" in line:
                _kill_task(stack)
                stack.kill("scheduler")
                stack.kill("triggerer")
                killed = True
        assert killed, "".join(lines)
        return subprocess.CompletedProcess(arguments, process.wait(DEMO_SECONDS), "".join(lines), "")


def test_every_run_succeeds_although_components_are_killed(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stdout
    assert first.stdout.count("  success") >= RUNS


def test_every_file_is_accounted_for_and_found_in_tables(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    assets = stack.query(
        "SELECT media_type, status, count(*) AS n FROM media_lake.media_assets GROUP BY 1, 2 ORDER BY 1"
    )
    assert assets == [
        {"media_type": "image", "status": "analyzed", "n": 3},
        {"media_type": "video", "status": "analyzed", "n": 1},
    ]
    faces = stack.query(
        "SELECT m.key, count(*) AS n FROM media_lake.faces AS f JOIN media_lake.media_assets AS m"
        " ON f.media_id = m.media_id WHERE m.key LIKE '%grace-hopper.jpg' GROUP BY m.key"
    )
    assert [row["n"] for row in faces] == [1]
    assert stack.query("SELECT count(*) > 0 AS found FROM media_lake.segments") == [{"found": True}]


def test_each_analysis_is_paid_once(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    statuses = stack.query("SELECT status, count(*) AS n FROM media_lake.analyses GROUP BY 1 ORDER BY 1")
    by_status = {row["status"]: row["n"] for row in statuses}
    assert set(by_status) == {"reused", "succeeded"}
    # Two pictures with nine features and a clip with seven; the duplicate is reused.
    assert by_status == {"succeeded": 2 * 9 + 7, "reused": 9}
    # Calls of a Custom Labels model have no price of their own: the hours do in which it ran.
    paid = stack.query(
        "SELECT operation = 'StartProjectVersion' AS hours, count(DISTINCT analysis_key) AS n"
        " FROM media_lake.usage WHERE NOT reused GROUP BY 1 ORDER BY 1"
    )
    (model,) = stack.calls()["models"]
    assert paid == [{"hours": False, "n": 2 * 8 + 7}, {"hours": True, "n": model["starts"]}]
    assert model["starts"] == model["stops"] > 0


def test_people_are_found_again_in_pictures(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    matches = stack.query(
        "SELECT f.external_image_id AS who, count(*) AS n FROM media_lake.face_matches AS f"
        " WHERE f.media_type = 'image' GROUP BY 1"
    )
    assert matches == [{"who": "grace-hopper", "n": 2}]


def test_a_model_runs_while_it_is_needed_and_its_hours_are_on_the_bill(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    (model,) = stack.calls()["models"]
    assert (model["starts"] >= 1, model["stops"], model["running"]) == (True, model["starts"], False)
    assert stack.calls()["billable"]["DetectCustomLabels"] == 2
    (billed,) = stack.query(
        "SELECT sum(units) AS hours, sum(usd) AS usd FROM media_lake.usage"
        " WHERE price_item = 'custom-labels-inference-hours'"
    )
    # Minutes that have begun are billed. It is seen to run only at the next look of the sensor.
    seconds, late = billed["hours"] * 3600, (POLL_SECONDS + 10) * model["starts"]
    assert 0 < seconds < model["running_seconds"] + 60 * model["starts"]
    assert model["running_seconds"] <= seconds + late
    assert billed["usd"] == pytest.approx(4 * billed["hours"], rel=1e-6)


def test_a_second_demonstration_calls_nothing_that_is_billed(
    stack: Stack, media: Path, first: subprocess.CompletedProcess[str]
) -> None:
    before = stack.calls()
    second = stack.run("-m", "local.stack", "demo", "--media", str(media), "--days", str(DAYS))
    assert second.returncode == 0, second.stdout
    after = stack.calls()
    # It looks once whether the faces that it needs are in the collection, and does nothing else at all.
    assert after["requests"].pop("ListFaces") == before["requests"].pop("ListFaces") + 1
    assert after == before
    assert "0 analyses paid, $0.0000" in second.stdout
    assert f"{3 * 8 + 7} reused, which saved $" in second.stdout


@pytest.mark.parametrize(
    ("role", "workgroup", "table"),
    [
        ("readers", "media-lake", "labels"),
        ("people-readers", "media-lake-people", "people_findings"),
        ("finance-readers", "media-lake", "reconciliation"),
    ],
)
def test_readers_query_with_their_roles(
    stack: Stack, first: subprocess.CompletedProcess[str], role: str, workgroup: str, table: str
) -> None:
    (found,) = stack.query(
        f"SELECT count(*) AS n FROM media_lake.{table}",
        AWS_ACCESS_KEY_ID=f"media_lake-us-east-1-{role}",
        MEDIA_LAKE_WORKGROUP=workgroup,
    )
    assert found["n"] >= 0


def test_roles_did_what_they_may_and_may_what_they_did(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    """After a demonstration twice and a query of each kind of reader."""
    settings = Settings(bill_source="cost-explorer")
    found = role_calls(stack.folder / "calls.ndjson", settings, Place("aws", "us-east-1", "123456789012"))
    assert {each.role: each.not_granted for each in found if each.not_granted} == {}
    assert {each.role: each.unexplained for each in found if each.unexplained} == {}
    assert {each.role for each in found if each.used} >= {"tasks", "triggerer", "readers", "people-readers"}


def test_the_password_is_printed_once(first: subprocess.CompletedProcess[str]) -> None:
    assert "with password" not in first.stdout
    assert "log in as:  admin" in first.stdout


def test_every_component_listens_on_this_machine_only(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    listening = {
        (process.name(), connection.laddr.ip)
        for process in stack_processes(StackSettings(folder=stack.folder))
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address for _, address in listening} == {"127.0.0.1"}
    assert "postgres" not in {name for name, _ in listening}


def test_nobody_else_reads_the_folder(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    assert stat.S_IMODE(stack.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_airflow_asks_for_a_login(
    stack: Stack, first: subprocess.CompletedProcess[str], headers: dict[str, str]
) -> None:
    answers = {
        path: httpx.get(stack.url("airflow") + path, headers=headers, trust_env=False)
        for path in ("/auth/token", "/auth/token/login", "/api/v2/dags")
    }
    assert [answer.status_code for answer in answers.values()] == [403, 403, 401]
    assert not any("access-control-allow-origin" in answer.headers for answer in answers.values())


def test_the_cost_page_is_there_to_be_opened(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    page = (stack.folder / "reports" / "costs.html").read_text(encoding="utf-8")
    assert "<html" in page.lower()
    assert (stack.folder / "reports" / "costs.html").as_uri() in first.stdout


def test_down_leaves_nothing(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    down = stack.run("-m", "local.stack", "down")
    assert down.returncode == 0, down.stdout
    assert not stack.folder.exists()
    for name, port in stack.environment.items():
        if name.startswith("MEDIA_LAKE_STACK_") and name.endswith("_PORT"):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", int(port))) != 0, name


def _kill_task(stack: Stack) -> None:
    """Kill the process of a task that runs."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for process in stack.task_processes():
            process.kill()
            return
        time.sleep(0.02)
    raise AssertionError("no task was seen running")
