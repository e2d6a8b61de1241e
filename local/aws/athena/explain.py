"""EXPLAIN: writes a query's plan with the names that Trino's plans have.

The plan follows the query's text. It also says which partitions of each table are read, which is what people
look for: "Understand Athena EXPLAIN statement results", Athena user guide.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import CATALOG
from local.aws.athena.catalog_tables import trino_type
from local.aws.athena.dialect import to_duckdb
from local.aws.athena.pushdown import is_aggregate, sources_of
from local.aws.athena.results import write_text_result
from local.aws.athena.session import ScannedTable, Session

_OPTION = re.compile(r"\s*(FORMAT|TYPE)\s+(\w+)\s*", re.IGNORECASE)
_FORMATS = ("TEXT", "GRAPHVIZ", "JSON")
_TYPES = ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO")
_MOST_VALUES = 20


@dataclass
class Node:
    """A step of a plan.

    :param descriptor: what it works on, by name.
    :param details: further lines.
    :param children: the steps that it takes rows from.
    """

    name: str
    descriptor: dict[str, str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Name and descriptor, as plans in text show them."""
        return f"{self.name}[{', '.join(f'{name} = {value}' for name, value in self.descriptor.items())}]"


def explain(session: Session, options: str, query: str, analyze: bool) -> None:
    """Check a query and write its plan.

    :param options: FORMAT and TYPE.
    :param analyze: run the query too.
    :raises QueryFailed: if the options are unknown, or for the reasons that the query itself would fail.
    """
    chosen = _options(options)
    tree = session.resolve(query)
    relation = session.connection.sql(to_duckdb(tree.copy()))
    session.scan.bytes_read = 0  # what it took to plan counts as nothing, as on AWS
    if chosen["TYPE"] == "VALIDATE":
        write_text_result(session, ["Valid"], [["true"]])
        return
    names = ", ".join(relation.columns)
    plan = Node("Output", {"columnNames": f"[{names}]"}, children=[_Planner(session.scanned).plan(tree)])
    if analyze:
        plan.details.append(f"Output: {relation.to_arrow_table().num_rows} rows")
    if chosen["TYPE"] == "IO":
        text = json.dumps(_inputs(session.scanned), indent=2)
    elif chosen["FORMAT"] == "JSON":
        text = json.dumps(_json(plan, itertools.count(1)), indent=2)
    elif chosen["FORMAT"] == "GRAPHVIZ":
        text = "\n".join(["digraph logical_plan {", *_graph(plan, itertools.count(1)), "}"])
    else:
        is_distributed = analyze or chosen["TYPE"] == "DISTRIBUTED"
        lines = [f"Fragment 0 [SINGLE]\n    Output layout: [{names}]"] if is_distributed else []
        text = "\n".join([*lines, *_text(plan, depth=int(is_distributed))])
    write_text_result(session, ["Query Plan"], [[line] for line in text.split("\n")])


def _options(text: str) -> dict[str, str]:
    chosen = {"FORMAT": "TEXT", "TYPE": "LOGICAL"}
    for part in text.split(",") if text.strip() else []:
        match = _OPTION.fullmatch(part)
        known = {"FORMAT": _FORMATS, "TYPE": _TYPES}[match[1].upper()] if match else ()
        if match is None or match[2].upper() not in known:
            raise QueryFailed(
                f"SYNTAX_ERROR: line 1:1: mismatched input '{part.strip()}' in EXPLAIN's options"
            )
        chosen[match[1].upper()] = match[2].upper()
    return chosen


class _Planner:
    """Makes the steps of a query whose tables the session has found.

    :param scanned: what each table in the query's syntax tree stands for.
    """

    def __init__(self, scanned: dict[str, ScannedTable]) -> None:
        self._scanned = scanned

    def plan(self, query: exp.Expr, ctes: dict[str, exp.Expr] | None = None) -> Node:
        """Return the last step of a query.

        :param ctes: the WITH queries that it sees, by name in lower case.
        """
        known = dict(ctes or {})
        for cte in query.ctes if isinstance(query, exp.Query) else []:
            known[cte.alias.lower()] = cte.this
        if isinstance(query, exp.Subquery):
            return _ordered(query, self.plan(query.this, known))
        if isinstance(query, exp.SetOperation):
            children = [self.plan(side, known) for side in (query.this, query.expression)]
            return _ordered(query, Node(type(query).__name__, children=children))
        if isinstance(query, exp.Select):
            return _ordered(query, _filtered(query, self._joined(query, known)))
        return Node("Values")

    def _joined(self, select: exp.Select, ctes: dict[str, exp.Expr]) -> Node:
        nodes = [self._source(source, ctes) for source in sources_of(select)]
        if not nodes:
            return Node("Values")
        joined, *others = nodes
        for join, node in zip(select.args.get("joins") or [], others, strict=False):
            condition = join.args.get("on")
            kind = join.side.title() or ("Inner" if condition or join.args.get("using") else "Cross")
            criteria = {"criteria": condition.sql("trino")} if condition else {}
            joined = Node(f"{kind}Join", criteria, children=[joined, node])
        return joined

    def _source(self, source: exp.Expr, ctes: dict[str, exp.Expr]) -> Node:
        if isinstance(source, exp.Table) and (scanned := self._scanned.get(source.name)):
            return _scan(scanned)
        if isinstance(source, exp.Table):
            name = source.name.lower()
            others = {key: query for key, query in ctes.items() if key != name}
            return self.plan(ctes[name], others) if name in ctes else Node("RemoteSource", {"name": name})
        if isinstance(source, exp.Subquery):
            return self.plan(source, ctes)
        return Node(type(source).__name__)


