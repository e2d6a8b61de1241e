"""supervisord's configuration."""

from __future__ import annotations

from configparser import RawConfigParser
from pathlib import Path

import pytest

from local.stack import supervision
from local.stack.postgres import PostgresServer
from local.stack.stack_settings import StackSettings
from local.stack.supervision import PROGRAMS, Supervisor, configuration

KEYS = {"scheduler": "lake-tasks", "triggerer": "lake-triggerer"}


def parsed(text: str) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(text)
    return parser


@pytest.fixture
def stack(tmp_path: Path) -> StackSettings:
    return StackSettings(folder=tmp_path / "100% mine")


def test_every_component_is_a_program_in_a_group_of_its_own(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("/usr/bin/postgres", "-D", "/data"), None), KEYS))
    assert [name for name in parser.sections() if name.startswith("program:")] == [
        f"program:{name}" for name in PROGRAMS
    ]
    assert all(parser[f"program:{name}"]["stopasgroup"] == "true" for name in PROGRAMS)


def test_a_dead_component_is_started_again_but_never_an_empty_lake(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("postgres",), None), KEYS))
    restarted = {name for name in PROGRAMS if parser[f"program:{name}"]["autorestart"] == "true"}
    assert restarted == set(PROGRAMS) - {"local-aws"}


def test_airflow_waits_for_its_database_to_be_made(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("postgres",), None), KEYS))
    waiting = {name for name in PROGRAMS if parser[f"program:{name}"].get("autostart") == "false"}
    assert waiting == set(supervision.AIRFLOW_PROGRAMS)


def test_each_component_has_the_access_key_of_its_role(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("postgres",), None), KEYS))
    found = {name: parser[f"program:{name}"].get("environment") for name in PROGRAMS}
    assert {name: text for name, text in found.items() if text} == {
        "airflow-scheduler": 'AWS_ACCESS_KEY_ID="lake-tasks"',
        "airflow-triggerer": 'AWS_ACCESS_KEY_ID="lake-triggerer"',
    }


def test_postgres_does_not_run_as_root(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("postgres",), "pgserver"), KEYS))
    assert parser["program:postgres"]["user"] == "pgserver"
    assert "user" not in parser["program:local-aws"]


def test_percent_signs_in_paths_are_escaped_as_supervisord_wants(stack: StackSettings) -> None:
    parser = parsed(configuration(stack, PostgresServer(("postgres",), None), KEYS))
    assert "100%% mine" in parser["program:local-aws"]["stdout_logfile"]


def test_a_supervisor_that_is_down_has_no_states(stack: StackSettings) -> None:
    assert not Supervisor(stack).is_up()
    assert Supervisor(stack).states() == {}
