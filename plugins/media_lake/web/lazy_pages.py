"""What the plugin mounts in Airflow's API server: the pages, imported at the first request for one.

Airflow loads plugins in every process, and only the API server needs what serves pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


async def pages(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Serve the pages: an ASGI application."""
    from media_lake.web.page_server import app

    await app(scope, receive, send)
