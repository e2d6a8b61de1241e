"""``python -m tools.query`` against the local Athena."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.core.settings import load_settings
from tools.query import main

pytestmark = pytest.mark.integration

SAMPLE = """SELECT * FROM (VALUES
  ('001', 1, CAST(1.5 AS double), true, CAST(NULL AS varchar)),
  ('é, "x"', 2, CAST('NaN' AS double), false, 'b')
) AS t (code, n, ratio, ok, note) ORDER BY n"""


@pytest.fixture(autouse=True)
def configured(
    client: Callable[[str], Any], bucket: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Settings that name a workgroup and database of the test's own."""
    client("athena").create_work_group(
        Name=bucket, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"}}
    )
    monkeypatch.setenv("MEDIA_LAKE_WORKGROUP", bucket)
    monkeypatch.setenv("MEDIA_LAKE_DATABASE", database)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_a_table_is_aligned_and_text_that_looks_like_a_number_stays_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([SAMPLE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["code", "n", "ratio", "ok", "note"]
    assert lines[2].split() == ["001", "1", "1.5", "True"]
    assert lines[-1] == "(2 rows)"


def test_json_has_typed_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SAMPLE, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"code": "001", "n": 1, "ratio": 1.5, "ok": True, "note": None},
        {"code": 'é, "x"', "n": 2, "ratio": None, "ok": False, "note": "b"},
    ]


def test_csv_is_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SAMPLE, "--format", "csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[:2] == [["code", "n", "ratio", "ok", "note"], ["001", "1", "1.5", "true", ""]]
    assert rows[2][0] == 'é, "x"'


@pytest.mark.parametrize(("format_", "expected"), [("json", "[]\n"), ("csv", "n\n"), ("table", "(0 rows)\n")])
def test_no_rows_are_no_error(format_: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["SELECT n FROM (VALUES 1) AS t (n) WHERE n > 1", "--format", format_]) == 0
    assert capsys.readouterr().out.endswith(expected)


def test_more_than_a_page_is_read_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n", "--format", "json"]) == 0
    assert [row["n"] for row in json.loads(capsys.readouterr().out)] == list(range(1, 2501))


def test_statements_without_a_header_row_lose_nothing(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    assert main([f"CREATE VIEW {database}.v AS SELECT 1 AS one"]) == 0
    capsys.readouterr()
    assert main(["SHOW VIEWS", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["v"]


def test_a_failure_is_one_clear_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["SELECT * FROM nothing_here"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert "nothing_here" in output.err


def test_an_unreachable_endpoint_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["SELECT 1"]) == 1
    assert "http://127.0.0.1:9" in capsys.readouterr().err


ODD = "\rkey\n\x1b[2J\x9b31m\u202e=1+1"
ODD_SQL = (
    "SELECT chr(13) || 'key' || chr(10) || chr(27) || '[2J' || chr(155) || '31m' || chr(8238) || '=1+1' AS k"
)


def test_a_table_obeys_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([ODD_SQL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [r"\rkey\n\x1b[2J\x9b31m\u202e=1+1", "(1 row)"]


def test_json_and_csv_are_exact_and_json_obeys_no_key_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([ODD_SQL, "--format", "json"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == [{"k": ODD}]
    assert printed.replace("\n", "").isprintable()
    assert main([ODD_SQL, "--format", "csv"]) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out, newline=""))) == [["k"], [ODD]]


def test_the_help_says_what_a_spreadsheet_makes_of_cells(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "begins with =, +, - or @" in " ".join(capsys.readouterr().out.split())
