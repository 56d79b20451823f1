"""Where the sums of an answer over a range differ from those of what is loaded for its windows: pure arithmetic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines.storing.sums import Key, Sums
from sources.rest.catalogue.columns import DELETED
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer

CENT: Final = 0.01
"""The API rounds money to cents, once per answer."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A metric of a key whose sums differ; `rounding` tells whether rounding alone can explain it."""

    key: Key
    metric: str
    size: float
    rounding: bool


def sums_of(endpoint: Endpoint, rows: Iterable[Mapping[str, Any]]) -> Sums:
    """Sum the rows of an answer per key."""
    total = Sums()
    values: dict[Key, dict[str, float]] = {}
    counted: dict[Key, int] = {}
    for row in rows:
        key = tuple(row.get(name) for name in endpoint.sum_by)
        mine = values.setdefault(key, {})
        for metric in endpoint.additive:
            mine[metric] = mine.get(metric, 0.0) + (row.get(metric) or 0)
        counted[key] = counted.get(key, 0) + 1
    return total + Sums(values, counted)


def gaps(endpoint: Endpoint, truth: Sums, loaded: Sums, ignored: frozenset[str] = frozenset()) -> list[Gap]:
    """Where two sums over the same days differ.

    Counts must agree exactly. Money agrees when it is the same in cents; a difference of less than half a cent per row
    may be rounding, because the API rounds each answer for itself. So may a fraction between counts.

    Args:
        endpoint: says which metrics add up and which are counts.
        truth: sums that the API answered for the whole range.
        loaded: sums of the rows of its windows.
        ignored: metrics that have turned out not to add up on this server.
    """
    counts = {column.name for column in endpoint.columns if column.counts}
    difference = truth - loaded
    found = []
    for key, metrics in difference.values.items():
        for metric, size in metrics.items():
            if metric not in ignored and abs(size) >= CENT / 2:
                exact = metric in counts and abs(size - round(size)) < CENT / 2
                bound = 0.0 if exact else CENT / 2 * (difference.rows[key] + 1)
                found.append(Gap(key, metric, size, rounding=abs(size) <= bound))
    return found


def rows_of(answer: Answer) -> list[dict[str, object]]:
    """Rows of an answer's own table and of its totals, without those that only clear."""
    tables = [answer.tables[name] for name in answer.task.endpoint.reconciled_tables]
    return [row for table in tables for row in table.to_pylist() if not row[DELETED]]
