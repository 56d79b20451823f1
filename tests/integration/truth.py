"""What the tables must hold, taken from the sandbox's own answers and written from the contract, not from our code."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sandbox.atribu.state import Sandbox
from tests.integration.conftest import rows_of

Row = dict[str, Any]

BREAKDOWNS = ("channels", "pages", "countries", "devices", "browsers", "os", "referrers")
AGGREGATES = {
    **{name: name for name in BREAKDOWNS},
    "keywords": "keywords",
    "quality": "quality",
    "overview": "overview",
    "attribution_coverage": "attribution-coverage",
    "campaigns": "campaigns",
    "revenue_cash": "revenue/cash",
    "conversions": "conversions",
}
SERIES = {"timeseries": "timeseries", "revenue": "revenue", "conversions_timeseries": "conversions/timeseries"}
CAPPED = {*BREAKDOWNS, "keywords", "campaigns"}
WITH_MODEL = {"overview", "attribution_coverage", "campaigns", "revenue"}
LEVELS = ("campaign", "ad_set", "ad")
STORED = sorted({*AGGREGATES, *SERIES} - {"conversions"})
"""Tables with days that a sync loads by default."""


def days(first: date, last: date) -> Iterator[date]:
    """Every day of a range."""
    return (first + timedelta(offset) for offset in range((last - first).days + 1))


def aggregate(sandbox: Sandbox, table: str, start: date, end: date, models: tuple[str, ...]) -> Iterator[Row]:
    """Rows of one window of an aggregate table, with the columns that name the window."""
    for model in models if table in WITH_MODEL else (None,):
        for level in LEVELS if table == "campaigns" else (None,):
            params = {"date_from": str(start), "date_to": str(end)}
            params |= {"limit": "100"} if table in CAPPED else {}
            context: Row = {"date": start, "profile_id": sandbox.settings.profile_id}
            for name, value in (("model", model), ("level", level)):
                if value is not None:
                    params[name] = context[name] = value
            for row in _rows(table, sandbox.answer(AGGREGATES[table], params)):
                yield {**row, **context}


def series(sandbox: Sandbox, table: str, first: date, last: date, models: tuple[str, ...]) -> Iterator[Row]:
    """Rows of a series table over a range of at most 366 days."""
    for model in models if table in WITH_MODEL else (None,):
        params = {"date_from": str(first), "date_to": str(last)} | ({"model": model} if model else {})
        answer: Any = sandbox.answer(SERIES[table], params)
        for row in answer:
            context = {"profile_id": sandbox.settings.profile_id} | ({"model": model} if model else {})
            yield {**row, **context, "date": date.fromisoformat(row["date"])}


def comparable(rows: Any, names: set[str]) -> list[tuple[tuple[str, Any], ...]]:
    """Rows in an order of their own, reduced to some columns; absent ones are null, numbers are floats."""
    return sorted((tuple((name, _same(row.get(name))) for name in sorted(names)) for row in rows), key=repr)


def differing_tables(sandbox: Sandbox, first: date, last: date, tables: Sequence[str] = STORED) -> list[str]:
    """Names of tables that are not the truth between two days, for daily grain and last touch."""
    found = []
    for table in tables:
        if table in SERIES:
            truth = list(series(sandbox, table, first, last, ("last_touch",)))
        else:
            truth = [row for day in days(first, last) for row in aggregate(sandbox, table, day, day, ("last_touch",))]
        loaded = [row for row in rows_of(table) if first <= row["date"] <= last]
        names = {name for row in [*truth, *loaded] for name in row if name != "grain"}
        if comparable(truth, names) != comparable(loaded, names):
            found.append(table)
    return found


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
