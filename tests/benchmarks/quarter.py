"""A quarter of daily syncs while the world restates itself: units spent, and rows that differ from the truth.

`python -m tests.benchmarks.quarter PROFILE DAYS [TOLERANCE]`; with a tolerance, `share` is the largest one by which the
sum of any value over the horizon was out.

The exact policy is run day by day through the real engine and a real DuckDB file. What re-reading 90 or 30 days would
cost is arithmetic; what it would get wrong is counted on the same worlds: days older than the re-read that changed.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

HOME: Final = tempfile.TemporaryDirectory(prefix="elt-bench-")
os.environ["DLT_DATA_DIR"] = os.environ["XDG_CACHE_HOME"] = HOME.name

from pendulum import Date  # noqa: E402 - as above

from pipelines.commands.sync import sync  # noqa: E402 - as above
from pipelines.planning.request import Request  # noqa: E402 - as above
from pipelines.running.config import RunConfig  # noqa: E402 - as above
from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running  # noqa: E402 - as above
from sandbox.atribu.state import Sandbox  # noqa: E402 - as above
from sources.atribu.endpoints import ENDPOINTS  # noqa: E402 - as above
from sources.atribu.source import SOURCE  # noqa: E402 - as above
from sources.rest.catalogue.endpoints import Endpoint  # noqa: E402 - as above
from tests.integration.conftest import rows_of  # noqa: E402 - after the environment
from tests.integration.truth import CALLS_A_SYNC, CALLS_A_WINDOW, STORED, comparable, truth_of  # noqa: E402 - as above

PROFILES: Final = {"quiet": 2, "middling": 12, "busy": 60}
"""Conversions a day."""

START: Final = date(2026, 3, 1)
HORIZON: Final = 90
"""Calls that one day of the default aggregates costs."""

Rows = dict[str, set[str]]


def differing(sandbox: Sandbox, first: date, last: date) -> tuple[int, int]:
    """Rows that differ between DuckDB and the truth, and rows compared."""
    wrong = compared = 0
    for table in STORED:
        truth = truth_of(sandbox, table, first, last)
        loaded = [row for row in rows_of(table) if first <= row["date"] <= last]
        names = {name for row in [*truth, *loaded] for name in row if name != "grain"}
        there, here = (set(map(repr, comparable(rows, names))) for rows in (truth, loaded))
        wrong += len(there ^ here)
        compared += len(here)
    return wrong, compared


def worst_share(sandbox: Sandbox, first: date, last: date) -> float:
    """Largest share by which the sum of a value over some days is out, beyond what rounding can explain."""
    worst = 0.0
    for table in STORED:
        endpoint = ENDPOINTS[table]
        loaded = [row for row in rows_of(table) if first <= row["date"] <= last]
        here, there = (_sums(endpoint, rows) for rows in (loaded, truth_of(sandbox, table, first, last)))
        for cell in here.keys() | there.keys():
            (mine, rows), (true, more) = here.get(cell, (0.0, 0)), there.get(cell, (0.0, 0))
            gap = abs(mine - true) - 0.005 * (rows + more)
            if gap > 0:
                worst = max(worst, gap / abs(true) if true else float("inf"))
    return worst


def _sums(endpoint: Endpoint, rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], tuple[float, int]]:
    sums: dict[tuple[Any, ...], tuple[float, int]] = {}
    keys = [
        *(column.name for column in endpoint.variant_columns),
        *(name for name in endpoint.sum_by if name != "date"),
    ]
    for row in rows:
        for metric in endpoint.additive:
            cell = (*(row.get(name) for name in keys), metric)
            total, count = sums.get(cell, (0.0, 0))
            sums[cell] = (total + (row.get(metric) or 0), count + 1)
    return sums


def fixed_mistakes(seen: list[Rows], reread: int) -> list[int]:
    """Rows that a daily re-read of so many days leaves wrong inside the horizon, day after day."""
    kept: Rows = {}
    wrong = []
    for offset, now in enumerate(seen):
        today = START + timedelta(offset)
        oldest = str(today - timedelta(reread))
        kept = {day: rows for day, rows in now.items() if day >= oldest or day not in kept} | {
            day: rows for day, rows in kept.items() if day < oldest
        }
        inside = [day for day in now if day >= str(today - timedelta(HORIZON))]
        wrong.append(sum(len(now[day] ^ kept[day]) for day in inside))
    return wrong


def run(profile: str, length: int, tolerance: float) -> dict[str, Any]:
    """Sync every day and compare."""
    settings = Settings(
        first_day=date(2025, 9, 1),
        size=Size(conversions_per_day=PROFILES[profile]),
        levels="own_ids",
        limit=100_000,
        period=1.0,
    )
    app = create_app(settings)
    sandbox: Sandbox = app.state.sandbox
    units, wrong, compared, seen, shares = [], [], 0, [], [0.0]
    with running(app) as base_url, tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        first = START - timedelta(HORIZON + 5)
        options = SOURCE.configured(
            base_url=base_url,
            api_key=FULL_KEY,
            rate_limit=100_000,
            rate_period=1.0,
            start_date=str(first),
            tolerance=tolerance,
        )
        for offset in range(length):
            settings.today = START + timedelta(offset)
            before = sandbox.units_spent
            sync(RunConfig(SOURCE, options, Request(dataset="atribu", today=Date.fromisoformat(str(settings.today)))))
            units.append(sandbox.units_spent - before)
            mistakes, rows = differing(sandbox, settings.today - timedelta(HORIZON), settings.today)
            wrong.append(mistakes)
            if tolerance:
                # what was checked yesterday is looked at from a horizon before that
                begin, end = settings.today - timedelta(HORIZON + 1), settings.today - timedelta(1)
                shares.append(worst_share(sandbox, begin, end))
            compared += rows
            seen.append(_snapshot(lambda table: truth_of(sandbox, table, first, settings.today)))
        os.chdir("/")
    daily = units[1:]
    return {
        "profile": profile,
        "days": length,
        "compared": compared,
        "exact": {"units": sum(daily) / len(daily), "most": max(daily), "wrong": sum(wrong), "share": max(shares)},
        "90 days": {
            "units": CALLS_A_SYNC + CALLS_A_WINDOW * (HORIZON + 1),
            "wrong": sum(fixed_mistakes(seen, HORIZON)),
        },
        "30 days": {"units": CALLS_A_SYNC + CALLS_A_WINDOW * 31, "wrong": sum(fixed_mistakes(seen, 30))},
    }


def _snapshot(truth: Callable[[str], list[dict[str, Any]]]) -> Rows:
    found: Rows = {}
    for table in STORED:
        rows = truth(table)
        names = {name for row in rows for name in row}
        for row, cells in zip(rows, (comparable([row], names)[0] for row in rows), strict=True):
            found.setdefault(str(row["date"]), set()).add(f"{table} {cells}")
    return found


def main(profile: str, length: str, tolerance: str = "0") -> None:
    """Print one JSON line."""
    print(json.dumps(run(profile, int(length), float(tolerance))))


if __name__ == "__main__":
    main(*sys.argv[1:])
