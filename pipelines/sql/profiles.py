"""Statements that speak of one profile's rows only: a dataset may hold those of several."""

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from pipelines.sql.conditions import any_of, equal, is_null
from pipelines.sql.statement import Statement

COLUMN: Final = "profile_id"
"""Names the profile that a row belongs to, in every table that profiles share."""


def of_profile(profile: str | None, *, and_nobodys: bool) -> exp.Expr:
    """The row is a profile's.

    Args:
        profile: id of the profile; None where it is not known yet.
        and_nobodys: rows that name no profile are its own, too.
    """
    conditions = [] if profile is None else [equal(COLUMN, profile)]
    return any_of([*conditions, *([is_null(COLUMN)] if and_nobodys or not conditions else [])])


def restricted(statement: Statement, condition: exp.Expr, concerns: Callable[[str], bool]) -> Statement:
    """Let a statement that reads, changes or deletes rows do so only where a condition holds, in each of its tables.

    Args:
        statement: any; one that makes or fills a table stays as it is.
        condition: what has to hold.
        concerns: tells of the name of a table whether its rows can be told apart so.
    """
    tree = statement.expression.copy()
    for table in list(tree.find_all(exp.Table)):
        owner = table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Create, exp.Alter)
        if isinstance(owner, exp.Select | exp.Update | exp.Delete) and concerns(table.name):
            given = owner.args.get("where")
            conditions = [*([exp.paren(given.this, copy=False)] if given else []), exp.paren(condition.copy())]
            owner.set("where", exp.Where(this=exp.and_(*conditions, copy=False)))
    return Statement(tree, statement.types)
