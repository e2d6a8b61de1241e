"""A workspace for tests: given clients stand behind the interface that stages use."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.core.lake import Lake
from include.core.run import Run
from include.core.settings import Settings
from include.store.workspace import Workspace


def make_ledger_table(dynamodb: Any, name: str) -> None:
    """Make the empty table of a ledger."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class NoQuotas:
    """Service Quotas to somebody who may not read them; moto's has nothing to read."""

    def get_paginator(self, operation: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, operation)


NO_QUOTAS = {"service-quotas": NoQuotas()}


class GivenClients:
    """Gives the clients that a test names, and for other services those of a session."""

    def __init__(self, session: boto3.Session, **clients: Any) -> None:
        self._session = session
        self._clients = clients

    def session(self) -> boto3.Session:
        return self._session

    def client(self, service: str, connections: int = 10) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]


def make_workspace(
    run: Run,
    session: boto3.Session,
    settings: Settings | None = None,
    lake: Lake | None = None,
    **clients: Any,
) -> Workspace:
    """Return what a stage works with.

    :param lake: in place of the settings' ``lake.yaml``.
    :param clients: boto3 clients by service, such as ``s3``.
    """
    workspace = Workspace(run, settings or Settings(), GivenClients(session, **clients))
    if lake is not None:
        workspace.lake = lake
    return workspace
