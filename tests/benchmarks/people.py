"""Many customers, of whom a few change every day: units and seconds of the first load and of the daily sync.

Everything goes through the real engine into a real DuckDB file, against the naive way: all pages and all journeys again
each day, whose units are arithmetic. Afterwards every row is compared with the truth.
"""

import os
import sys
import tempfile
import time
from datetime import date, timedelta
from math import ceil
from typing import Any, Final

HOME: Final = tempfile.TemporaryDirectory(prefix="elt-bench-")
os.environ["DLT_DATA_DIR"] = os.environ["XDG_CACHE_HOME"] = HOME.name

from pendulum import Date  # noqa: E402 - after the environment

from pipelines.commands.sync import sync  # noqa: E402 - as above
from pipelines.planning.request import Request  # noqa: E402 - as above
from pipelines.running.config import RunConfig  # noqa: E402 - as above
from sandbox.atribu import FULL_KEY, Population, Settings, create_app, running  # noqa: E402 - as above
from sandbox.atribu.state import Sandbox  # noqa: E402 - as above
from sources.atribu.source import SOURCE  # noqa: E402 - as above
from tests.privacy.people import GOALS, PERSONAL, SMALL, differing  # noqa: E402 - as above

START: Final = date(2026, 3, 31)
FIRST: Final = START - timedelta(89)
PAGE: Final = 100
UNITS: Final = 3
DAYS: Final = 2
"""Daily syncs after the first load."""


def naive_units(sandbox: Sandbox) -> int:
    """What reading every page and every journey costs."""
    today = sandbox.settings.today
    lists = [sandbox.truth_of_customers(goal, FIRST, today) for goal in GOALS]
    people = {row["customer_profile_id"] for rows in lists for row in rows} - {None}
    pages = sum(ceil(len(rows) / PAGE) for rows in (*lists, sandbox.truth_of_visitors(FIRST, today)))
    return UNITS * (pages + len(people))


def run(customers: int) -> list[dict[str, Any]]:
    """Load everybody, then sync day after day, and compare."""
    settings = Settings(
        first_day=START - timedelta(100),
        today=START,
        size=SMALL,
        population=Population(customers=customers, goal=GOALS[1], change=0.01),
        limit=1_000_000,
        period=1.0,
    )
    app = create_app(settings)
    sandbox: Sandbox = app.state.sandbox
    found = []
    with running(app) as base_url, tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        options = SOURCE.configured(
            base_url=base_url,
            api_key=FULL_KEY,
            rate_limit=settings.limit,
            rate_period=settings.period,
            start_date=str(FIRST),
            goals=GOALS,
            include_pii=True,
            pii_policy="keep",
            reread_units=10_000,
        )
        for offset in range(DAYS + 1):
            settings.today = START + timedelta(offset)
            before, began = sandbox.units_spent, time.perf_counter()
            request = Request(dataset="atribu", resources=PERSONAL, today=Date.fromisoformat(str(settings.today)))
            outcome = sync(RunConfig(SOURCE, options, request))
            seconds = time.perf_counter() - began
            found.append(
                {
                    "run": f"day {offset}" if offset else "first load",
                    "units": sandbox.units_spent - before,
                    "naive": naive_units(sandbox),
                    "seconds": seconds,
                    "journeys": outcome.windows["journeys"],
                    "exit_code": outcome.exit_code,
                    "wrong": differing(sandbox, FIRST),
                }
            )
        os.chdir("/")
    return found


def table(rows: list[dict[str, Any]]) -> None:
    """Print what was measured."""
    print(
        f"{'':14}{'units':>9}{'naive':>9}{'less':>7}{'seconds':>9}{'journeys':>10}  tables that differ from the truth"
    )
    for row in rows:
        wrong = ", ".join(row["wrong"]) or "none"
        print(
            f"{row['run']:14}{row['units']:>9,}{row['naive']:>9,}{1 - row['units'] / row['naive']:>7.0%}"
            f"{row['seconds']:>9.1f}{row['journeys']:>10,}  {wrong}"
        )


def main(customers: str = "10000") -> None:
    """Measure and print."""
    table(run(int(customers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
