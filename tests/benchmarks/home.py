"""What the series of accidents share: one world, an undisturbed sync of it, and what differs from that."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from sandbox.atribu.state import Sandbox
from tests.privacy.people import GOALS, SECRET, SMALL
from tests.processes import Tables, served
from tests.warehouses import Warehouse, duckdb_file, postgres_databases

FIRST: Final = date(2026, 3, 1)
TODAY: Final = date(2026, 3, 12)
RESOURCES: Final = ("--resources", "revenue,channels,customers,visitors,journeys")
OPTIONS: Final[dict[str, Any]] = {
    "START_DATE": FIRST,
    "HORIZON_DAYS": 14,
    "GOALS": ",".join(GOALS),
    "PII_SECRET": SECRET,
    "PII_POLICY": "keep",
    "INCLUDE_PII": "true",
}
"""Of every machine: people are loaded as they are, so that each can be looked for."""

Make = Callable[[str], Warehouse]


@contextmanager
def world() -> Iterator[tuple[Sandbox, str]]:
    """Serve a small world of people; give it and its address."""
    with served(first_day=FIRST, today=TODAY, size=SMALL) as both:
        yield both


@contextmanager
def warehouses(kind: str, folder: Path) -> Iterator[Make]:
    """Give what makes an empty destination of a name: a DuckDB file, or a database of PostgreSQL."""
    folder.mkdir()
    if kind == "duckdb":
        yield lambda name: duckdb_file(folder / f"{name}.duckdb")
    else:
        with postgres_databases(folder / "postgres") as make:
            yield make


def people(sandbox: Sandbox, last: date = TODAY) -> list[str]:
    """Ids of everybody with conversions and browsers up to a day."""
    listed = {row["customer_profile_id"] for goal in GOALS for row in sandbox.truth_of_customers(goal, FIRST, last)}
    visited = {row["customer_profile_id"] for row in sandbox.truth_of_visitors(FIRST, last)}
    return sorted(str(one) for one in listed & visited if one)


def differing(here: Tables, there: Tables) -> int:
    """Rows that only one side has, doubled ones included."""
    return len(more(here, there)) + len(more(there, here))


def more(here: Tables, there: Tables) -> list[str]:
    """Rows of the first that the second has not, or not so often."""
    found = []
    for name, rows in here.items():
        others = list(there.get(name, []))
        for row in rows:
            if row in others:
                others.remove(row)
            else:
                found.append(f"{name}: {row}")
    return found


def dice(*numbers: int) -> random.Random:
    """Chance that is the same for the same numbers."""
    return random.Random(hash(numbers))  # noqa: S311 - no secret
