"""The login at the stack's Airflow, against a server of canned answers."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from local.stack.login import FILE, USER, AirflowLogin, make_password, read_password
from local.stack.stack_settings import StackError


class Airflow:
    """Knows one password, and accepts the token that it gave out last."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.logins = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            if json.loads(request.content) != {"username": USER, "password": self.password}:
                return httpx.Response(401)
            self.logins += 1
            return httpx.Response(201, json={"access_token": f"token-{self.logins}"})
        known = request.headers.get("Authorization") == f"Bearer token-{self.logins}"
        return httpx.Response(200 if known else 401)


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    make_password(tmp_path)
    return Airflow(read_password(tmp_path))


@pytest.fixture
def client(tmp_path: Path, airflow: Airflow) -> httpx.Client:
    transport = httpx.MockTransport(airflow.answer)
    return httpx.Client(base_url="http://airflow", auth=AirflowLogin(tmp_path), transport=transport)


def test_one_login_serves_many_requests(client: httpx.Client, airflow: Airflow) -> None:
    assert [client.get("/api/v2/dags").status_code for _ in range(3)] == [200, 200, 200]
    assert airflow.logins == 1


def test_an_expired_token_is_renewed(client: httpx.Client, airflow: Airflow) -> None:
    client.get("/api/v2/dags")
    airflow.logins += 1  # another token counts now
    assert client.get("/api/v2/dags").status_code == 200
    assert airflow.logins == 3


def test_a_wrong_password_is_an_error(client: httpx.Client, airflow: Airflow) -> None:
    airflow.password = "another"
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        client.get("/api/v2/dags")


def test_each_stack_has_a_password_of_its_own_which_it_keeps(tmp_path: Path) -> None:
    passwords = set()
    for name in ("first", "second", "first"):
        assert make_password(tmp_path / name) == tmp_path / name / FILE
        passwords.add(read_password(tmp_path / name))
    assert len(passwords) == 2
    assert min(map(len, passwords)) >= 20


def test_a_stack_that_is_down_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="the stack is down"):
        read_password(tmp_path)