def _scan(scanned: ScannedTable) -> Node:
    name = f"{CATALOG}:{scanned.name.database}:{scanned.name.name}"
    columns = scanned.table.columns if scanned.table else []
    details = [f"{column['Name']} := {column['Type']}:REGULAR" for column in columns]
    for position, key in enumerate(scanned.table.partition_keys if scanned.table else []):
        values = list(dict.fromkeys(partition[position] for partition in scanned.partitions))
        shown = ", ".join(f"[{value}]" for value in values[:_MOST_VALUES])
        more = f", and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
        details += [f"{key['Name']} := {key['Type']}:PARTITION_KEY", f"    :: [{shown}{more}]"]
    return Node("TableScan", {"table": name}, details)


def _filtered(select: exp.Select, node: Node) -> Node:
    """Add the steps of WHERE, GROUP BY, HAVING, windows and DISTINCT."""
    where, having = select.args.get("where"), select.args.get("having")
    if where and node.name == "TableScan":
        node.name = "ScanFilter"
        node.descriptor["filterPredicate"] = where.this.sql("trino")
    else:
        node = _filter(where, node)
    node = _filter(having, _aggregated(select, node))
    if windows := [found for column in select.expressions for found in column.find_all(exp.Window)]:
        functions = ", ".join(window.this.sql("trino") for window in windows)
        node = Node("Window", {"functions": functions}, children=[node])
    return Node("Aggregate", {"keys": "distinct"}, children=[node]) if select.args.get("distinct") else node


def _filter(clause: exp.Expr | None, node: Node) -> Node:
    if clause is None:
        return node
    return Node("Filter", {"filterPredicate": clause.this.sql("trino")}, children=[node])


def _aggregated(select: exp.Select, node: Node) -> Node:
    """Add the step of GROUP BY, or of aggregates over all rows."""
    group = select.args.get("group")
    aggregates = (found for column in select.expressions for found in column.walk() if is_aggregate(found))
    if group is None and all(found.find_ancestor(exp.Window) for found in aggregates):
        return node
    keys = ", ".join(key.sql("trino") for key in group.expressions) if group else ""
    return Node("Aggregate", {"keys": f"[{keys}]"}, children=[node])


def _ordered(query: exp.Expr, node: Node) -> Node:
    """Add the steps of ORDER BY and LIMIT."""
    order, limit = query.args.get("order"), query.args.get("limit")
    by = {"orderBy": ", ".join(key.sql("trino") for key in order.expressions)} if order else {}
    count = {"count": limit.expression.sql("trino")} if isinstance(limit, exp.Limit) else {}
    if not by and not count:
        return node
    return Node("TopN" if by and count else "Sort" if by else "Limit", count | by, children=[node])


def _text(node: Node, depth: int) -> Iterator[str]:
    yield "    " * depth + f"- {node.title}"
    yield from ("    " * (depth + 2) + line for line in node.details)
    for child in node.children:
        yield from _text(child, depth + 1)


def _json(node: Node, numbers: Iterator[int]) -> dict[str, Any]:
    return {
        "id": str(next(numbers)),
        "name": node.name,
        "descriptor": node.descriptor,
        "outputs": [],
        "details": node.details,
        "estimates": [],
        "children": [_json(child, numbers) for child in node.children],
    }


def _graph(node: Node, numbers: Iterator[int], parent: int | None = None) -> Iterator[str]:
    number = next(numbers)
    label = re.sub(r'([\\"{}|<>])', r"\\\1", node.title)
    yield f'plannode_{number}[label="{{{label}}}", style="rounded, filled", shape=record, fillcolor=white];'
    if parent:
        yield f"plannode_{parent} -> plannode_{number};"
    for child in node.children:
        yield from _graph(child, numbers, number)


def _inputs(scanned: dict[str, ScannedTable]) -> dict[str, Any]:
    """Return the tables that a query reads, with the values of the partition keys that it reads."""
    return {
        "inputTableColumnInfos": [
            {
                "table": {
                    "catalog": CATALOG,
                    "schemaTable": {"schema": table.name.database, "table": table.name.name},
                },
                "columnConstraints": [
                    {
                        "columnName": key["Name"],
                        "type": trino_type(key["Type"]),
                        "values": sorted({values[position] for values in table.partitions}),
                    }
                    for position, key in enumerate(table.table.partition_keys if table.table else [])
                ],
            }
            for table in scanned.values()
        ]
    }
