"""What validation found, in words: for the person who decides in Airflow, and for whoever reads a log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MediaType
from include.core.printable import as_code, escaped
from include.core.schemas import TABLES
from include.core.validation_rules import RULES
from include.store.objects import Row
from include.store.staged_file import UnfitFileError
from include.validate.rule_results import EXAMPLES

# Airflow keeps the text with the request, and a page shows it whole.
MOST_CHARACTERS = 6_000
_MOST_NAMES = 10

# What says where a file is.
ASSET_COLUMNS = ["media_id", "bucket", "key"]

_Key = tuple[str, str, str | None]


def review_text(
    broken: Sequence[Row], failures: Iterable[Row], assets: Iterable[pa.Table], media_type: MediaType
) -> str:
    """Return what a person needs to know who decides whether a day is published, as Markdown.

    :param broken: the rows of ``validation_results`` that hold the day back.
    :param failures: the rows of ``validation_failures`` of the same audit.
    :param assets: parts of table ``media_assets``, with ``ASSET_COLUMNS``; read as far as needed.
    """
    if not broken:
        return ""
    shown = _examples(failures)
    wanted = {row["media_id"] for key in map(_key, broken) for row in shown.get(key, ())}
    places = _places(assets, wanted)
    found = [_found(row, shown.get(_key(row), ()), places) for row in broken]
    end = _choices(media_type)
    return "\n\n".join([_count(len(broken)), *_as_fit(found, broken, MOST_CHARACTERS - len(end)), end])


def found_in_words(broken: Iterable[Row], failures: Iterable[Row]) -> str:
    """Return a line for each rule that does not hold, with an example."""
    shown = _examples(failures)
    lines = []
    for row in broken:
        example = "".join(f" For example: {escaped(each['value'])}" for each in shown.get(_key(row), ())[:1])
        lines.append(f"- {_where(row)}, {row['expectation']}, {_extent(row)}: {_meaning(row)}{example}")
    return "\n".join(lines)


def rules_of(broken: Iterable[Row]) -> list[str]:
    """Return the names of the rules that do not hold, each once."""
    return sorted({row["expectation"] for row in broken})


def _key(row: Row) -> _Key:
    return row["table_name"], row["expectation"], row["column_name"]


def _examples(failures: Iterable[Row]) -> Mapping[_Key, list[Row]]:
    """Return a few failing rows of each rule, of as many files as there are."""
    rows: defaultdict[_Key, list[Row]] = defaultdict(list)
    for row in failures:
        rows[_key(row)].append(row)
    return {key: _of_many_files(found)[:EXAMPLES] for key, found in rows.items()}


def _of_many_files(rows: list[Row]) -> list[Row]:
    """Return rows in an order in which the first of each file come first."""
    seen: set[str | None] = set()
    first: list[Row] = []
    later: list[Row] = []
    for row in rows:
        (later if row["media_id"] in seen else first).append(row)
        seen.add(row["media_id"])
    return [*first, *later]


def _places(assets: Iterable[pa.Table], media_ids: Collection[str | None]) -> dict[str, str]:
    """Return where files are, by media id."""
    wanted = pa.array([media_id for media_id in media_ids if media_id is not None], pa.string())
    places: dict[str, str] = {}
    with suppress(UnfitFileError):  # a rule says so
        for part in assets if len(wanted) else ():
            for row in part.filter(pc.is_in(part["media_id"], value_set=wanted)).to_pylist():
                places[row["media_id"]] = f"s3://{row['bucket']}/{row['key']}"
            if len(places) == len(wanted):
                break
    return places


def _count(broken: int) -> str:
    return "**A rule is broken.**" if broken == 1 else f"**{broken} rules are broken.**"


def _found(row: Row, examples: Iterable[Row], places: Mapping[str, str]) -> str:
    lines = [
        f"**{as_code(_where(row))}**: `{row['expectation']}`, {_extent(row)}. {_meaning(row)}",
        *(f"- {_example(each, places)}" for each in examples),
    ]
    if TABLES[row["table_name"]].sensitive:
        lines.append("- The table is about identifiable people: its rows are not shown here.")
    return "\n".join(lines)


def _example(row: Row, places: Mapping[str, str]) -> str:
    media_id = row["media_id"]
    if media_id is None:
        return as_code(row["value"])
    return f"{as_code(row['value'])} in {as_code(places.get(media_id, f'media id {media_id}'))}"


def _where(row: Row) -> str:
    return ".".join(filter(None, (row["table_name"], row["column_name"])))


def _extent(row: Row) -> str:
    if row["unexpected_rows"] is None:
        return "the whole table"
    return f"{row['unexpected_rows']:,} of {row['checked_rows']:,}"


def _meaning(row: Row) -> str:
    return RULES[row["expectation"]].meaning


def _as_fit(found: Sequence[str], broken: Sequence[Row], most: int) -> Iterator[str]:
    """Yield what is found as long as there is room, then the names of the other rules."""
    room = most - 1_000
    for number, text in enumerate(found):
        room -= len(text) + 2
        if room < 0:
            names = rules_of(broken[number:])
            more = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES])
            dots = ", …" if len(names) > _MOST_NAMES else ""
            yield f"And {len(found) - number} more, in `validation_results`: {more}{dots}."
            return
        yield text


def _choices(media_type: MediaType) -> str:
    return f"""---

**Approve** publishes the day with what is wrong in it. **Reject** publishes nothing: readers keep the version
that they have, if there is one. Say why in *Reason*; table `publish_decisions` keeps it.

`validation_failures` has more rows of each rule, and `docs/VALIDATION.md` explains all rules. After a
rejection:

- If the archived responses are right, mend what made the mistake, then trigger `reprocess_{media_type}s` for
  the day; it pays nothing.
- If analyses failed, trigger `redrive_failed`.
- If a rule asks too much of your media, set it to `warn` under `validation_severity` in `lake.yaml`, then
  clear task `validate` of this run."""
