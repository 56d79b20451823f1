"""What the report is made of: parts with sentences, charts and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.telling.charts import Spec

MOST: Final = 10
"""Bars of a chart, and lines of most tables; of more, the first ones are shown."""


@dataclass(frozen=True)
class Heading:
    """Heading of a column; `number` stands to the right."""

    name: str
    number: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart and what it shows."""

    title: str
    spec: Spec = field(repr=False)


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Part:
    """A part of the report."""

    title: str
    text: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def count(name: str) -> Heading:
    """Heading of a column of numbers."""
    return Heading(name, number=True)
