from __future__ import annotations

from typing import Any

from include.store.erased_contents import erased_items, erased_key
from include.store.ledger import Ledger


def test_erased_contents_are_known_until_their_items_are_removed(ledger: Ledger) -> None:
    assert ledger.erased(["etag:a:1"]) == set()
    ledger.replace(erased_items(["etag:a:1", "etag:b:2"], "an-erasure"))
    assert ledger.erased(["etag:a:1", "etag:b:2", "etag:c:3"]) == {"etag:a:1", "etag:b:2"}
    ledger.remove([erased_key("etag:a:1"), "never-there"])
    assert ledger.erased(["etag:a:1", "etag:b:2"]) == {"etag:b:2"}


def test_an_item_tells_nothing_of_the_content(ledger: Ledger, dynamodb: Any) -> None:
    ledger.replace(erased_items(["etag:deadbeef:1"], "an-erasure"))
    assert "deadbeef" not in str(list(ledger.items()))
