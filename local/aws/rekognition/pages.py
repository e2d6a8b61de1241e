"""Cuts lists into pages, and makes the tokens that lead from one page to the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from local.aws.rekognition.control import Control
from local.aws.rekognition.rekognition_errors import documented_error

_SEAL = 18  # bytes
_NUMBER = 6  # bytes, for the position and for the time in ms


class Pages:
    """Cuts lists into pages.

    A token is opaque and signed. It is valid for one list in one order, for ``page_token_seconds``.

    :param clock: returns seconds.
    """

    def __init__(self, control: Control, clock: Callable[[], float] = time.monotonic) -> None:
        self._control = control
        self._clock = clock
        self._secret = secrets.token_bytes(16)

    def cut(
        self, items: Sequence[Any], params: dict[str, Any], most: int, *subject: str
    ) -> tuple[list[Any], dict[str, str]]:
        """Return the page that a request asks for, and the member ``NextToken`` if another page follows.

        :param items: the whole list.
        :param params: of the request; ``MaxResults`` and ``NextToken`` are optional.
        :param most: most items of a page, even if the request asks for more.
        :param subject: names the list and its order.
        :raises ServiceError: InvalidPaginationTokenException.
        """
        start = self._position(params["NextToken"], subject) if "NextToken" in params else 0
        size = min(params.get("MaxResults", most), most, self._control.behavior.page_size or most)
        end = start + size
        more = {"NextToken": self._token(subject, end, self._now())} if end < len(items) else {}
        return list(items[start:end]), more

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _token(self, subject: tuple[str, ...], position: int, made_at: int) -> str:
        signed = json.dumps([subject, position, made_at]).encode()
        seal = hmac.new(self._secret, signed, hashlib.sha256).digest()[:_SEAL]
        return base64.b64encode(seal + position.to_bytes(_NUMBER) + made_at.to_bytes(_NUMBER)).decode()

    def _position(self, token: str, subject: tuple[str, ...]) -> int:
        try:
            content = base64.b64decode(token, validate=True)
        except binascii.Error:
            raise documented_error("InvalidPaginationTokenException") from None
        position = int.from_bytes(content[_SEAL : _SEAL + _NUMBER])
        made_at = int.from_bytes(content[_SEAL + _NUMBER : _SEAL + 2 * _NUMBER])
        if not hmac.compare_digest(self._token(subject, position, made_at), token):
            raise documented_error("InvalidPaginationTokenException")
        if self._now() - made_at > self._control.behavior.page_token_seconds * 1000:
            raise documented_error("InvalidPaginationTokenException", detail="It has expired.")
        return position
