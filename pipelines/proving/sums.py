"""Sums of additive metrics, of an answer over a range and of what is loaded for its windows: pure arithmetic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint

CENT: Final = 0.01
"""The API rounds money to cents, once per answer."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Sums:
    """Sum of each additive metric per key, and how many rows went into it.

    Attributes:
        values: key -> metric -> sum.
        rows: rows behind the sums of each key; each may be rounded by half a cent.
    """

    values: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    rows: Mapping[Key, int] = field(default_factory=dict)

    def __add__(self, other: "Sums") -> "Sums":
        return self._with(other, 1)

    def __sub__(self, other: "Sums") -> "Sums":
        """Sums without those of another; the roundings of both remain."""
        return self._with(other, -1)

    def _with(self, other: "Sums", sign: int) -> "Sums":
        values: dict[Key, dict[str, float]] = {key: dict(metrics) for key, metrics in self.values.items()}
        rows = dict(self.rows)
        for key, metrics in other.values.items():
            mine = values.setdefault(key, {})
            for metric, value in metrics.items():
                mine[metric] = mine.get(metric, 0.0) + sign * value
            rows[key] = rows.get(key, 0) + other.rows[key]
        return Sums(values, rows)


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
    may be rounding, because the API rounds each answer for itself.

    Args:
        endpoint: says which metrics add up and which are counts.
        truth: sums that the API answered for the whole range.
        loaded: sums of the rows of its windows.
        ignored: metrics that have turned out not to add up on this server.
    """
    counts = {column.name for column in endpoint.columns if column.type is Type.BIGINT}
    difference = truth - loaded
    found = []
    for key, metrics in difference.values.items():
        for metric, size in metrics.items():
            if metric not in ignored and abs(size) >= CENT / 2:
                bound = 0.0 if metric in counts else CENT / 2 * (difference.rows[key] + 1)
                found.append(Gap(key, metric, size, rounding=abs(size) <= bound))
    return found
