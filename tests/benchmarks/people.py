"""Many customers, of whom a few change every day: units and seconds of the first load and of the daily sync.

Everything goes through the real engine into a real DuckDB file, against the naive way: all pages and all journeys again
each day, whose units are arithmetic. Afterwards every row is compared with the truth. The least is what one would pay
who reads pages only until one brings nothing new, and knows whose journey has changed; `missed` are the rows further
down whose figures have changed, which such a reader would not see.
"""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Truth:
    """What the API would answer on a day: its lists, newest row first, and everybody's journey."""

    lists: list[list[dict[str, Any]]]
    journeys: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, sandbox: Sandbox) -> "Truth":
        """Ask a sandbox for all of it."""
        today = sandbox.settings.today
        lists = [sandbox.truth_of_customers(goal, FIRST, today) for goal in GOALS]
        people = {str(row["customer_profile_id"]) for rows in lists for row in rows if row["customer_profile_id"]}
        visitors = sandbox.truth_of_visitors(FIRST, today)
        newest_first = [sorted(rows, key=_moment, reverse=True) for rows in (*lists, visitors)]
        return cls(newest_first, {one: sandbox.truth_of_journey(one) for one in people})

    def least(self, before: "Truth") -> tuple[int, int]:
        """Units of pages until one has no new row and of changed journeys; and how many rows changed further down."""
        pages = below = 0
        for rows, old in zip(self.lists, before.lists, strict=True):
            known = {_id(row): row for row in old}
            starts = range(0, len(rows), PAGE)
            read = (
                next((at for at in starts if all(_id(row) in known for row in rows[at : at + PAGE])), len(rows)) + PAGE
            )
            pages += read // PAGE
            below += sum(row != known.get(_id(row)) for row in rows[read:])
        journeys = sum(journey != before.journeys.get(one) for one, journey in self.journeys.items())
        return UNITS * (pages + journeys), below


def _moment(row: dict[str, Any]) -> str:
    return str(row.get("conversion_time") or row.get("last_seen_at"))


def _id(row: dict[str, Any]) -> str:
    return str(row.get("conversion_id") or row.get("visitor_id"))


def run(customers: int, reread_units: int) -> list[dict[str, Any]]:
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
            reread_units=reread_units,
        )
        truth: Truth | None = None
        for offset in range(DAYS + 1):
            settings.today = START + timedelta(offset)
            before, began = sandbox.units_spent, time.perf_counter()
            request = Request(dataset="atribu", resources=PERSONAL, today=Date.fromisoformat(str(settings.today)))
            outcome = sync(RunConfig(SOURCE, options, request))
            seconds = time.perf_counter() - began
            last, truth = truth, Truth.of(sandbox)
            least, below = truth.least(last) if last else (None, None)
            found.append(
                {
                    "run": f"day {offset}" if offset else "first load",
                    "units": sandbox.units_spent - before,
                    "naive": naive_units(sandbox),
                    "least": least,
                    "below": below,
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
        f"{'':14}{'units':>9}{'naive':>9}{'least':>9}{'ratio':>7}{'missed':>9}{'seconds':>9}{'journeys':>10}"
        "  tables that differ from the truth"
    )
    for row in rows:
        wrong = ", ".join(row["wrong"]) or "none"
        least, ratio = (f"{row['least']:,}", f"{row['units'] / row['least']:.2f}") if row["least"] else ("", "")
        below = "" if row["below"] is None else f"{row['below']:,}"
        print(
            f"{row['run']:14}{row['units']:>9,}{row['naive']:>9,}{least:>9}{ratio:>7}{below:>9}"
            f"{row['seconds']:>9.1f}{row['journeys']:>10,}  {wrong}"
        )


def main(customers: str = "10000", reread_units: str = "10000") -> None:
    """Measure and print; all pages are read every day if that costs no more than so many units."""
    table(run(int(customers), int(reread_units)))


if __name__ == "__main__":
    main(*sys.argv[1:])
