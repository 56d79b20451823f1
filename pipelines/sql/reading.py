"""Statements that ask: rows, sums, counts."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlglot import exp

from pipelines.sql.conditions import is_set
from pipelines.sql.statement import Statement, called, column, table
from sources.rest.catalogue.columns import Column, Type

Columns = Mapping[str, Type]
"""Names of columns and their types."""


class Lock(StrEnum):
    """How rows that are told are kept from others until the transaction ends; not every destination can."""

    SHARED = "shared"  # nobody may change them
    EXCLUSIVE = "exclusive"  # nobody may lock them either; who finds them locked fails at once


def types_of(columns: Iterable[Column]) -> Columns:
    """Columns of the catalogue by name."""
    return {one.name: one.type for one in columns}


def rows(
    name: str,
    columns: Columns,
    where: Sequence[exp.Expr] = (),
    *,
    distinct: bool = False,
    newest_by: str = "",
    in_order_of: Sequence[str] = (),
    limit: int | None = None,
    lock: Lock | None = None,
) -> Statement:
    """Ask for columns of a table's rows.

    Args:
        name: of the table.
        columns: what is asked for.
        where: conditions.
        distinct: rows that are alike are told once.
        newest_by: column by which they come, greatest value first.
        in_order_of: columns by which they come, so that rows that are alike in them come together.
        limit: most rows that are told.
        lock: keeps the rows from others.
    """
    query = exp.select(*map(column, columns), copy=False).from_(table(name), copy=False).where(*where, copy=False)
    if distinct:
        query.distinct(copy=False)
    if newest_by:
        query.order_by(exp.Ordered(this=column(newest_by), desc=True), copy=False)
    if in_order_of:
        query.order_by(*map(column, in_order_of), copy=False)
    if limit is not None:
        query.limit(limit, copy=False)
    if lock:
        exclusive = lock is Lock.EXCLUSIVE
        query.set("locks", [exp.Lock(update=exclusive, wait=exclusive or None)])
    return Statement(query, tuple(columns.values()))


def all_columns(name: str) -> Statement:
    """Ask for a table's rows as they are; which columns these are, the answer tells."""
    return Statement(exp.select(exp.Star(), copy=False).from_(table(name), copy=False), (Type.ANY,))


def sums(name: str, by: Columns, metrics: Sequence[str] = (), where: Sequence[exp.Expr] = ()) -> Statement:
    """Ask for the sums of metrics of a table, and how many rows there are, for each value of some columns.

    Without such columns there is one answer; where no row meets the conditions, the number is 0 and the sums are null.
    """
    summed = [called(exp.Sum(this=column(metric)), f"sum_of_{metric}") for metric in metrics]
    query = _grouped(name, by, [*summed, _count()], where)
    return Statement(query, (*by.values(), *(Type.DOUBLE for _ in metrics), Type.BIGINT))


def counts_set(name: str, by: Columns, counted: Sequence[str], where: Sequence[exp.Expr]) -> Statement:
    """Ask how many rows of a table have each of some columns, for each value of others."""
    counts = [called(exp.Count(this=column(one)), f"count_of_{one}") for one in counted]
    return Statement(_grouped(name, by, counts, where), (*by.values(), *(Type.BIGINT for _ in counted)))


def largest(name: str, by: Columns, metrics: Columns) -> Statement:
    """Ask for the largest values of metrics of a table, for each value of some columns."""
    found = [called(exp.Max(this=column(metric)), f"largest_{metric}") for metric in metrics]
    return Statement(_grouped(name, by, found, []), (*by.values(), *metrics.values()))


def counts_since_first(name: str, by: Columns, moment: str, where: Sequence[exp.Expr]) -> Statement:
    """Ask how many rows a table has for each value of some columns, and when the first of them happened."""
    first = called(exp.Min(this=column(moment)), "first_moment")
    return Statement(_grouped(name, by, [_count(), first], where), (*by.values(), Type.BIGINT, Type.TIMESTAMP))


def count_distinct(name: str, counted: str, where: Sequence[exp.Expr]) -> Statement:
    """Ask how many values a column has."""
    count = exp.Count(this=exp.Distinct(expressions=[column(counted)]))
    query = exp.select(called(count, "values_counted"), copy=False).from_(table(name), copy=False)
    return Statement(query.where(*where, copy=False), (Type.BIGINT,))


def latest_rows(name: str, who: str, columns: Columns, *, moment: str, key: Sequence[str]) -> Statement:
    """Ask for everybody and columns of their latest row.

    Args:
        name: of the table.
        who: column that says who it is; rows without are left out.
        columns: what is asked for besides.
        moment: column by which a row is the latest.
        key: columns that decide between rows of one moment: the first counts.
    """
    order = [exp.Ordered(this=column(moment), desc=True), *(exp.Ordered(this=column(one)) for one in key)]
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(who)], order=exp.Order(expressions=order))
    names = [who, *columns]
    ranked = (
        exp.select(*map(column, names), called(place, "place"), copy=False)
        .from_(table(name), copy=False)
        .where(is_set(who), copy=False)
    )
    latest = exp.EQ(this=column("place"), expression=exp.Literal.number(1))
    query = exp.select(*map(column, names), copy=False).from_(ranked.subquery("ranked", copy=False), copy=False)
    return Statement(query.where(latest, copy=False), (Type.TEXT, *columns.values()))


def _grouped(name: str, by: Columns, computed: Sequence[exp.Expr], where: Sequence[exp.Expr]) -> exp.Select:
    query = exp.select(*map(column, by), *computed, copy=False).from_(table(name), copy=False)
    query.where(*where, copy=False)
    return query.group_by(*map(column, by), copy=False) if by else query


def _count() -> exp.Expr:
    return called(exp.Count(this=exp.Star()), "rows_counted")
