"""The page of questions: the SQL of ``sql/questions``, and what it gives on the example days."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import boto3

from include.store.sql import description, load_sql, sql_names
from infrastructure.readers import readable_tables, readable_views
from local.questions.example_days import tables
from local.questions.written_lake import WrittenLake
from tools.query import Result, print_table, run_query

PAGE = Path(__file__).parents[2] / "docs" / "QUERIES.md"

_INTRODUCTION = """\
<!-- Generated from sql/questions and local/questions by `python -m local.questions`; change it there. -->
# Questions and answers

Analysts asked these questions. Each query is a file of `sql/questions`; its output is that of a small lake
whose days are invented (`local/questions/example_days.py`), so every answer can be counted by hand. Run one
with `make query SQL="..."`. The [data dictionary](DATA.md) explains tables and views.

A condition on `dt` keeps a query to some days, and its price down: Athena bills by the bytes it reads.
"""
_SENSITIVE = (
    "\nThis is about people: run it in the workgroup of those who may ask ([readers](DEPLOY.md#readers)).\n"
)


def page(results: Mapping[str, Result]) -> str:
    """Return the page.

    :param results: the answers to the questions, by the names of their files.
    """
    sections = [_section(number, name, result) for number, (name, result) in enumerate(results.items(), 1)]
    return "\n".join([_INTRODUCTION, *sections])


def answers(session: boto3.Session, name: str) -> dict[str, Result]:
    """Make a lake of the example days and return the answer to every question, by the name of its file.

    :param session: of the local endpoint.
    :param name: of the bucket, database and workgroup to make.
    """
    s3, athena = session.client("s3"), session.client("athena")
    s3.create_bucket(Bucket=name)
    session.client("glue").create_database(DatabaseInput={"Name": name})
    athena.create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena/"}}
    )

    def run(sql: str) -> Result:
        return run_query(athena, sql, database=name, workgroup=name)

    lake = WrittenLake(s3, name, name, run)
    lake.make_views()
    for table, rows in tables().items():
        lake.insert(table, *rows)
    return {question: run(load_sql(question)) for question in sql_names("questions")}


def _section(number: int, name: str, result: Result) -> str:
    output = io.StringIO()
    print_table(result, output)
    sql = load_sql(name)
    note = _SENSITIVE if _reads_people(sql) else ""
    lines = "\n".join(line.rstrip() for line in output.getvalue().splitlines())
    return f"""## {number}. {description(name)}
{note}
```sql
{sql}
```

```
{lines}
```
"""


def _reads_people(sql: str) -> bool:
    sensitive = {*readable_tables("people"), *readable_views("people")}
    return not sensitive.isdisjoint(re.findall(r"\w+", sql))
