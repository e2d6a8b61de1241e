"""The environment of the stack's processes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from include.core.settings import Settings
from infrastructure.roles import OF_AIRFLOW
from local.stack.environment import PROCESS_MARK, access_keys, aws_client_environment, stack_environment
from local.stack.stack_settings import PROJECT, StackSettings


@pytest.fixture
def stack(tmp_path: Path) -> StackSettings:
    return StackSettings(folder=tmp_path / "stack", airflow_port=18082, aws_port=14568)


def test_settings_of_another_airflow_and_account_are_not_inherited(stack: StackSettings) -> None:
    inherited = {
        "HOME": "/home/someone",
        "AIRFLOW__CORE__EXECUTOR": "KubernetesExecutor",
        "AIRFLOW__SMTP__SMTP_HOST": "mail",
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CA_BUNDLE": "/etc/bundle.pem",
        "AWS_ENDPOINT_URL_S3": "http://elsewhere",
        "AWS_ACCESS_KEY_ID": "production-key",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment = stack_environment(stack, inherited)
    assert environment["HOME"] == "/home/someone"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "local.stack.warm_executor.WarmExecutor"
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    left_out = {
        "AIRFLOW__SMTP__SMTP_HOST",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL_S3",
    }
    assert not (left_out | {"PYTHONDONTWRITEBYTECODE"}) & set(environment)


def test_everything_points_at_this_stack(stack: StackSettings) -> None:
    environment = stack_environment(stack, {})
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:14568"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18082/execution/"
    assert environment["LOCAL_AWS_PORT"] == "14568"
    assert environment["PYTHONPATH"] == str(PROJECT)
    assert environment[PROCESS_MARK] == str(stack.folder)


def test_calls_of_rekognition_pass_where_callers_are_looked_at(stack: StackSettings, tmp_path: Path) -> None:
    apart = stack_environment(stack, {})
    assert apart["AWS_ENDPOINT_URL_REKOGNITION"] == apart["LOCAL_REKOGNITION_URL"]
    assert apart["LOCAL_AWS_ENFORCE_IAM"] == "False"
    calls = tmp_path / "calls.ndjson"
    for watched in ({"enforce_iam": True}, {"calls_file": calls}):
        seen = stack_environment(stack.model_copy(update=watched), {})
        assert seen["AWS_ENDPOINT_URL_REKOGNITION"] == seen["AWS_ENDPOINT_URL"]
        assert seen["LOCAL_AWS_ENFORCE_IAM"] == str("enforce_iam" in watched)
        assert seen.get("LOCAL_AWS_CALLS_FILE") == (None if "enforce_iam" in watched else str(calls))


def test_components_call_aws_with_the_names_of_their_roles() -> None:
    roles = {f"media_lake-us-east-1-{role}" for role in OF_AIRFLOW}
    assert set(access_keys(Settings()).values()) == roles


def test_nobody_is_an_administrator_without_a_password(stack: StackSettings) -> None:
    environment = stack_environment(stack, {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True"})
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in environment
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"


def test_short_deferrals_do_not_fail(stack: StackSettings) -> None:
    assert stack_environment(stack, {})["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] == "1"


def test_keys_are_valid_private_and_kept(stack: StackSettings) -> None:
    first, second = stack_environment(stack, {}), stack_environment(stack, {})
    assert first == second
    Fernet(first["AIRFLOW__CORE__FERNET_KEY"])
    assert len(first["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    for name in ("fernet.key", "jwt.key", "session.key", "control.token", "airflow-passwords.json"):
        assert stat.S_IMODE(os.stat(stack.folder / name).st_mode) == 0o600


def test_clients_do_not_get_what_marks_the_stacks_own_processes(stack: StackSettings) -> None:
    assert PROCESS_MARK not in aws_client_environment(stack)
