"""What the tables must hold, taken from the sandbox's own answers and written from the contract.

The catalogue only says which tables there are and what is asked for them: an endpoint that is added is compared too.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.endpoints import Endpoint, Kind
from tests.integration.conftest import rows_of

Row = dict[str, Any]
Rows = list[Row]
Variant = tuple[tuple[str, str], ...]
"""Values of the parameters that multiply calls, as (parameter, value) pairs."""

VALUES = {"model": ("last_touch",), "level": ("campaign", "ad_set", "ad"), "score_window": ("28d",)}
"""What a sync asks for unless it is told otherwise."""

DAILY = {name: row for name, row in ENDPOINTS.items() if row.kind in (Kind.AGGREGATE, Kind.SERIES)}
STORED = sorted(name for name, row in DAILY.items() if row.default)
"""Tables with days that a sync loads by default."""

FIRST_CONTACT = 2
"""Calls that show how the server names ad sets and ads, in the first sync of a dataset."""

_DEFAULTS = [row for row in ENDPOINTS.values() if row.default]
CALLS_A_WINDOW = sum(len(row.variants(VALUES)) for row in _DEFAULTS if row.kind is Kind.AGGREGATE)
CALLS_A_SYNC = sum(
    len(row.variants(VALUES)) + bool(row.for_each) for row in _DEFAULTS if row.kind is not Kind.AGGREGATE
)
"""Series and snapshots; ids that a call needs are asked for once more."""


def days(first: date, last: date) -> Iterator[date]:
    """Every day of a range."""
    return (first + timedelta(offset) for offset in range((last - first).days + 1))


def truth_of(sandbox: Sandbox, table: str, first: date, last: date, models: tuple[str, ...] = ("last_touch",)) -> Rows:
    """Rows of a table over a range of at most 366 days, an aggregate's day by day."""
    if DAILY[table].kind is Kind.SERIES:
        return list(series(sandbox, table, first, last, models))
    return [row for day in days(first, last) for row in aggregate(sandbox, table, day, day, models)]


def aggregate(
    sandbox: Sandbox, table: str, start: date, end: date, models: tuple[str, ...] = ("last_touch",)
) -> Iterator[Row]:
    """Rows of one window of an aggregate table, with the columns that name the window."""
    for variant in DAILY[table].variants({**VALUES, "model": models}):
        yield from aggregate_of(sandbox, table, start, end, variant)


def aggregate_of(sandbox: Sandbox, table: str, start: date, end: date, variant: Variant) -> Iterator[Row]:
    """Rows of one window of one variant of an aggregate table."""
    endpoint = DAILY[table]
    params = {"date_from": str(start), "date_to": str(end), **endpoint.params, **dict(variant)}
    context: Row = {"date": start, "profile_id": sandbox.settings.profile_id, **dict(variant)}
    for row in _rows(table, sandbox.answer(endpoint.path.strip("/"), params)):
        yield {**row, **context}


def series(sandbox: Sandbox, table: str, first: date, last: date, models: tuple[str, ...]) -> Iterator[Row]:
    """Rows of a series table over a range of at most 366 days."""
    for variant in DAILY[table].variants({**VALUES, "model": models}):
        yield from series_of(sandbox, table, first, last, variant)


def series_of(sandbox: Sandbox, table: str, first: date, last: date, variant: Variant) -> Iterator[Row]:
    """Rows of one variant of a series table."""
    endpoint = DAILY[table]
    params = {"date_from": str(first), "date_to": str(last), **endpoint.params}
    asked = {**params, **dict(variant), **_ids(sandbox, endpoint, params)}
    answer: Any = sandbox.answer(endpoint.path.strip("/"), asked)
    context = {"profile_id": sandbox.settings.profile_id, **dict(variant)}
    for row in answer:
        yield {**row, **context, "date": date.fromisoformat(row["date"])}


def comparable(rows: Any, names: set[str]) -> list[tuple[tuple[str, Any], ...]]:
    """Rows in an order of their own, reduced to some columns; absent ones are null, numbers are floats."""
    return sorted((tuple((name, _same(row.get(name))) for name in sorted(names)) for row in rows), key=repr)


def differing_tables(sandbox: Sandbox, first: date, last: date, tables: Sequence[str] = STORED) -> list[str]:
    """Names of tables that are not the truth between two days, for daily grain and last touch."""
    found = []
    for table in tables:
        truth = truth_of(sandbox, table, first, last)
        loaded = [row for row in rows_of(table) if first <= row["date"] <= last]
        names = {name for row in [*truth, *loaded] for name in row if name != "grain"}
        if comparable(truth, names) != comparable(loaded, names):
            found.append(table)
    return found


def _ids(sandbox: Sandbox, endpoint: Endpoint, span: dict[str, str]) -> dict[str, str]:
    """The ids that a call has to name, all of them at once."""
    if endpoint.for_each is None:
        return {}
    parent = ENDPOINTS[endpoint.for_each.endpoint]
    listed: Any = sandbox.answer(parent.path.strip("/"), {**span, **parent.params, **endpoint.for_each.where})
    (name,) = endpoint.for_each.params
    return {name: ",".join(row[endpoint.for_each.column] for row in listed)}


def _same(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _rows(table: str, answer: Any) -> list[Row]:
    if table == "overview":
        return [answer["current"]]
    if table == "attribution_coverage":
        return [] if answer is None else [_ledger(answer)]
    return [answer] if isinstance(answer, dict) else list(answer)


def _ledger(answer: Any) -> Row:
    row = {name: answer[name] for name in ("currency", "traceable_pct_by_count", "traceable_pct_by_value")}
    for bucket, content in {"total": answer["total"], **answer["buckets"]}.items():
        row |= {f"{bucket}_count": content["count"], f"{bucket}_value": content["value"]}
    return row
