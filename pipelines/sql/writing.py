"""Statements that change rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlglot import exp

from pipelines.sql.reading import Columns
from pipelines.sql.statement import Statement, column, table, value
from sources.rest.catalogue.columns import Type

_TYPES: Final = {Type.BIGINT: exp.DType.BIGINT, Type.DOUBLE: exp.DType.DOUBLE, Type.TEXT: exp.DType.TEXT}


def create(name: str, columns: Columns) -> Statement:
    """Make a table of numbers and texts."""
    typed = [
        exp.ColumnDef(this=column(one).this, kind=exp.DataType(this=_TYPES[kind])) for one, kind in columns.items()
    ]
    return Statement(exp.Create(kind="TABLE", this=exp.Schema(this=table(name), expressions=typed)))


def insert(name: str, *rows: Mapping[str, Any]) -> Statement:
    """Write rows; all have the same columns."""
    columns = exp.Schema(this=table(name), expressions=[column(one).this for one in rows[0]])
    written = [exp.Tuple(expressions=[value(row[one]) for one in rows[0]]) for row in rows]
    return Statement(exp.Insert(this=columns, expression=exp.Values(expressions=written)))


def delete(name: str, where: Sequence[exp.Expr] = ()) -> Statement:
    """Delete rows; without conditions all of them."""
    return Statement(exp.Delete(this=table(name), where=_where(where)))


def update(name: str, values: Mapping[str, Any], where: Sequence[exp.Expr]) -> Statement:
    """Give columns of rows a value, or that of another column before the change."""
    changes = [
        exp.EQ(this=column(one), expression=given if isinstance(given, exp.Column) else value(given))
        for one, given in values.items()
    ]
    return Statement(exp.Update(this=table(name), expressions=changes, where=_where(where)))


def add_column(name: str, new: str, kind: Type) -> Statement:
    """Give a table a further column; it is null in the rows that are there."""
    action = exp.ColumnDef(this=column(new).this, kind=exp.DataType(this=_TYPES[kind]))
    return Statement(exp.Alter(this=table(name), kind="TABLE", actions=[action]))


def rename_column(name: str, old: str, new: str) -> Statement:
    """Give a column another name; its values stay."""
    action = exp.RenameColumn(this=column(old), to=column(new))
    return Statement(exp.Alter(this=table(name), kind="TABLE", actions=[action]))


def retype_column(name: str, changed: str, kind: Type) -> Statement:
    """Give a column another type, and its values with it."""
    to = exp.DataType(this=_TYPES[kind])
    action = exp.AlterColumn(this=column(changed), dtype=to, using=exp.Cast(this=column(changed), to=to))
    return Statement(exp.Alter(this=table(name), kind="TABLE", actions=[action]))


def comment_table(name: str, text: str) -> Statement:
    """Say in the database what a row of a table is."""
    return Statement(exp.Comment(this=table(name), kind="TABLE", expression=exp.Literal.string(text)))


def comment_column(name: str, described: str, text: str) -> Statement:
    """Say in the database what a column of a table is."""
    place = exp.Dot(this=table(name), expression=column(described).this)
    return Statement(exp.Comment(this=place, kind="COLUMN", expression=exp.Literal.string(text)))


def _where(conditions: Sequence[exp.Expr]) -> exp.Where:
    """Conditions, also where there is none: some dialects do nothing to all rows unless they are told so."""
    return exp.Where(this=exp.and_(*conditions, copy=False) if conditions else exp.true())
