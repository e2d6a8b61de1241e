"""Known vulnerabilities, from a database of the test's own over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tools.known_vulnerabilities import FILES, ROOT, main, pinned_packages


class Database(BaseHTTPRequestHandler):
    """Answers as OSV does: a result for each query, in their order."""

    known: ClassVar[dict[tuple[str, str], list[str]]] = {("jinja2", "3.1.4"): ["GHSA-q2x7-8rv6-6q7h"]}
    reply: ClassVar[bytes | None] = None

    def do_POST(self) -> None:
        assert self.path == "/v1/querybatch"
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        packages = [(query["package"]["name"], query["version"]) for query in asked]
        results = [
            {"vulns": [{"id": name} for name in self.known[each]]} if each in self.known else {}
            for each in packages
        ]
        body = self.reply or json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def database() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_text("pyyaml==6.0.3 \\\n    --hash=sha256:00\n", encoding="utf-8")
    return tmp_path


def test_what_is_known_is_named_with_its_page(
    database: str, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (requirements / FILES[1]).write_text("jinja2==3.1.4 \\\n    --hash=sha256:00\n", encoding="utf-8")
    assert main(["--database", database], requirements) == 1
    assert capsys.readouterr().out.splitlines() == [
        "jinja2 3.1.4: https://osv.dev/GHSA-q2x7-8rv6-6q7h",
        "2 packages asked about, 1 with known vulnerabilities",
    ]


def test_if_nothing_is_known_all_is_well(
    database: str, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--database", database], requirements) == 0
    assert capsys.readouterr().out == "1 packages asked about, 0 with known vulnerabilities\n"


def test_a_database_out_of_reach_is_not_a_clean_answer(
    requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--database", "http://127.0.0.1:1"], requirements) == 2
    assert capsys.readouterr().err.startswith("nothing was checked: http://127.0.0.1:1 does not answer (")


@pytest.mark.parametrize("reply", [b"<html>log in first</html>", b'{"results": []}'])
def test_neither_is_the_answer_of_something_else(
    database: str,
    requirements: Path,
    reply: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Database, "reply", reply)
    assert main(["--database", database], requirements) == 2
    assert "nothing was checked" in capsys.readouterr().err


def test_every_package_of_the_project_is_asked_about() -> None:
    packages = pinned_packages((ROOT / name).read_text(encoding="utf-8") for name in FILES)
    assert {"apache-airflow", "boto3", "duckdb", "moto", "uv"} <= {name for name, _ in packages}
    assert all(version[0].isdigit() for _, version in packages)
