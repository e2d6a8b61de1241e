"""AWS clients of the deployment, through Airflow's connection; for tasks, triggers and callbacks alike."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    from botocore.config import Config

    from include.core.settings import Settings
    from include.store.workspace import Workspace
    from rekognition.hooks import RekognitionHook


def aws_hook(settings: Settings, service: str | None, config: Config | None = None) -> AwsGenericHook[Any]:
    """Return the hook of a service, for ``get_conn`` or ``get_async_conn``; of none, for ``get_session``."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    return AwsGenericHook(
        aws_conn_id=settings.aws_conn_id, region_name=settings.region, client_type=service, config=config
    )


def rekognition_hook(workspace: Workspace) -> RekognitionHook:
    """Return the hook that starts video jobs and looks up jobs and models, with a client of the workspace."""
    from rekognition.hooks import RekognitionHook

    settings = workspace.settings
    hook = RekognitionHook(aws_conn_id=settings.aws_conn_id, region_name=settings.region)
    hook.conn = workspace.aws.client("rekognition")
    return hook


def _client_config(service: str, connections: int = 10) -> Config:
    from botocore.config import Config

    return Config(
        user_agent_extra="media-lake-enrichment",
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
    client takes ten times as long. The clients are not the hook's own either: a hook names its caller in the
    user agent, for which it reads the source of every frame on the stack; that takes half of the CPU time of
    a task with little to do.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def session(self) -> boto3.Session:
        return self._session

    def client(self, service: str, connections: int = 10) -> Any:
        return self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._hook.conn_config.get_service_endpoint_url(service),
            config=_client_config(service, connections),
            verify=self._hook.verify,
        )

    @cached_property
    def _hook(self) -> AwsGenericHook[Any]:
        return aws_hook(self._settings, None)

    @cached_property
    def _session(self) -> boto3.Session:
        return self._hook.get_session()
