from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from include.core.validation_rules import RULES
from include.store.staged_file import UnfitFileError
from include.validate.review_text import ASSET_COLUMNS, MOST_CHARACTERS, found_in_words, review_text, rules_of
from include.validate.rule_results import FailingRow, RuleResult
from tests.include.plan.planning import an_asset

BOX, COUNTS = "box_is_within_the_frame", "each_analysis_has_the_findings_counted"


def the_assets(*keys: str) -> pa.Table:
    rows = [an_asset(str(number), key=key) for number, key in enumerate(keys)]
    return pa.Table.from_pylist(rows).select(ASSET_COLUMNS)


ASSETS = the_assets(*(f"raw/{number}.jpg" for number in range(50)))


def a_result(rule: str = BOX, table: str = "labels", rows: int = 3, **changes: Any) -> RuleResult:
    failing = [FailingRow(f"id-{number}", "key", f"left = {number}.5") for number in range(rows)]
    return RuleResult(**{"rule": rule, "table": table, "checked": 1200, "broken": rows, "failing": failing,
                         "column": "box_left"} | changes)  # fmt: skip


def text_of(*results: RuleResult, assets: Any = (ASSETS,)) -> str:
    broken = [result.to_row("r", {}) for result in results]
    failures = [row for result in results for row in result.failures("r")]
    return review_text(broken, failures, assets, "image")


def test_a_reviewer_sees_the_rule_its_meaning_the_files_and_what_is_wrong() -> None:
    lines = text_of(a_result()).splitlines()
    assert lines[0] == "**A rule is broken.**"
    assert lines[2] == f"**`labels.box_left`**: `{BOX}`, 3 of 1,200. {RULES[BOX].meaning}"
    assert lines[3:6] == [
        f"- `left = {number}.5` in `s3://media-lake/raw/{number}.jpg`" for number in range(3)
    ]


def test_five_rows_are_shown_of_as_many_files_as_there_are() -> None:
    failing = [FailingRow(f"id-{number}", "key", "x") for number in [0] * 10 + [1, 2, 0]]
    shown = [line for line in text_of(a_result(failing=failing)).splitlines() if line.startswith("- `x`")]
    assert [line.rsplit("/", 1)[1] for line in shown] == ["0.jpg`", "1.jpg`", "2.jpg`", "0.jpg`", "0.jpg`"]


def test_each_button_and_what_to_do_after_a_rejection_is_explained() -> None:
    text = text_of(a_result())
    for words in ("**Approve** publishes", "**Reject** publishes nothing", "`reprocess_images`",
                  "`redrive_failed`", "`validation_severity`", "`publish_decisions`"):  # fmt: skip
        assert words in text


def test_nothing_of_people_is_shown() -> None:
    result = a_result(table="faces", failing=[FailingRow("id-1", "key", "Jane Doe")])
    text = text_of(result)
    assert "Jane Doe" not in text
    assert "raw/1.jpg" not in text
    assert "about identifiable people" in text


def test_a_row_of_no_file_and_a_file_that_is_not_known_are_shown_as_what_they_are() -> None:
    failing = [FailingRow(None, None, "columns differ"), FailingRow("nobody", None, "y")]
    lines = text_of(a_result(COUNTS, failing=failing)).splitlines()
    assert "- `columns differ`" in lines
    assert "- `y` in `media id nobody`" in lines


def test_a_rule_about_a_whole_table_counts_nothing() -> None:
    assert "`files_fit_the_schema`, the whole table." in text_of(
        a_result("files_fit_the_schema", checked=None, broken=1, column=None)
    )


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("raw/a`b``.jpg", "``` s3://media-lake/raw/a`b``.jpg ```"),
        ("raw/<img src=x>[a](b)*_.jpg", "`s3://media-lake/raw/<img src=x>[a](b)*_.jpg`"),
        ("raw/\n# Approve\x1b\u202e", "`s3://media-lake/raw/\\n# Approve\\x1b\\u202e`"),
    ],
)
def test_a_key_is_shown_as_it_is_and_is_no_markdown(key: str, shown: str) -> None:
    assert f"in {shown}" in text_of(a_result(rows=1), assets=[the_assets(key)])


def test_the_text_is_bounded_and_names_the_rules_that_found_no_room() -> None:
    long = [FailingRow(f"id-{number}", "key", "x" * 200) for number in range(5)]
    rules = [name for name, rule in RULES.items() if rule.layer == "relations"]
    text = text_of(*(a_result(rule, failing=long) for rule in rules))
    assert 3_000 < len(text) < MOST_CHARACTERS
    assert f"**{len(rules)} rules are broken.**" in text
    shown = text.count("**`labels.box_left`**")
    assert f"And {len(rules) - shown} more, in `validation_results`: " in text
    assert text.endswith("clear task `validate` of this run.")


def test_assets_are_read_no_further_than_to_the_files_shown() -> None:
    def assets() -> Iterator[pa.Table]:
        yield ASSETS[:2]
        yield ASSETS[2:3]
        raise AssertionError("there is no need to read on")

    assert "raw/2.jpg" in text_of(a_result(), assets=assets())


def test_files_that_cannot_be_read_are_named_by_their_ids() -> None:
    def assets() -> Iterator[pa.Table]:
        yield ASSETS[:1]
        raise UnfitFileError("s3://b/k", [], {"the file": "is no Parquet"})

    text = text_of(a_result(), assets=assets())
    assert "raw/0.jpg" in text
    assert "`media id id-1`" in text


def test_nothing_is_said_if_no_rule_is_broken() -> None:
    assert text_of() == ""


def test_a_log_has_a_line_for_each_rule() -> None:
    results = [a_result(), a_result(COUNTS, rows=0, checked=None, broken=1)]
    broken = [result.to_row("r", {}) for result in results]
    failures = [row for result in results for row in result.failures("r")]
    assert found_in_words(broken, failures).splitlines() == [
        f"- labels.box_left, {BOX}, 3 of 1,200: {RULES[BOX].meaning} For example: left = 0.5",
        f"- labels.box_left, {COUNTS}, the whole table: {RULES[COUNTS].meaning}",
    ]


def test_rules_are_named_once() -> None:
    rows = [a_result(rule).to_row("r", {}) for rule in (COUNTS, BOX, COUNTS)]
    assert rules_of(rows) == [BOX, COUNTS]
