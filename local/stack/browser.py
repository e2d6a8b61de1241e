"""A headless Chromium that shows pages and takes pictures of them, over its DevTools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

from local.stack.stack_settings import StackError

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page itself: no first-run pages, updates or services of the browser's maker.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0",
)  # fmt: skip
START_SECONDS = 60
# Time for what a page draws after its text is there.
SETTLE_SECONDS = 8.0


class Browser:
    """A running Chromium with one page; times are shown in UTC.

    :param width: of the page, in pixels.
    :param page_seconds: how long a page may take until it has its text.
    :raises StackError: if Chromium is missing or does not start.
    """

    def __init__(self, width: int, page_seconds: float = 60) -> None:
        program = find_browser()
        self._width = width
        self._page_seconds = page_seconds
        self._ids = itertools.count(1)
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "TZ": "UTC"},
        )  # fmt: skip
        self._socket = connect(self._address(), max_size=None, proxy=None)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=START_SECONDS)
        self._folder.cleanup()

    def picture(self, url: str, text: str, height: int) -> bytes:
        """Open a page, wait until it has a text, and return a PNG of it.

        :param height: of the picture, in pixels.
        :raises StackError: if the text does not appear in time.
        """
        size = {"width": self._width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._page("Emulation.setDeviceMetricsOverride", **size)
        self._page("Page.navigate", url=url)
        end = time.monotonic() + self._page_seconds
        while text not in self._text():
            if time.monotonic() > end:
                raise StackError(f"{url} does not show {text!r}; it shows: {self._text()[:300]!r}")
            time.sleep(0.5)
        time.sleep(SETTLE_SECONDS)
        return base64.b64decode(self._page("Page.captureScreenshot", format="png")["data"])

    def _text(self) -> str:
        result = self._page("Runtime.evaluate", expression="document.body ? document.body.innerText : ''")
        return str(result["result"].get("value", ""))

    def _page(self, method: str, **params: Any) -> dict[str, Any]:
        return self._call(method, self._session, **params)

    def _call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            reply = json.loads(self._socket.recv(timeout=self._page_seconds))
            if reply.get("id") == number:
                if "error" in reply:
                    raise StackError(f"Chromium refuses {method}: {reply['error'].get('message')}")
                result: dict[str, Any] = reply["result"]
                return result

    def _address(self) -> str:
        """Return where Chromium listens, which it says once it is up."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                return found[1]
        raise StackError("Chromium ended before it listened")


def find_browser() -> str:
    """Return the path of Chromium.

    :raises StackError: if it is missing.
    """
    path = next((path for path in map(shutil.which, NAMES) if path), None)
    if path is None:
        raise StackError("Chromium takes the pictures and is missing: apt-get install chromium")
    return path
