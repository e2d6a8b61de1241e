"""A running statement's connection to data: translates its queries and runs them."""

from __future__ import annotations

import itertools

import duckdb
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import Catalog, TableName
from local.aws.athena.dialect import parse_query, to_duckdb
from local.aws.athena.execution import Execution
from local.aws.athena.scan import TableReader
from local.aws.athena.storage import Scan, Storage

_DEEPEST_VIEW = 32


class Session:
    """What a statement works with while it runs.

    :param connection: DuckDB connection of this statement alone.
    :param scan: collects the files it reads.
    """

    def __init__(
        self,
        execution: Execution,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        storage: Storage,
        scan: Scan,
    ) -> None:
        self.execution = execution
        self.connection = connection
        self.catalog = catalog
        self.storage = storage
        self._reader = TableReader(connection, catalog, storage, scan)
        self._numbers = itertools.count()

    def table_name(self, text: str) -> TableName:
        """Read a table's name; the query's database is the default."""
        return TableName.parse(text, self.execution.database)

    def translate(self, sql: str) -> str:
        """Translate a query of Athena's to DuckDB's SQL, over the tables as they are now.

        :raises QueryFailed: for unknown tables.
        """
        return to_duckdb(self._resolve(parse_query(sql), self.execution.database, depth=0))

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """Translate and bind a query; it runs when its rows are taken.

        :raises QueryFailed: for unknown tables.
        :raises duckdb.Error: for what DuckDB refuses.
        """
        return self.connection.sql(self.translate(sql))

    def _resolve(self, tree: exp.Query, database: str, depth: int) -> exp.Query:
        """Replace each table by what reads it, and each view by its query."""
        if depth > _DEEPEST_VIEW:
            raise QueryFailed("VIEW_IS_RECURSIVE: line 1:1: views are nested too deep")
        for reference in list(tree.find_all(exp.Table)):
            if not isinstance(reference.this, exp.Identifier) or _is_cte(reference):
                continue
            source = self._source(reference, reference.db or database, depth)
            source.set(
                "alias", reference.args.get("alias") or exp.TableAlias(this=exp.to_identifier(reference.name))
            )
            for name in ("joins", "laterals", "sample"):
                source.set(name, reference.args.get(name))
            reference.replace(source)
        return tree

    def _source(self, reference: exp.Table, database: str, depth: int) -> exp.Expr:
        table = self.catalog.table(TableName(database.lower(), reference.name.lower()))
        if view := table.view:
            return exp.Subquery(this=self._resolve(parse_query(view.sql), view.database, depth + 1))
        # A view of the connection keeps DuckDB's SQL apart from the tree, which is still Trino's.
        name = f"table_{next(self._numbers)}"
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {self._reader.query(table, reference)}")
        return exp.Table(this=exp.to_identifier(name))


def _is_cte(table: exp.Table) -> bool:
    """Whether a name means a WITH query: one before it in its own WITH list, or any of an outer query's."""
    if table.db:
        return False
    node: exp.Expr = table
    while node.parent is not None:
        inside, node = node, node.parent
        if isinstance(node, exp.With):
            visible = itertools.takewhile(lambda cte, inside=inside: cte is not inside, node.expressions)  # type: ignore[misc]
            names = [cte.alias for cte in visible] + ([inside.alias] if node.recursive else [])
        else:
            ctes = node.args.get("with_")
            names = [cte.alias for cte in ctes.expressions] if ctes is not None and ctes is not inside else []
        if table.name.lower() in (name.lower() for name in names):
            return True
    return False
