"""A first load beside dlt's own `rest_api` source, on the same server under each way it may count.

`python -m tests.benchmarks.peer ALGORITHM`, one of those of the sandbox. Both load the same aggregates day by day into
DuckDB, each in a process of its own; the peer is set up as its documentation has it: one resource per endpoint, which
depends on one of days, read in parallel.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, cast

import dlt
import duckdb
from dlt.sources.rest_api import rest_api_source

from sandbox.atribu import FULL_KEY, Settings, create_app, running
from sandbox.atribu.state import Sandbox
from sandbox.server.limiter import Algorithm
from sources.atribu.endpoints import ENDPOINTS
from tests.integration.truth import aggregate, days
from tests.processes import SMALL, Machine

ROOT: Final = Path(__file__).parents[2]
DAYS: Final = 30
TODAY: Final = date(2026, 3, 31)
FIRST: Final = TODAY - timedelta(DAYS - 1)
LIMIT: Final = 60
PERIOD: Final = 6.0
LATENCY: Final = 0.2
TABLES: Final = ("channels", "pages", "countries", "devices", "browsers", "os", "referrers", "keywords")


def load_with_dlt(url: str) -> None:
    """Load everything with `rest_api` into the working folder."""
    every_day = dlt.resource([[{"day": str(day)} for day in days(FIRST, TODAY)]], name="days")
    asked = {"date_from": "{resources.days.day}", "date_to": "{resources.days.day}"}
    config: Any = {
        "client": {"base_url": url, "auth": {"type": "bearer", "token": FULL_KEY}},
        "resources": [
            every_day,
            *(
                {
                    "name": name,
                    "endpoint": {
                        "path": ENDPOINTS[name].path.strip("/"),
                        "params": {**asked, **ENDPOINTS[name].params},
                        "data_selector": "data",
                        "paginator": "single_page",
                    },
                    "include_from_parent": ["day"],
                    "parallelized": True,
                }
                for name in TABLES
            ),
        ],
    }
    pipeline = dlt.pipeline("peer", destination=dlt.destinations.duckdb("local.duckdb"), dataset_name="atribu")
    pipeline.run(rest_api_source(config))


def measured(sandbox: Sandbox, url: str, command: list[str], folder: Path) -> dict[str, Any]:
    """Run a load in its own folder; return what it took and what came of it."""
    folder.mkdir()
    machine = Machine(folder, url, limit=LIMIT, period=PERIOD)
    environment = machine.all_variables() | {"PYTHONPATH": str(ROOT), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    calls, before, used = len(sandbox.log), sandbox.units_spent, resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603 - our own
    wall, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    with duckdb.connect(str(folder / "local.duckdb"), read_only=True) as connection:
        counted = [connection.execute(f"SELECT count(*) FROM atribu.{table}").fetchone() for table in TABLES]  # noqa: S608 - our own names
    true = [sum(1 for day in days(FIRST, TODAY) for _ in aggregate(sandbox, table, day, day)) for table in TABLES]
    return {
        "wall": wall,
        "cpu": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
        "units": sandbox.units_spent - before,
        "refused": sum(call.status == 429 for call in list(sandbox.log)[calls:]),
        "rows_missing": sum(
            here - count for here, (count,) in zip(true, cast("list[tuple[int]]", counted), strict=True)
        ),
    }


def loads(url: str) -> Iterator[tuple[str, list[str]]]:
    """Each way to load, as a command."""
    ours = ["pipelines.cli", "sync", "atribu", "--resources", ",".join(TABLES)]
    yield "this project", [sys.executable, "-m", *ours, "--since", str(FIRST), "--today", str(TODAY)]
    yield "dlt rest_api", [sys.executable, "-m", "tests.benchmarks.peer", "load", url]


def main(algorithm: Algorithm) -> None:
    """Print one JSON line."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("this project", "dlt rest_api"):  # each with a limit that nothing was spent of
            settings = Settings(
                first_day=date(2025, 12, 1), today=TODAY, size=SMALL, limit=LIMIT, period=PERIOD, latency=LATENCY
            )
            settings.algorithm = algorithm
            app = create_app(settings)
            with running(app) as url:
                command = dict(loads(url))[name]
                found[name] = measured(app.state.sandbox, url, command, Path(temporary, name.split()[0]))
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1] == "load":
        load_with_dlt(sys.argv[2])
    else:
        main(cast("Algorithm", sys.argv[1]))
