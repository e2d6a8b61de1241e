"""Everything that a lake needs in AWS, by logical ids: one list for template and local endpoint."""

from __future__ import annotations

from typing import Any

from include.core.settings import Settings
from infrastructure.definition import Definition
from infrastructure.notification_definitions import notification_definitions
from infrastructure.place import Place
from infrastructure.roles import policy_definitions, role_definitions
from infrastructure.storage_definitions import SCAN_LIMIT_BYTES, storage_definitions

# Compose on an instance: where `docker-compose.yaml` runs.
AIRFLOW_SERVICE = "ec2.amazonaws.com"


def definitions(
    settings: Settings,
    place: Place,
    *,
    airflow_service: Any = AIRFLOW_SERVICE,
    alerts_topic: str | None = None,
    scan_limit_bytes: Any = SCAN_LIMIT_BYTES,
) -> dict[str, Definition]:
    """Return what every lake has, each after what it depends on.

    Tables are not among it: Athena makes them and the views, see :func:`infrastructure.resources.create`.

    :param settings: names and days; those of the template are references to its parameters.
    :param airflow_service: who may assume the roles of Airflow's processes.
    :param alerts_topic: ARN of the topic of alerts; None for that of the settings.
    :param scan_limit_bytes: what a query may read at most.
    """
    topic = alerts_topic_arn(settings, place) if alerts_topic is None else alerts_topic
    return {
        **storage_definitions(settings, place, scan_limit_bytes),
        **notification_definitions(settings, place),
        **policy_definitions(settings, place, topic),
        **role_definitions(settings, place, airflow_service, topic),
    }


def alerts_topic_arn(settings: Settings, place: Place) -> str:
    """Return the ARN of a topic that is set by its name or by its ARN."""
    name = settings.alerts_topic
    return name if not name or name.startswith("arn:") else place.arn("sns", name)
