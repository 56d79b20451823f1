"""Sums and rankings; figures are named tuples of whole numbers, so that sums are exact."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")
Figures = TypeVar("Figures", bound=NamedTuple)


def add_up(pairs: Iterable[tuple[Key, Figures]]) -> dict[Key, Figures]:
    """Add figures up by key."""
    groups: defaultdict[Key, list[Figures]] = defaultdict(list)
    for key, figures in pairs:
        groups[key].append(figures)
    return {key: group[0] if len(group) == 1 else total(group[1:], group[0]) for key, group in groups.items()}


def total(figures: Iterable[Figures], first: Figures) -> Figures:
    """Add figures up, beginning with `first`."""
    return first._make(map(sum, zip(first, *figures, strict=True)))


def ranked(sums: Mapping[Key, Figures], *names: str) -> list[tuple[Key, Figures]]:
    """Sort sums by the figures of these names, largest first, then by key."""
    return sorted(sums.items(), key=lambda item: (*(-getattr(item[1], name) for name in names), item[0]))
