"""``python -m include.normalize``."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(response("DetectLabels"), indent=1)))
    assert main(["DetectLabels", "-"]) == 0
    assert printed(capsys)[0]["name"] == "Dog"


def test_lines_are_read_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file that breaks off, what came before is printed."""

    def lines() -> Iterator[str]:
        yield json.dumps({"analysis_key": "a", "operation": "DetectText", "response": response("DetectText")})
        yield json.dumps({"analysis_key": "b", "operation": "DetectText", "response": response("DetectText")})
        raise OSError("broken off")

    monkeypatch.setattr("sys.stdin", lines())
    assert main(["DetectText", "-"]) == 2
    output = capsys.readouterr()
    assert [json.loads(line)["analysis_key"] for line in output.out.splitlines()] == ["a", "a", "b", "b"]
    assert "broken off" in output.err


@pytest.mark.parametrize(("operation", "content", "message"), [
    ("Nonsense", "{}", "known: CompareFaces"), ("DetectLabels", "{not json", "neither JSON nor NDJSON"),
    ("DetectLabels", "[1]", "not a response object"), ("DetectLabels", "\n \n", "is empty"),
    ("DetectLabels", '{"response": 5}', "not a response object"), ("DetectLabels", None, "No such file"),
    ("DetectLabels", '{"Labels": []}\n{"Labels": [', "a line that is not JSON"),
    ("DetectLabels", b"\xff\xfe", "can't decode"),
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
    assert message in capsys.readouterr().err


def test_help_lists_the_operations(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(operation in shown for operation in NORMALIZERS)
