"""How the engine grows: rows per second, peak memory and seconds of a day, as what is loaded becomes more.

`python -m tests.benchmarks.growth load ROWS`, `daily ROWS`, `customers COUNT` or `ledger YEARS`: each prints one JSON
line. All but the last go through the real engine, from bytes that a server of its own process sends into a DuckDB file.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

HOME: Final = tempfile.TemporaryDirectory(prefix="elt-bench-")
os.environ["DLT_DATA_DIR"] = os.environ["XDG_CACHE_HOME"] = HOME.name
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import requests  # noqa: E402 - after the environment
from pendulum import Date  # noqa: E402 - as above

from pipelines.commands.sync import sync  # noqa: E402 - as above
from pipelines.planning.ledger import STATE_KEY, Ledger  # noqa: E402 - as above
from pipelines.planning.plan import plan  # noqa: E402 - as above
from pipelines.planning.policy import Policy  # noqa: E402 - as above
from pipelines.planning.request import Request  # noqa: E402 - as above
from pipelines.running.config import RunConfig  # noqa: E402 - as above
from sandbox.atribu import FULL_KEY  # noqa: E402 - as above
from sources.atatus.source import SOURCE as ATATUS  # noqa: E402 - as above
from sources.atribu.endpoints import ENDPOINTS  # noqa: E402 - as above
from sources.atribu.source import SOURCE as ATRIBU  # noqa: E402 - as above
from sources.rest.options.common import Restatement  # noqa: E402 - as above
from sources.rest.reading.tasks import tasks_of  # noqa: E402 - as above
from sources.rest.vendor.source import Source  # noqa: E402 - as above
from sources.rest.windows import Grain, Window  # noqa: E402 - as above

ROOT: Final = Path(__file__).parents[2]
TODAY: Final = Date(2026, 3, 31)
ROWS_A_CALL: Final = 5_000
SMALL_ROWS: Final = 500
SMALL_DAYS: Final = 20
SYNCS: Final = 7
LIMIT: Final = 1_000_000
"""Calls per second: the limit shall not be what is measured."""


@contextmanager
def served() -> Iterator[str]:
    """Serve what there is plenty of; give the address."""
    command = [sys.executable, "-m", "tests.benchmarks.plenty"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def synced(source: Source, url: str, today: Date, resources: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    """Sync as of a day; return seconds, those of the processor, and rows."""
    common: dict[str, Any] = {"api_key": FULL_KEY, "rate_limit": LIMIT, "rate_period": 1.0, "max_in_flight": 8}
    configured = source.configured(base_url=url, **common, **options)
    began, used = time.perf_counter(), time.process_time()
    outcome = sync(RunConfig(source, configured, Request(dataset="data", resources=resources, today=today)))
    found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
    if outcome.exit_code:
        raise RuntimeError(f"the sync has ended with {outcome.exit_code}: {outcome}")
    return {**found, "rows": outcome.rows.total()}


def at(url: str, today: Date) -> None:
    """Tell the server what day it is."""
    requests.get(f"{url}/today", params={"day": str(today)}, timeout=9).raise_for_status()


def peak_mb() -> float:
    """Most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load(rows: str) -> dict[str, Any]:
    """Load so many rows, of at most 400 days of each project."""
    with served() as url:
        at(url, TODAY)
        before = peak_mb()
        found = _loaded(url, int(rows))
    return {**found, "peak_mb": peak_mb(), "before_mb": before}


def _loaded(url: str, rows: int) -> dict[str, Any]:
    calls = rows // ROWS_A_CALL
    projects = max(1, calls // 400)
    days = calls // projects
    first = TODAY.subtract(days=days - 1)
    named = tuple(f"{ROWS_A_CALL}-{number}" for number in range(projects))
    return synced(ATATUS, url, TODAY, projects=named, start_date=str(first))


def daily(rows: str) -> dict[str, Any]:
    """Sync a project of 10,000 rows day after day, in which 500 rows change and 500 come, beside so many others."""
    first = TODAY.subtract(days=SMALL_DAYS - 1)
    options: dict[str, Any] = {"projects": (f"{SMALL_ROWS}-1",), "start_date": str(first)}
    with served() as url:
        at(url, TODAY)
        loaded = _loaded(url, int(rows)) if int(rows) else {}
        loaded["peak_mb"] = peak_mb()
        synced(ATATUS, url, TODAY, **options)
        days = []
        for offset in range(1, SYNCS + 1):
            at(url, TODAY.add(days=offset))
            days.append(synced(ATATUS, url, TODAY.add(days=offset), **options))
    found = {name: median(day[name] for day in days[1:]) for name in days[0]}
    return {**found, "peak_mb": peak_mb(), "first load of the others": loaded}


def customers(count: str) -> dict[str, Any]:
    """Load so many customers."""
    with served() as url:
        at(url, TODAY)
        options: dict[str, Any] = {"include_pii": True, "pii_policy": "keep", "goals": ("payment_received",)}
        first = str(TODAY.subtract(days=89))
        found = synced(ATRIBU, f"{url}/{count}", TODAY, ("customers",), start_date=first, **options)
    return {**found, "peak_mb": peak_mb()}


def ledger(years: str) -> dict[str, Any]:
    """Write and read the ledger of so many years of every default resource, and plan a sync with it."""
    days = Window(TODAY.subtract(days=365 * int(years)), TODAY)
    values = {"model": ("last_touch",), "level": ("campaign", "ad_set", "ad"), "goal": ("payment_received",)}
    rows = [row for row in ENDPOINTS.values() if row.default and not row.pii]
    known = Ledger()
    for task in (one for row in rows for one in tasks_of(row, days, values, Grain.DAY, TODAY)):
        known.add(task, Grain.DAY, TODAY)
    policy = Policy(
        today=TODAY, horizon_days=90, restatement=Restatement.EXACT, grain=Grain.DAY, values=values, keeps_start=True
    )
    state = json.dumps(known.to_state())
    return {
        "bytes": len(state),
        "write": _seconds(lambda: json.dumps(known.to_state())),
        "read": _seconds(lambda: Ledger.from_state({STATE_KEY: json.loads(state)})),
        "plan": _seconds(lambda: plan(rows, days, policy, known)),
    }


def _seconds(call: Callable[[], object]) -> float:
    """Fewest seconds of the processor that a call took."""
    found = []
    for _ in range(5):
        used = time.process_time()
        call()
        found.append(time.process_time() - used)
    return min(found)


MODES: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "load": load,
    "daily": daily,
    "customers": customers,
    "ledger": ledger,
}


def main(mode: str, *arguments: str) -> None:
    """Print one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        print(json.dumps(MODES[mode](*arguments)))
        os.chdir("/")


if __name__ == "__main__":
    main(*sys.argv[1:])
