"""Statements about tables of an earlier layout, asked as if they were of today's."""

from collections.abc import Mapping

from sqlglot import exp

from pipelines.sql.statement import Statement, called, column, table

Renamed = Mapping[str, str | None]
"""Columns of today -> what they are called in the table; None where it has none, which reads as null."""


def named_as_today(statement: Statement, tables: Mapping[str, Renamed]) -> Statement:
    """Ask a statement of some tables whose columns have other names, or are not there."""
    tree = statement.expression.copy()
    for node in list(tree.find_all(exp.Table)):
        if node.name in tables:
            node.replace(_seen(node.name, tables[node.name]))
    return Statement(tree, statement.types)


def _seen(name: str, columns: Renamed) -> exp.Expr:
    seen = [
        column(there) if there == today else called(exp.Null() if there is None else column(there), today)
        for today, there in columns.items()
    ]
    return exp.select(*seen, copy=False).from_(table(name), copy=False).subquery(name, copy=False)
