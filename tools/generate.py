"""Write what is derived from the features, the schemas, the settings and the Dags.

These are files of ``sql``, pages of ``docs``, and the CloudFormation template.

``python -m tools.generate`` writes the ``FILES``; ``--check`` says which are stale and exits with 1.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from include.core.schemas import PARTITION_KEY_MEANINGS, TABLES, Column, Table
from include.core.settings import Settings
from include.core.validation_rules import RULES, Layer
from include.store.sql import sql_names
from infrastructure import template
from infrastructure.lake_definitions import alerts_topic_arn
from infrastructure.place import Place
from infrastructure.rare_actions import granted_actions, reason
from infrastructure.roles import ROLES, role_policies
from tools.generated_sql import NOTICE, SQL_FILES
from tools.generated_views import VIEW_FILES
from tools.statement_headers import Header, read_header

ROOT = Path(__file__).parent.parent
LINE_CHARACTERS = 110
DAGS = ROOT / "dags"


def data_dictionary() -> str:
    """Return the page of tables, columns and views."""
    tables = "\n".join(f"| [`{name}`](#{name}) | {table.meaning} |" for name, table in TABLES.items())
    sections = "\n".join(_section(table) for table in TABLES.values())
    headers = {Path(name).name: read_header(name) for name in sql_names("views")}
    views = "\n".join(f"| `{name}` | {header.about} |" for name, header in headers.items())
    view_sections = "\n".join(_view_section(name, header) for name, header in headers.items())
    return f"""<!-- {NOTICE} -->
# Data dictionary

These are the tables of the Glue database `media_lake`, stored as Parquet under `curated/` of the lake's
bucket. Readers see a partition only after the audit has passed or a person has approved it, and always whole.

Everywhere: confidence is in percent, 0-100; boxes and points are ratios of the frame's width and height and
may reach slightly outside 0-1; times in a video are milliseconds from its start and null for images;
timestamps are in UTC.

