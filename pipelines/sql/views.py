"""Statements that make views, in a schema of their own: every table is named with the place that it lies in.

A name is `place.table`; what stands for a place is up to whoever renders the statement. A name without a place is that
of a common table expression.
"""

from collections.abc import Mapping
from typing import Final

from sqlglot import exp, parse_one

from pipelines.sql.statement import Statement, called, column, table

VIEWS: Final = "views"
"""Place of the views themselves."""

DIALECT: Final = "duckdb"
"""Dialect that the queries of views are written in."""


def create_schema() -> Statement:
    """Make the schema that the views lie in, unless it is there."""
    return Statement(exp.Create(kind="SCHEMA", exists=True, this=table(f"{VIEWS}.")))


def drop_view(name: str) -> Statement:
    """Remove a view, if it is there."""
    return Statement(exp.Drop(kind="VIEW", exists=True, tables=[table(f"{VIEWS}.{name}")]))


def create_view(name: str, query: str) -> Statement:
    """Make a view.

    Args:
        name: of the view.
        query: what it shows, in `DIALECT`.
    """
    return Statement(
        exp.Create(kind="VIEW", this=table(f"{VIEWS}.{name}"), expression=parse_one(query, dialect=DIALECT))
    )


def under_other_names(shown: str, names: Mapping[str, str]) -> str:
    """Return the query of a view that shows columns of a table under other names, in `DIALECT`.

    Args:
        shown: the table.
        names: column -> its name in the view.
    """
    columns = [called(column(name), new) for name, new in names.items()]
    return exp.select(*columns).from_(table(shown)).sql(dialect=DIALECT)


def comment_view(name: str, text: str) -> Statement:
    """Say in the database what a row of a view is."""
    return Statement(exp.Comment(this=table(f"{VIEWS}.{name}"), kind="VIEW", expression=exp.Literal.string(text)))


def comment_view_column(name: str, described: str, text: str) -> Statement:
    """Say in the database what a column of a view is."""
    place = exp.Dot(this=table(f"{VIEWS}.{name}"), expression=column(described).this)
    return Statement(exp.Comment(this=place, kind="COLUMN", expression=exp.Literal.string(text)))
