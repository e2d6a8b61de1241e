"""The stack's only user of Airflow, whose password is generated with the stack."""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator
from pathlib import Path

import httpx

from local.stack.kept_secrets import kept_secret
from local.stack.stack_settings import StackError

USER = "admin"
FILE = "airflow-passwords.json"
# In which Airflow's UI keeps a token.
SESSION_COOKIE = "_token"


def make_password(folder: Path) -> Path:
    """Generate the password unless there is one, and return the file in which Airflow looks for it.

    :param folder: of the stack.
    """
    kept_secret(folder / FILE, json.dumps({USER: secrets.token_urlsafe(16)}))
    return folder / FILE


def read_password(folder: Path) -> str:
    """Return the password of a stack.

    :param folder: of the stack.
    :raises StackError: if it has none, because it is down.
    """
    try:
        password: str = json.loads((folder / FILE).read_text(encoding="ascii"))[USER]
    except FileNotFoundError:
        raise StackError("the stack is down, so there is no login; `make up` starts it") from None
    return password


class AirflowLogin(httpx.Auth):
    """Logs in at Airflow's REST API at the first request, and again when the token has expired.

    :param folder: of the stack.
    """

    requires_response_body = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Send a request with the token; with a new one, if Airflow does not accept it."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
        login = {"username": USER, "password": read_password(self._folder)}
        response = yield httpx.Request(
            "POST", request.url.join("/auth/token"), json=login, extensions=request.extensions
        )
        response.raise_for_status()
        self._token = response.json()["access_token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def token(self, url: str) -> str:
        """Return a token for the REST API, valid for a day.

        :param url: address of the api-server.
        """
        httpx.get(f"{url}/api/v2/dags", params={"limit": 1}, auth=self, trust_env=False).raise_for_status()
        return self._token