Boxes and points refer to the upright picture (`display_width` by `display_height` of `media_assets`) in a
JPEG [with an EXIF orientation](https://docs.aws.amazon.com/rekognition/latest/dg/images-orientation.html),
and to the pixels as stored (`width` by `height`) in any other image; AWS documents nothing of rotated videos.
Frames of a video that are analyzed as images are upright.

| table | content |
|---|---|
{tables}

| view | content |
|---|---|
{views}

[Questions and answers](QUERIES.md) shows them at work.
{sections}
{view_sections}"""


def _section(table: Table) -> str:
    notes = [f"Partitioned by {_names(table.partition_keys)}."]
    if table.unique:
        notes.append(f"Unique within a partition: {_names(table.unique)}.")
    if table.sort_keys:
        notes.append(f"In the order of: {_names(table.sort_keys)}.")
    if table.sensitive:
        notes.append(
            "**Sensitive**: findings about identifiable people; readers are granted apart from other tables."
        )
    if table.finance:
        notes.append("**Finance**: money of the whole account; readers are granted apart from other tables.")
    partition_keys = (
        Column(key, "string", PARTITION_KEY_MEANINGS[key], required=True) for key in table.partition_keys
    )
    rows = "\n".join(_row(column) for column in (*table.columns, *partition_keys))
    return f"""
## {table.name}

{_wrapped(" ".join((table.meaning, *notes)))}

| column | type | null | values | meaning |
|---|---|---|---|---|
{rows}
"""


def _view_section(name: str, header: Header) -> str:
    rows = "\n".join(f"| {_names(columns)} | {meaning} |" for columns, meaning in header.columns)
    return f"""
## {name}

{_wrapped(f"View. {header.about}")}

| columns | meaning |
|---|---|
{rows}

{textwrap.indent(header.example, "    ")}
"""


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, LINE_CHARACTERS, break_on_hyphens=False))


def _row(column: Column) -> str:
    null = "no" if column.required else "yes"
    return f"| `{column.name}` | `{column.type}` | {null} | {_allowed(column)} | {column.meaning} |"


def _allowed(column: Column) -> str:
    if column.values:
        return _names(column.values)
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"{high:g} or less" if high is not None else ""


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def dags_page() -> str:
    """Return the page of the Dags, from the docstrings that their pages in the UI show."""
    texts = {
        path.name: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        for path in DAGS.glob("*.py")
    }
    sections = "\n".join(
        re.sub(r"^# (.*)", rf"## \1\n\nFile: `dags/{name}`.", text or "") + "\n"
        for name, text in sorted(texts.items())
    )
    notice = "Generated from the docstrings in dags/ by `python -m tools.generate`; change them there."
    return f"""<!-- {notice} -->
# Dags

Every Dag works on one day of the lake, its partition key. They start each other through assets:

    discover_media --media_manifest--> enrich_images --image_findings--\\
                                  \\--> enrich_videos --video_findings----> report_costs --cost_report-->

{sections}"""


_LAYERS: dict[Layer, str] = {
    "columns": "What a column promises, and what each row keeps by itself",
    "relations": "What tables, the run's plan and `lake.yaml` say of each other",
    "archive": "What the archived responses say",
    "trend": "What the days before say",
    "costs": "What things cost",
}


def validation_page() -> str:
    """Return the page of the rules of validation."""
    sections = "\n".join(_layer(layer, title) for layer, title in _LAYERS.items())
    notice = "Generated from include/core/validation_rules.py by `python -m tools.generate`; change it there."
    return f"""<!-- {notice} -->
# Rules of validation

`validate` checks what a run wrote before anyone can read it. Each rule gives a row of
[`validation_results`](DATA.md#validation_results), kept or broken. Rows that break one are in
[`validation_failures`](DATA.md#validation_failures), up to 100 of a rule and table, but none of tables about
identifiable people.

A broken rule `fail` holds the day back: task `review` asks a person whether to publish it. A broken rule
`warn` is shown, and the day is published. `lake.yaml` can set either for any rule:

    validation_severity:
      scores_differ: fail

{sections}"""


def _layer(layer: Layer, title: str) -> str:
    rules = [rule for rule in RULES.values() if rule.layer == layer]
    rows = "\n".join(f"| `{rule.name}` | {rule.meaning} | {rule.severity} |" for rule in rules)
    return f"""## {title}

| rule of layer `{layer}` | good data | broken |
|---|---|---|
{rows}
"""


def permissions_page() -> str:
    """Return the page of what roles may do."""
    settings = Settings(bill_source="cost-explorer", alerts_topic="alerts")
    place = Place("aws", settings.region, "111122223333")
    documents = role_policies(settings, place, alerts_topic_arn(settings, place))
    sections = "\n".join(_role(role, granted_actions(documents[role])) for role in ROLES)
    notice = (
        "Generated from the policies in infrastructure/ by `python -m tools.generate`; change them there."
    )
    return f"""<!-- {notice} -->
# What roles may do

[DEPLOY](DEPLOY.md#roles) says who has which role, and `infrastructure/media-lake.yaml` on which resources.
`make test` runs a demonstration in which the local endpoint refuses what is not allowed, and writes down what
each role calls. Every action is used there, or has a reason here. To see it:

    MEDIA_LAKE_STACK_ENFORCE_IAM=true MEDIA_LAKE_STACK_CALLS_FILE=calls.ndjson make demo
    . .stack/aws.env
    MEDIA_LAKE_BILL_SOURCE=cost-explorer .venv/bin/python -m local.stack.role_calls calls.ndjson

{sections}"""


def _role(role: str, actions: list[str]) -> str:
    rare: dict[str, list[str]] = {}
    for action in actions:
        rare.setdefault(reason(role, action) or "", []).append(action)
    always = _names(tuple(rare.pop("", ()))) or "nothing"
    rows = "\n".join(f"| {_names(tuple(some))} | {text} |" for text, some in rare.items())
    return f"""## {role}

{_wrapped(f"In every demonstration: {always}.")}

| besides | when |
|---|---|
{rows}
"""


# A generated file is one entry: its path from the project's root, and the function that returns its text. The
# pages come last: they read the SQL.
FILES: dict[str, Callable[[], str]] = {
    **SQL_FILES,
    **VIEW_FILES,
    "infrastructure/media-lake.yaml": template.render,
    "docs/DATA.md": data_dictionary,
    "docs/DAGS.md": dags_page,
    "docs/VALIDATION.md": validation_page,
    "docs/PERMISSIONS.md": permissions_page,
}


def stale(root: Path = ROOT) -> list[str]:
    """Return the generated files that are missing, differ from what would be written, or should not exist."""
    differing = [name for name, render in FILES.items() if _read(root / name) != render()]
    return sorted([*differing, *_of_gone_tables(root)])


def write(root: Path = ROOT) -> list[str]:
    """Write the stale files, delete those of tables that are gone, and return their names."""
    changed = _of_gone_tables(root)
    for name in changed:
        (root / name).unlink()
    for name, render in FILES.items():
        path, text = root / name, render()
        if _read(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def _of_gone_tables(root: Path) -> list[str]:
    found = {path.relative_to(root).as_posix() for path in (root / "sql/ddl").glob("*.sql")}
    return sorted(found - set(FILES))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.generate", description="Write the generated files."
    )
    parser.add_argument(
        "--check", action="store_true", help="only say what is stale; exit with 1 if anything is"
    )
    if parser.parse_args(arguments).check:
        names = stale()
        for name in names:
            print(f"{name} is stale: run python -m tools.generate", file=sys.stderr)
        return 1 if names else 0
    for name in write():
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
