"""Sums of additive metrics per key: they can be added and subtracted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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

    @classmethod
    def total(cls, parts: "Iterable[Sums]") -> "Sums":
        """Add up many sums."""
        values: dict[Key, dict[str, float]] = {}
        rows: dict[Key, int] = {}
        for part in parts:
            for key, metrics in part.values.items():
                mine = values.setdefault(key, {})
                for metric, value in metrics.items():
                    mine[metric] = mine.get(metric, 0.0) + value
                rows[key] = rows.get(key, 0) + part.rows[key]
        return cls(values, rows)

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
