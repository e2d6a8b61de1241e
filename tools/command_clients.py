"""Clients of commands: those of whatever endpoint and credentials boto3 is configured for."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


class CommandClients:
    """Gives clients as :class:`include.store.workspace.AwsClients` describes.

    :param config: of every client: how long it waits, how often it tries again.
    """

    def __init__(self, region: str, config: Config | None = None) -> None:
        self._session = boto3.Session(region_name=region)
        self._config = config or Config()

    def session(self) -> boto3.Session:
        return self._session

    def client(self, service: str, connections: int = 10) -> Any:
        config = self._config.merge(Config(max_pool_connections=connections))
        return self._session.client(service, config=config)  # type: ignore[call-overload]
