"""Settings of the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack.stack_settings import PROJECT, StackError, StackSettings, load_stack_settings


def test_the_project_is_the_folder_of_the_makefile() -> None:
    assert (PROJECT / "Makefile").is_file()


def test_ports_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_STACK_AIRFLOW_PORT", "18081")
    stack = load_stack_settings()
    assert stack.airflow_url == "http://127.0.0.1:18081"
    assert stack.ports["airflow_port"] == 18081


@pytest.mark.parametrize("value", ["http", "0", "65536"])
def test_a_wrong_port_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MEDIA_LAKE_STACK_AWS_PORT", value)
    with pytest.raises(StackError, match=f"MEDIA_LAKE_STACK_AWS_PORT is '{value}'"):
        load_stack_settings()


def test_two_services_cannot_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_STACK_AWS_PORT", "4567")
    with pytest.raises(StackError, match="aws_port and rekognition_port are both 4567"):
        load_stack_settings()


def test_stacks_in_two_folders_have_two_databases(tmp_path: Path) -> None:
    first, second = StackSettings(folder=tmp_path / "a"), StackSettings(folder=tmp_path / "b")
    assert first.database_folder != second.database_folder


def test_paths_of_sockets_are_short_however_deep_the_project_is(tmp_path: Path) -> None:
    stack = StackSettings(folder=tmp_path.joinpath(*["deep"] * 40))
    assert len(str(stack.database_folder / ".s.PGSQL.5432")) < 100
