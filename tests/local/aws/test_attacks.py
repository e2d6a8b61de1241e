"""What a web page of somebody else's can do to the local endpoint: nothing."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser import chromium

pytestmark = pytest.mark.integration

KEY = "holiday.svg"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"></svg>'
PAGE = """<script>
async function outcome(request) {{
  try {{ return (await request).type }} catch (error) {{ return "refused" }}
}}
function picture(address) {{
  return new Promise(seen => {{
    const image = new Image()
    image.onload = () => seen("seen")
    image.onerror = () => seen("refused")
    image.src = address
  }})
}}
const address = "{address}"
Promise.all([
  outcome(fetch(address)),
  outcome(fetch(address, {{method: "PUT", body: "forged"}})),
  outcome(fetch(address, {{method: "DELETE"}})),
  outcome(fetch(address + "?delete", {{method: "POST", mode: "no-cors", body: "forged"}})),
  picture(address),
]).then(outcomes => document.title = outcomes.join(" "))
</script>"""


@pytest.fixture
def address(client: Callable[[str], Any], bucket: str, endpoint_url: str) -> str:
    """Address of a picture in the local S3 that needs no signature."""
    client("s3").put_object(
        Bucket=bucket, Key=KEY, Body=PICTURE, ContentType="image/svg+xml", ACL="public-read"
    )
    return f"{endpoint_url}/{bucket}/{KEY}"


@pytest.fixture
def page(address: str) -> Iterator[str]:
    """Address of a page of another site that attacks the picture."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.format(address=address).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_in_a_browser_neither_reads_nor_changes_the_lake(
    page: str, address: str, client: Callable[[str], Any], bucket: str, tmp_path: Path
) -> None:
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    command = [chromium(), *options, "--virtual-time-budget=5000", "--dump-dom", page]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert "<title>refused refused refused opaque refused</title>" in shown
    assert client("s3").get_object(Bucket=bucket, Key=KEY)["Body"].read() == PICTURE


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=["another site", "another name", "no CORS"],
)
def test_requests_of_pages_are_refused_without_cors(
    address: str, client: Callable[[str], Any], bucket: str, method: str, headers: dict[str, str]
) -> None:
    reply = httpx.request(method, address, headers=headers, trust_env=False)
    assert reply.status_code == 403
    assert method == "HEAD" or "Web pages may not use" in reply.text or "it may be another" in reply.text
    assert not [name for name in reply.headers if name.startswith("access-control-")]
    assert client("s3").get_object(Bucket=bucket, Key=KEY)["Body"].read() == PICTURE


def test_clients_get_no_cors_headers_either(address: str) -> None:
    reply = httpx.get(address, trust_env=False)
    assert reply.status_code == 200
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json"])
def test_the_addresses_that_control_moto_are_closed(endpoint_url: str, address: str, path: str) -> None:
    assert httpx.post(endpoint_url + path, trust_env=False).status_code == 403
    assert httpx.get(address, trust_env=False).status_code == 200
