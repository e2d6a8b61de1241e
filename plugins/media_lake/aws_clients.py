"""AWS clients of the deployment, through Airflow's connection; for tasks, triggers and callbacks alike."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    from botocore.config import Config

    from include.core.settings import Settings
    from rekognition.hooks import RekognitionHook


def aws_hook(settings: Settings, service: str | None, config: Config | None = None) -> AwsGenericHook[Any]:
    """Return the hook of a service, for ``get_conn`` or ``get_async_conn``; of none, for ``get_session``."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    return AwsGenericHook(
        aws_conn_id=settings.aws_conn_id, region_name=settings.region, client_type=service, config=config
    )


def rekognition_hook(settings: Settings) -> RekognitionHook:
    """Return the hook that starts video jobs and looks up jobs and models, with a client as tasks use it."""
    from rekognition.hooks import RekognitionHook

    return RekognitionHook(
        aws_conn_id=settings.aws_conn_id,
        region_name=settings.region,
        config=_client_config("rekognition"),
    )


def _client_config(service: str, connections: int = 10) -> Config:
    from botocore.config import Config

    return Config(
        max_pool_connections=connections,
        connect_timeout=10,
        read_timeout=60,
        # The engines pace and repeat calls of Rekognition themselves.
        retries={"mode": "standard", "total_max_attempts": 1 if service == "rekognition" else 5},
        # Checking a transaction of a hundred items against the API's model takes as long as sending it.
        parameter_validation=service != "dynamodb",
    )


class ConnectionClients:
    """Gives the clients of a task, as :class:`include.store.workspace.AwsClients` describes.

    One session makes all of them. With a session for each, which reads botocore's descriptions of AWS anew, a
    client takes ten times as long.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def session(self) -> boto3.Session:
        return self._session

    @cached_property
    def _session(self) -> boto3.Session:
        return aws_hook(self._settings, None).get_session()

    def client(self, service: str, connections: int = 10) -> Any:
        hook = aws_hook(self._settings, service, _client_config(service, connections))
        hook.get_session = lambda *_, **__: self._session  # type: ignore[method-assign]
        return hook.get_conn()
