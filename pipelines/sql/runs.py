"""Statements that ask the tables `sync_windows` and `sync_runs` how asking went.

What is true or false is computed as 1 or 0: not every dialect has a truth that can be selected.
"""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from pipelines.sql.conditions import equal, is_null, is_set
from pipelines.sql.statement import Statement, called, column, table
from sources.rest.catalogue.columns import Type

WINDOWS: Final = "sync_windows"
RUNS: Final = "sync_runs"

_VARIANT: Final = ("resource", "variant")
_ONE: Final = exp.Literal.number(1)
_ZERO: Final = exp.Literal.number(0)


def not_of(command: str) -> exp.Expr:
    """The row was not left by a run of a command."""
    runs = exp.select(column("run_id"), copy=False).from_(table(RUNS), copy=False)
    return exp.Not(
        this=exp.In(this=column("run_id"), query=runs.where(equal("command", command), copy=False).subquery())
    )


def last_answers(where: Sequence[exp.Expr] = ()) -> Statement:
    """Ask of each variant of a resource for the last day and moment that was answered, and the last run's failures."""
    asked = exp.select(*map(column, (*_VARIANT, "date_to", "read_at", "error")), _of_last_run(), copy=False)
    failed = exp.and_(_is_one("of_last_run"), is_set("error"), copy=False)
    answered = [exp.Max(this=_if(is_null("error"), column(name))) for name in ("date_to", "read_at")]
    query = (
        exp.select(
            *map(column, _VARIANT),
            called(answered[0], "newest_day"),
            called(answered[1], "newest_answer"),
            called(exp.Sum(this=_if(failed, _ONE.copy(), _ZERO.copy())), "failures"),
            copy=False,
        )
        .from_(
            asked.from_(table(WINDOWS), copy=False).where(*where, copy=False).subquery("asked", copy=False), copy=False
        )
        .group_by(*map(column, _VARIANT), copy=False)
    )
    return Statement(query, (Type.TEXT, Type.TEXT, Type.DATE, Type.TIMESTAMP, Type.BIGINT))


def last_truncated(where: Sequence[exp.Expr] = ()) -> Statement:
    """Ask for the windows whose last answer was cut off, and whether the last run was told so."""
    days = ("date_from", "date_to")
    place = called(_over(exp.RowNumber(), *_VARIANT, "date_range"), "place")
    answered = (
        exp.select(*map(column, (*_VARIANT, *days, "truncated")), _of_last_run(), place, copy=False)
        .from_(table(WINDOWS), copy=False)
        .where(is_null("error"), *where, copy=False)
    )
    truncated = exp.EQ(this=column("truncated"), expression=exp.true())
    query = (
        exp.select(*map(column, (*_VARIANT, *days, "of_last_run")), copy=False)
        .from_(answered.subquery("answered", copy=False), copy=False)
        .where(_is_one("place"), truncated, copy=False)
    )
    return Statement(query, (Type.TEXT, Type.TEXT, Type.DATE, Type.DATE, Type.BOOLEAN))


def calls_of_runs(*reasons: str) -> Statement:
    """Ask of each run and variant of a resource how many calls it made for each of some reasons, its last day, rows."""
    calls = [exp.Sum(this=_if(equal("reason", reason), _ONE.copy(), _ZERO.copy())) for reason in reasons]
    query = (
        exp.select(
            *map(column, ("run_id", *_VARIANT)),
            called(exp.Max(this=column("date_to")), "last_day"),
            called(exp.Sum(this=column("row_count")), "rows_summed"),
            *(called(one, f"calls_{place}") for place, one in enumerate(calls)),
            copy=False,
        )
        .from_(table(WINDOWS), copy=False)
        .where(is_null("error"), copy=False)
        .group_by(*map(column, ("run_id", *_VARIANT)), copy=False)
    )
    return Statement(query, (*(Type.TEXT,) * 3, Type.DATE, Type.BIGINT, *(Type.BIGINT for _ in reasons)))


def _of_last_run() -> exp.Expr:
    """1 in rows of the last run that asked for the variant."""
    # Redshift asks for the frame, row numbers allow none in some other dialects
    frame = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
    )
    last = _over(exp.FirstValue(this=column("run_id")), *_VARIANT, frame=frame)
    same = exp.EQ(this=last, expression=column("run_id"))
    return called(_if(same, _ONE.copy(), _ZERO.copy()), "of_last_run")


def _over(function: exp.Expr, *columns: str, frame: exp.Expr | None = None) -> exp.Expr:
    """A function over the rows that are alike in some columns, the last one first."""
    order = exp.Order(expressions=[exp.Ordered(this=column("read_at"), desc=True)])
    return exp.Window(this=function, partition_by=list(map(column, columns)), order=order, spec=frame)


def _if(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def _is_one(name: str) -> exp.Expr:
    return exp.EQ(this=column(name), expression=_ONE.copy())
