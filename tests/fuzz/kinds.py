"""The kinds of input that the project reads from others, each with what may come of it."""

from __future__ import annotations

from tests.fuzz import day_kind, inventory_kind, lake_kind, media_kind, message_kind, response_kind
from tests.fuzz.player import Kind

KINDS = {
    "media": Kind(media_kind.make, media_kind.check, 8),
    "messages": Kind(message_kind.make, message_kind.check, 2),
    "inventories": Kind(inventory_kind.make, inventory_kind.check, 4),
    "responses": Kind(response_kind.make, response_kind.check, 4),
    "lake.yaml": Kind(lake_kind.make, lake_kind.check, 3),
    "days": Kind(day_kind.make, day_kind.check, 0.2),
}
