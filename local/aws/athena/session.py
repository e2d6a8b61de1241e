"""What a running statement reaches its data through: translates queries and runs them on DuckDB."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import duckdb
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import CATALOG, Catalog, Table, TableName
from local.aws.athena.catalog_tables import (
    INFORMATION_SCHEMA,
    PARTITIONS,
    information_schema_query,
    partitions_query,
)
from local.aws.athena.dialect import parse_query, to_duckdb
from local.aws.athena.execution import TERMINAL, Execution
from local.aws.athena.grammar import require_known_functions
from local.aws.athena.prepared_statements import PreparedStatements
from local.aws.athena.projection import Values
from local.aws.athena.pushdown import conditions_on, push_down, push_into
from local.aws.athena.qualified_names import shorten
from local.aws.athena.storage import Scan, Storage
from local.aws.athena.table_reader import TableReader, hide_path, wants_path
from local.aws.athena.zones import show_zones

_DEEPEST_VIEW = 32


@dataclass(frozen=True)
class ScannedTable:
    """A table that a query reads.

    :param table: None if it describes the catalog.
    :param partitions: the values of those that the query's conditions allow.
    """

    name: TableName
    table: Table | None = None
    partitions: tuple[Values, ...] = ()


class Session:
    """What a statement works with while it runs.

    :param connection: DuckDB connection that only this statement uses.
    :param scan: collects the files that the statement reads.
    :param prepared: the prepared statements that PREPARE and DEALLOCATE change.
    :ivar scanned: the tables that resolved queries read, by their names in the syntax tree.
    """

    def __init__(
        self,
        execution: Execution,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        storage: Storage,
        scan: Scan,
        prepared: PreparedStatements,
    ) -> None:
        self.execution = execution
        self.prepared = prepared
        self.connection = connection
        self.catalog = catalog
        self.storage = storage
        self.scan = scan
        self.scanned: dict[str, ScannedTable] = {}
        self._reader = TableReader(connection, catalog, storage, scan)
        self._numbers = itertools.count()

    def table_name(self, text: str) -> TableName:
        """Parse a table's name; without a database it is a table of the execution's database."""
        return TableName.parse(text, self.execution.database)

    def ddl_table(self, text: str) -> Table:
        """Find the table or view that a statement of Hive's names.

        :raises QueryFailed: SemanticException, if there is none.
        """
        return self.catalog.hive_table(self.table_name(text))

    def translate(self, sql: str, shows_zones: bool = False) -> str:
        """Translate a query to DuckDB's SQL, over the tables as they are now.

        :param shows_zones: whether columns of moments carry their time zones.
        :raises QueryFailed: if it names a table or function that does not exist, or the execution was
            canceled meanwhile.
        """
        tree = self.resolve(sql)
        if shows_zones:
            show_zones(tree)
        translated = to_duckdb(tree)
        if self.execution.state in TERMINAL:
            raise QueryFailed("Query cancelled by user")
        return translated

    def resolve(self, sql: str) -> exp.Query:
        """Parse a query and put what it reads in place of its tables and views.

        :raises QueryFailed: if it names a table or function that does not exist.
        """
        require_known_functions(sql, self.execution.sql)
        return self._resolve(parse_query(sql), self.execution.database, depth=0)

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
        shorten(tree, database)
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
        name = TableName(database.lower(), reference.name.lower())
        if reference.catalog and reference.catalog.lower() != CATALOG:
            raise QueryFailed(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{reference.catalog}' does not exist")
        if name.database == INFORMATION_SCHEMA:
            return self._temporary_view(information_schema_query(self.catalog, name.name), ScannedTable(name))
        if name.name.endswith(PARTITIONS):
            return self._temporary_view(partitions_query(self.catalog, name), ScannedTable(name))
        table = self.catalog.table(name)
        if view := table.view:
            require_known_functions(view.sql, view.sql)
            query = parse_query(view.sql)
            push_into(query, conditions_on(reference))
            return exp.Subquery(this=self._resolve(query, view.database, depth + 1))
        if wants_path(reference):
            hide_path(reference)
        partitions = self._reader.partitions(table, reference)
        scanned = ScannedTable(name, table, tuple(values for values, _ in partitions))
        return self._temporary_view(self._reader.query(table, reference, partitions), scanned)

    def _temporary_view(self, sql: str, scanned: ScannedTable) -> exp.Table:
        """Keep DuckDB's SQL out of the tree, which is still Trino's."""
        name = f"table_{next(self._numbers)}"
        self.scanned[name] = scanned
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {sql}")
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
