"""How fast the analyses of a plan can go: by the account's quotas, and by the units of models."""

from __future__ import annotations

from collections.abc import Iterable

from include.core.estimates import Throughput
from include.store.quotas import read_quotas
from include.store.workspace import Deployment


def throughput_of(deployment: Deployment, operations: Iterable[str]) -> Throughput:
    """Return how fast operations on images can go; without any, nothing is asked."""
    settings, names = deployment.settings, frozenset(operations)
    quotas = read_quotas(deployment.aws.client("service-quotas"), settings.region, names) if names else {}
    share = settings.quota_share
    return Throughput(
        {operation: share * quota for operation, quota in quotas.items()}, settings.model_inference_units
    )
