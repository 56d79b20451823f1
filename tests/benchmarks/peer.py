"""A first load beside dlt's own `rest_api` source, on the same server under each way it may count.

`python -m tests.benchmarks.peer ALGORITHM [PERIOD]`: one of those of the sandbox, which gives 60 units in so many
seconds. Both load the same aggregates day by day into DuckDB, and customers (by goal) and visitors in one list each;
each in a process of its own. The peer is set up as its documentation has it: one resource per endpoint, which depends
on one of days, read in parallel, and a paginator for the lists.
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
from typing import Any, Final, cast, get_args

import dlt
import duckdb
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source
from requests import Request, Response

from sandbox.atribu import FULL_KEY, Settings, create_app, running
from sandbox.atribu.facts.events import GOALS
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
PERIOD: Final = 60.0
LATENCY: Final = 0.2
PEOPLE: Final = ("customers", "visitors")
PAGE: Final = 100
TABLES: Final = ("channels", "pages", "countries", "devices", "browsers", "os", "referrers", "keywords")


class ByLastRow(BasePaginator):
    """Asks for what comes after the last row of a page, as the vendor's documentation has it.

    Args:
        moment: field of the row for `cursor_time`.
        key: the same for `cursor_id`.
    """

    def __init__(self, moment: str, key: str) -> None:
        super().__init__()
        self._fields = {"cursor_time": moment, "cursor_id": key}
        self._next: dict[str, Any] = {}

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Note where the page has ended."""
        self._has_next_page = response.json()["pagination"]["has_next"]
        if self._has_next_page and data:
            self._next = {param: data[-1][name] for param, name in self._fields.items()}

    def update_request(self, request: Request) -> None:
        """Ask for the next page."""
        request.params = {**(request.params or {}), **self._next}


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
            {"name": "goals", "endpoint": {"path": "goals", "data_selector": "data", "paginator": "single_page"}},
            a_list("customers", ByLastRow("conversion_time", "conversion_id"), goal="{resources.goals.conversion_key}"),
            a_list("visitors", ByLastRow("last_seen_at", "visitor_id")),
        ],
    }
    pipeline = dlt.pipeline("peer", destination=dlt.destinations.duckdb("local.duckdb"), dataset_name="atribu")
    pipeline.run(rest_api_source(config))


def a_list(name: str, paginator: BasePaginator, **params: str) -> dict[str, Any]:
    """Configure a list that comes in pages."""
    span = {"date_from": str(FIRST), "date_to": str(TODAY), "limit": PAGE}
    endpoint = {
        "path": ENDPOINTS[name].path.strip("/"),
        "params": {**span, **params},
        "data_selector": "data",
        "paginator": paginator,
    }
    return {"name": name, "endpoint": endpoint, "parallelized": True}


def measured(sandbox: Sandbox, url: str, command: list[str], folder: Path, period: float) -> dict[str, Any]:
    """Run a load in its own folder; return what it took and what came of it."""
    folder.mkdir()
    machine = Machine(folder, url, limit=LIMIT, period=period)
    environment = machine.all_variables() | {"PYTHONPATH": str(ROOT), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    calls, before, used = len(sandbox.log), sandbox.units_spent, resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    wall, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {
        "wall": wall,
        "cpu": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
        "units": sandbox.units_spent - before,
        "refused": sum(call.status == 429 for call in list(sandbox.log)[calls:]),
    }
    if done.returncode:
        return {**spent, "rows_missing": "all", "failed": done.stderr.splitlines()[-1]}
    with duckdb.connect(str(folder / "local.duckdb"), read_only=True) as connection:
        places = dict(
            connection.execute(
                "SELECT table_name, table_schema FROM information_schema.tables WHERE table_schema NOT LIKE '%staging'"
            ).fetchall()
        )
        counted = [
            connection.execute(f"SELECT count(*) FROM {places[table]}.{table}").fetchone()  # noqa: S608 - our own names
            for table in (*TABLES, *PEOPLE)
        ]
    true = [sum(1 for day in days(FIRST, TODAY) for _ in aggregate(sandbox, table, day, day)) for table in TABLES]
    true += [sum(len(sandbox.truth_of_customers(goal, FIRST, TODAY)) for goal in GOALS)]
    true += [len(sandbox.truth_of_visitors(FIRST, TODAY))]
    return {
        **spent,
        "rows_missing": sum(
            here - count for here, (count,) in zip(true, cast("list[tuple[int]]", counted), strict=True)
        ),
    }


def loads(url: str) -> Iterator[tuple[str, list[str]]]:
    """Each way to load, as a command."""
    ours = ["pipelines.cli", "sync", "atribu", "--include-pii", "--resources", ",".join((*TABLES, *PEOPLE))]
    yield "this project", [sys.executable, "-m", *ours, "--since", str(FIRST), "--today", str(TODAY)]
    yield "dlt rest_api", [sys.executable, "-m", "tests.benchmarks.peer", "load", url]


def main(algorithm: Algorithm, period: float = PERIOD) -> None:
    """Print one JSON line."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("this project", "dlt rest_api"):  # each with a limit that nothing was spent of
            settings = Settings(
                first_day=date(2025, 12, 1), today=TODAY, size=SMALL, limit=LIMIT, period=period, latency=LATENCY
            )
            settings.algorithm = algorithm
            app = create_app(settings)
            with running(app) as url:
                command = dict(loads(url))[name]
                found[name] = measured(app.state.sandbox, url, command, Path(temporary, name.split()[0]), period)
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1] == "load":
        load_with_dlt(sys.argv[2])
    else:
        assert sys.argv[1] in get_args(Algorithm), get_args(Algorithm)
        main(cast("Algorithm", sys.argv[1]), *map(float, sys.argv[2:]))
