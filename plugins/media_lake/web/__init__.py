"""Pages that Airflow's API server serves for the media lake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

PREFIX = "/media-lake"
COST_PAGE = f"{PREFIX}/costs"

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def pages(scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Send) -> None:
    """Serve the pages: an ASGI application.

    It imports what it needs at its first request, for Airflow loads plugins in every process.
    """
    from media_lake.web.cost_page import app

    await app(scope, receive, send)
