"""``python -m include.normalize``."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from include.normalize import NORMALIZERS
from include.normalize.__main__ import main
from tests.include.normalize.responses import FIXTURES, response


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("operation", [name for name in NORMALIZERS if name != "GetMediaAnalysisJob"])
def test_rows_of_every_operation_with_their_table(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([operation, str(FIXTURES / f"{operation}.json")]) == 0
    rows = printed(capsys)
    assert rows
    assert all(next(iter(row)) == "table" and "analysis_key" not in row for row in rows)


def test_rows_of_archive_lines_and_other_operations_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = response("DetectFaces")
    lines = [
        {"analysis_key": "a", "operation": "DetectFaces", "response": faces},
        {"analysis_key": "b", "operation": "DetectLabels", "response": {}},
        {"analysis_key": "c", "operation": "DetectFaces", "response": faces},
    ]
    archive = tmp_path / "part.ndjson"
    archive.write_text("\n\n".join(map(json.dumps, lines)))
    assert main(["DetectFaces", str(archive)]) == 0
    output = capsys.readouterr()
    found = [json.loads(line) for line in output.out.splitlines()]
    assert [(row["table"], row["analysis_key"], row["face_index"]) for row in found] == [
        ("faces", "a", 0), ("faces", "a", 1), ("faces", "c", 0), ("faces", "c", 1),
    ]  # fmt: skip
    assert "operation DetectLabels passed over: 1" in output.err


def test_rows_of_a_results_manifest_name_their_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["GetMediaAnalysisJob", str(FIXTURES / "GetMediaAnalysisJob.results.ndjson")]) == 0
    assert [(row["source_ref"], row["name"]) for row in printed(capsys)] == [
        ("s3://amzn-s3-demo-bucket/2.jpg", "Weapons"),
        ("s3://amzn-s3-demo-bucket/2.jpg", "Violence"),
    ]


def test_files_are_the_pages_of_one_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for number in range(2):
        files.append(str(tmp_path / f"{number}.json"))
        page = {"Faces": [{"Timestamp": 0, "Face": {"Confidence": 99}}]}
        Path(files[-1]).write_text(json.dumps(page, indent=2))
    assert main(["GetFaceDetection", *files]) == 0
    assert [row["face_index"] for row in printed(capsys)] == [0, 1]


def feed(monkeypatch: pytest.MonkeyPatch, stream: io.RawIOBase) -> None:
    """Make a stream standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(stream)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_standard_input(
    encoding: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = json.dumps(response("DetectLabels"), indent=1).encode(encoding)
    feed(monkeypatch, cast("io.RawIOBase", io.BytesIO(saved)))
    assert main(["DetectLabels", "-"]) == 0
    assert printed(capsys)[0]["name"] == "Dog"
    assert not sys.stdin.closed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_files_with_a_byte_order_mark(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Windows PowerShell and Notepad write them, of one response and of lines."""
    text = json.dumps({"TextDetections": [{"DetectedText": "Zoë", "Type": "LINE"}]}, ensure_ascii=False)
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    for saved in (json.dumps(json.loads(text), indent=2), f"{text}\r\n{text}\r\n"):
        file = tmp_path / "saved.json"
        file.write_bytes((mark + saved).encode(encoding))
        assert main(["DetectText", str(file)]) == 0
        assert {row["text"] for row in printed(capsys)} == {"Zoë"}


class BreakingOff(io.RawIOBase):
    """Two lines of an archive, one with each read, and then an error."""

    def __init__(self) -> None:
        faces = response("DetectText")
        lines = [{"analysis_key": key, "operation": "DetectText", "response": faces} for key in "ab"]
        self._lines = [json.dumps(line).encode() + b"\n" for line in lines]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._lines:
            raise OSError("broken off")
        line = self._lines.pop(0)
        buffer[: len(line)] = line
        return len(line)


def test_lines_are_read_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file that breaks off, what came before is printed."""
    feed(monkeypatch, BreakingOff())
    assert main(["DetectText", "-"]) == 2
    output = capsys.readouterr()
    assert [json.loads(line)["analysis_key"] for line in output.out.splitlines()] == ["a", "a", "b", "b"]
    assert "broken off" in output.err


@pytest.mark.parametrize(("operation", "content", "message"), [
    ("Nonsense", "{}", "known: CompareFaces"), ("DetectLabels", "{not json", "neither JSON nor NDJSON"),
    ("DetectLabels", "[1]", "not a response object"), ("DetectLabels", "\n \n", "is empty"),
    ("DetectLabels", '{"response": 5}', "not a response object"), ("DetectLabels", None, "No such file"),
    ("DetectLabels", '{"Labels": []}\n{"Labels": [', "a line that is not JSON"),
    ("DetectLabels", b"\xff\xfe", "is empty"), ("DetectLabels", b"\xff\xfe{", "not text in UTF-8"),
    ("DetectLabels", "{}".encode("utf-16-le"), "neither JSON nor NDJSON: save the response again"),
    ("DetectLabels", '{"Labels": "Zoë"}'.encode("latin-1"), "not text in UTF-8"),
    ("DetectLabels", gzip.compress(b"{}", mtime=0), "decompress it"),
    ("DetectLabels", "[" * 100_000, "neither JSON nor NDJSON"),
    ("DetectLabels", '{"n": ' + "9" * 5000 + "}", "neither JSON nor NDJSON"),
])  # fmt: skip
def test_what_cannot_be_used_is_told(
    operation: str,
    content: str | bytes | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "f.json"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert main([operation, str(file)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert operation == "Nonsense" or str(file) in told
    assert len(told.splitlines()) == 1


def test_help_lists_the_operations(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(operation in shown for operation in NORMALIZERS)
