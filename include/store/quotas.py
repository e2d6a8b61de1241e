"""Quotas: how many calls a second AWS allows an account in a region, for each image operation.

We read them from Service Quotas. Where that is not possible we take AWS's defaults, as listed in "Amazon
Rekognition endpoints and quotas" (https://docs.aws.amazon.com/general/latest/gr/rekognition.html, read
2026-11-22).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_service_quotas.client import ServiceQuotasClient
    from mypy_boto3_service_quotas.type_defs import ServiceQuotaTypeDef

log = logging.getLogger(__name__)

SERVICE_CODE = "rekognition"

# Regions with the larger default quotas.
_LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
# Calls per second by default: in those regions, and in the others.
_DEFAULTS = {
    "DetectFaces": (100.0, 25.0),
    "DetectProtectiveEquipment": (5.0, 5.0),
    "DetectCustomLabels": (50.0, 50.0),
}
_OTHER_OPERATIONS = (50.0, 5.0)


def default_quota(operation: str, region: str) -> float:
    """Return AWS's default quota of an image operation, in calls per second."""
    large, small = _DEFAULTS.get(operation, _OTHER_OPERATIONS)
    return large if region in _LARGE_REGIONS else small


def read_quotas(client: ServiceQuotasClient, region: str, operations: frozenset[str]) -> dict[str, float]:
    """Return the calls per second allowed for each operation."""
    try:
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode=SERVICE_CODE)
        applied = _by_operation((quota for page in pages for quota in page["Quotas"]), operations)
    except (BotoCoreError, ClientError) as error:
        log.warning("Service Quotas cannot be read (%s); AWS's default quotas are used", error)
        applied = {}
    quotas = {
        operation: applied.get(operation) or default_quota(operation, region) for operation in operations
    }
    log.info("calls per second allowed: %s", quotas)
    return quotas


def _by_operation(quotas: Iterable[ServiceQuotaTypeDef], operations: frozenset[str]) -> dict[str, float]:
    """Find each operation's quota by its name: ``Transactions per second per account for ... DetectText``."""
    found = {}
    for quota in quotas:
        name = quota.get("QuotaName", "")
        if "transactions per second" in name.lower():
            for operation in operations & set(re.findall(r"\w+", name)):
                found[operation] = quota["Value"]
    return found
