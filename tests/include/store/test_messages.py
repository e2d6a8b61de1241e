from __future__ import annotations

from typing import Any

import pytest

from include.store.messages import OddMessage, UnreadableMessageError, folder, reason_of, set_aside, unwrapped
from include.store.objects import get_ndjson, list_uris


def test_an_envelope_of_sns_is_opened() -> None:
    assert unwrapped('{"a": 1}') == {"a": 1}
    assert unwrapped('{"Type": "Notification", "Message": "{\\"a\\": 1}"}') == {"a": 1}
    with pytest.raises(UnreadableMessageError, match="not list"):
        unwrapped("[]")


def test_odd_messages_are_kept_once_and_apart_for_each_queue(s3: Any) -> None:
    odd = [OddMessage("what?", "no JSON"), OddMessage("\ud800", reason_of(ValueError("\ud800\nx")))]
    for messages in ([], odd, odd[::-1], odd):
        set_aside(s3, "media-lake", "jobs", messages)
    (uri,) = list_uris(s3, folder("media-lake", "jobs"))
    assert list(get_ndjson(s3, uri)) == [
        {"body": "\\ud800", "reason": "ValueError: \\ud800 x"},
        {"body": "what?", "reason": "no JSON"},
    ]
    assert list_uris(s3, folder("media-lake", "events")) == []
