"""
Ask for the cost page as Airflow's API server mounts it, signed in as nobody, a viewer and one without rights.

Needs an empty Airflow home. Prints one line of JSON: status, text and headers by who asked.
"""

from __future__ import annotations

import json

from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.plugins_manager import get_fastapi_plugins
from airflow.settings import engine
from fastapi import FastAPI
from fastapi.testclient import TestClient

PAGE = "/media-lake/costs"

import_all_models()
Base.metadata.create_all(engine)
users = {"viewer": "viewer", "one_without_rights": None}
manager = create_auth_manager()
server = FastAPI()
for plugin in get_fastapi_plugins()[0]:
    server.mount(plugin["url_prefix"], plugin["app"])
client = TestClient(server)
answers = {"nobody": client.get(PAGE)}
for name, role in users.items():
    token = manager.generate_jwt(SimpleAuthManagerUser(username=name, role=role))
    answers[name] = client.get(PAGE, headers={"Authorization": f"Bearer {token}"})
print(
    json.dumps(
        {
            name: {"status": answer.status_code, "text": answer.text, "headers": dict(answer.headers)}
            for name, answer in answers.items()
        }
    )
)
