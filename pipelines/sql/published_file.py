"""Statements that bring tables and views of a DuckDB file, with what is said of them, into another; see `duckdb_file`.

Names are written as DuckDB lists them. In the other file alone, once it is open by itself, a name needs no catalog.
"""

from sqlglot import exp

from pipelines.sql.duckdb_file import COPY
from pipelines.sql.statement import Statement
from sources.rest.catalogue.columns import Type

_TEXT = Type.TEXT


def tables_there() -> Statement:
    """Ask for tables: schema, name, and what is said of it."""
    return Statement(_listed("duckdb_tables", ["schema_name", "table_name", "comment"]), (_TEXT,) * 3)


def views_there() -> Statement:
    """Ask for views: schema, name, the statement that makes it, without a catalog, and what is said of it."""
    return Statement(_listed("duckdb_views", ["schema_name", "view_name", "sql", "comment"]), (_TEXT,) * 4)


def columns_described() -> Statement:
    """Ask for columns of tables and views that something is said of: schema, table, name, text."""
    return Statement(
        _listed("duckdb_columns", ["schema_name", "table_name", "column_name", "comment"], described=True), (_TEXT,) * 4
    )


def rows_of(schema: str, name: str, columns: list[str]) -> Statement:
    """Ask for columns of a table, all of them texts."""
    found = exp.select(*map(_quoted, columns)).from_(exp.table_(name, db=schema, quoted=True))
    return Statement(found, (_TEXT,) * len(columns))


def create_schema(schema: str, catalog: str | None = COPY) -> Statement:
    """Make a schema, in the other file unless told otherwise."""
    return Statement(
        exp.Create(kind="SCHEMA", exists=True, this=exp.table_("", db=schema, catalog=catalog, quoted=True))
    )


def copy_table(catalog: str, schema: str, name: str) -> Statement:
    """Bring a table with its rows into the other file."""
    everything = exp.select("*").from_(exp.table_(name, db=schema, catalog=catalog, quoted=True))
    made = exp.table_(name, db=schema, catalog=COPY, quoted=True)
    return Statement(exp.Create(kind="TABLE", this=made, expression=everything))


def create_view(sql: str) -> Statement:
    """Make a view again by the statement that DuckDB tells of it."""
    return Statement(exp.Command(this=sql.rstrip(";")))


def comment(kind: str, path: list[str], text: str) -> Statement:
    """Say in the database what a table, a view or a column of either holds.

    Args:
        kind: `TABLE`, `VIEW` or `COLUMN`.
        path: schema, table, column.
        text: what is said.
    """
    named: exp.Expr = exp.table_(path[1], db=path[0], quoted=True)
    if kind == "COLUMN":
        named = exp.Dot(this=named, expression=exp.to_identifier(path[2], quoted=True))
    return Statement(exp.Comment(this=named, kind=kind, expression=exp.Literal.string(text)))


def _listed(function: str, columns: list[str], *, described: bool = False) -> exp.Select:
    own = _quoted("database_name").eq(exp.CurrentDatabase())
    found = exp.select(*map(_quoted, columns)).from_(exp.Anonymous(this=function)).where(own)
    found = found.where(_quoted("internal").not_())
    if described:
        found = found.where(_quoted("comment").is_(exp.Null()).not_())
    return found.order_by(*map(_quoted, columns[:2]))


def _quoted(name: str) -> exp.Column:
    return exp.column(name, quoted=True)
