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
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
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
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(self._address(), max_size=None, proxy=None))
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        self._process.terminate()
        self._process.communicate(timeout=START_SECONDS)
        self._folder.cleanup()

    def set_cookie(self, url: str, name: str, value: str) -> None:
        """Give the browser a cookie of a site, such as that of somebody who has logged in."""
        self._page("Network.setCookie", url=url, name=name, value=value)

    def picture(self, url: str, text: str, height: int) -> bytes:
        """Open a page, wait until it has a text, and return a PNG of it.

        :param height: of the picture, in pixels.
        :raises StackError: if the text does not appear in time.
        """
        self.resize(self._width, height)
        self.open(url)
        self.wait_for(f"document.body?.innerText.includes({json.dumps(text)})")
        time.sleep(SETTLE_SECONDS)
        return self.picture_now()

    def open(self, url: str) -> None:
        """Open a page, without waiting for what it draws."""
        self._page("Page.navigate", url=url)

    def wait_for(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true in the page.

        :raises StackError: if it is not in time; the message has the page's text.
        """
        end = time.monotonic() + self._page_seconds
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > end:
                text = self.evaluate("document.body?.innerText ?? ''")
                raise StackError(f"the page does not come to {condition}; it shows: {text[:300]!r}")
            time.sleep(0.1)

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript is in the page; a promise is awaited.

        :raises StackError: if it throws an error.
        """
        result = self._page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise StackError(f"{expression[:200]} fails: {result['result'].get('description')}")
        return result["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._page("Emulation.setDeviceMetricsOverride", **size)

    def prefer(self, scheme: str) -> None:
        """Show pages as to people who prefer ``light`` or ``dark``."""
        self._page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key: str, text: str = "") -> None:
        """Press a key of the keyboard, such as ``Tab``, and what it writes."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self._page("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)

    def roles(self) -> Counter[str]:
        """Return how often each role is in what the page tells assistive technology."""
        nodes = self._page("Accessibility.getFullAXTree")["nodes"]
        return Counter(node["role"]["value"] for node in nodes if not node["ignored"])

    def save_downloads(self, folder: Path) -> None:
        """Save what pages download in a folder."""
        self._call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def picture_now(self) -> bytes:
        """Return a PNG of what the page shows."""
        return base64.b64decode(self._page("Page.captureScreenshot", format="png")["data"])

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
