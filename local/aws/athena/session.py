"""What a running statement reaches its data through: translates queries and runs them on DuckDB."""

from __future__ import annotations

import itertools

import duckdb
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import Catalog, TableName
from local.aws.athena.dialect import parse_query, to_duckdb
from local.aws.athena.execution import TERMINAL, Execution
from local.aws.athena.grammar import require_known_functions
from local.aws.athena.pushdown import conditions_on, push_down, push_into
from local.aws.athena.storage import Scan, Storage
from local.aws.athena.table_reader import TableReader, hide_path, wants_path
from local.aws.athena.zones import show_zones

_DEEPEST_VIEW = 32


class Session:
    """What a statement works with while it runs.

    :param connection: DuckDB connection that only this statement uses.
    :param scan: collects the files that the statement reads.
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
        """Parse a table's name; without a database it is a table of the execution's database."""
        return TableName.parse(text, self.execution.database)

    def translate(self, sql: str, shows_zones: bool = False) -> str:
        """Translate a query to DuckDB's SQL, over the tables as they are now.

        :param shows_zones: whether columns of moments carry their time zones.
        :raises QueryFailed: if it names a table or function that does not exist, or the execution was
            canceled meanwhile.
        """
        require_known_functions(sql, self.execution.sql)
        tree = self._resolve(parse_query(sql), self.execution.database, depth=0)
        if shows_zones:
            show_zones(tree)
        translated = to_duckdb(tree)
        if self.execution.state in TERMINAL:
            raise QueryFailed("Query cancelled by user")
        return translated

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """Translate and bind a query, which runs when its rows are read.

        :raises QueryFailed: if it names a table that does not exist.
        :raises duckdb.Error: if DuckDB refuses it.
        """
        return self.connection.sql(self.translate(sql))

    def _resolve(self, tree: exp.Query, database: str, depth: int) -> exp.Query:
        """Replace each table by a view that reads it, and each view of Athena by its query."""
        if depth > _DEEPEST_VIEW:
            raise QueryFailed("VIEW_IS_RECURSIVE: line 1:1: views are nested too deep")
        push_down(tree)
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
            require_known_functions(view.sql, view.sql)
            query = parse_query(view.sql)
            push_into(query, conditions_on(reference))
            return exp.Subquery(this=self._resolve(query, view.database, depth + 1))
        if wants_path(reference):
            hide_path(reference)
        # A temporary view keeps DuckDB's SQL out of the tree, which is still Trino's.
        name = f"table_{next(self._numbers)}"
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {self._reader.query(table, reference)}")
        return exp.Table(this=exp.to_identifier(name))


def _is_cte(table: exp.Table) -> bool:
    """Return whether a name means a WITH query instead of a table."""
    if table.db:
        return False
    part: exp.Expr = table
    while part.parent is not None:
        if table.name.lower() in _visible_ctes(part):
            return True
        part = part.parent
    return False


def _visible_ctes(part: exp.Expr) -> set[str]:
    """Return the names, in lower case, of the WITH queries that a part of a query sees in its parent.

    A WITH query sees those before it in the list, and itself if the list is recursive; the query sees all of
    them.
    """
    parent = part.parent
    if isinstance(parent, exp.With):
        visible = list(itertools.takewhile(lambda cte: cte is not part, parent.expressions))
        if parent.recursive:
            visible.append(part)
    else:
        ctes = parent.args.get("with_") if parent else None
        visible = ctes.expressions if ctes is not None and ctes is not part else []
    return {cte.alias.lower() for cte in visible}
