"""Conditions that rows are chosen by; several beside each other must all hold."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlglot import exp

from pipelines.sql.statement import column, value
from sources.rest.catalogue.endpoints import Kind
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain


def equal(name: str, given: Any) -> exp.Expr:
    """The column has the value."""
    return exp.EQ(this=column(name), expression=value(given))


def one_of(name: str, given: Collection[Any]) -> exp.Expr:
    """The column has one of the values."""
    return exp.In(this=column(name), expressions=list(map(value, given))) if given else exp.false()


def between(name: str, first: Any, last: Any) -> exp.Expr:
    """The column lies between two values, both included."""
    return exp.Between(this=column(name), low=value(first), high=value(last))


def since(name: str, first: Any) -> exp.Expr:
    """The column has the value or a later one."""
    return exp.GTE(this=column(name), expression=value(first))


def after(name: str, last: Any) -> exp.Expr:
    """The column has a later value."""
    return exp.GT(this=column(name), expression=value(last))


def not_after(name: str, last: Any) -> exp.Expr:
    """The column has the value or an earlier one."""
    return exp.LTE(this=column(name), expression=value(last))


def before(name: str, end: Any) -> exp.Expr:
    """The column has an earlier value."""
    return exp.LT(this=column(name), expression=value(end))


def is_set(name: str) -> exp.Expr:
    """The column is not null."""
    return exp.Not(this=is_null(name))


def is_null(name: str) -> exp.Expr:
    """The column is null."""
    return exp.Is(this=column(name), expression=exp.Null())


def holds_one_of(name: str, parts: Iterable[str]) -> exp.Expr:
    """The text of the column holds one of some parts; `%` and `_` in a part stand for any text and any letter."""
    return any_of(exp.Like(this=column(name), expression=value(f"%{part}%")) for part in parts)


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """At least one condition holds."""
    return exp.or_(*conditions, copy=False)


def of_variant(task: Task, grain: Grain) -> list[exp.Expr]:
    """The row was loaded for the variant of a task; aggregates also for windows of the grain."""
    found = dict(task.variant)
    if task.endpoint.kind is Kind.AGGREGATE:
        found["grain"] = grain.value
    return [equal(name, given) for name, given in found.items()]


def of_window(task: Task, grain: Grain) -> list[exp.Expr]:
    """The row was loaded for the window and the variant of a task.

    Raises:
        ValueError: the task has no window.
    """
    if task.window is None:
        raise ValueError(f"{task.endpoint.name} has no dates")
    return [between("date", task.window.start, task.window.end), *of_variant(task, grain)]
