"""Who calls an operation of Athena's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.aws.moto_clients import MotoClients


@dataclass(frozen=True)
class Caller:
    """Who asks, and where.

    :param clients: with the caller's rights.
    """

    region: str
    clients: MotoClients


Request = dict[str, Any]
Operations = dict[str, Callable[[Request, Caller], dict[str, Any]]]
