"""AWS clients of the deployment, through Airflow's connection; for tasks, triggers and callbacks alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    from botocore.config import Config

    from include.core.settings import Settings


def aws_hook(settings: Settings, service: str, config: Config | None = None) -> AwsGenericHook[Any]:
    """Return the hook of a service, for ``get_conn`` or ``get_async_conn``."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    return AwsGenericHook(
        aws_conn_id=settings.aws_conn_id, region_name=settings.region, client_type=service, config=config
    )
