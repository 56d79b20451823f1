"""What dlt reaches through SQLAlchemy is loaded, proved, mended and forgotten like the others: SQLite and MariaDB."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests.integration.truth import comparable, truth_of
from tests.processes import Machine, killed, served
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse, mariadb_databases, sqlite_file

pytestmark = [
    pytest.mark.untraced,
    pytest.mark.filterwarnings("ignore:implicitly coercing SELECT"),  # that of dlt's SQLAlchemy destination
]

FIRST = date(2026, 3, 8)
TABLES = ("channels", "overview", "revenue", "campaigns")
CHOSEN = ("--resources", ",".join(TABLES))
PEOPLE = ("--resources", "customers,visitors,journeys")
OPTIONS: dict[str, object] = {
    "RESTATEMENT": "exact",
    "START_DATE": str(FIRST),
    "HORIZON_DAYS": 14,
    "GOALS": "lead_created",
    "PII_SECRET": "a secret of thirty-two characters",
}


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Run a MariaDB server."""
    with mariadb_databases(tmp_path_factory.mktemp("mariadb") / "server") as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """An empty destination of each kind."""
    if request.param == "sqlite":
        return sqlite_file(tmp_path / "lite.db")
    found: Warehouse = request.getfixturevalue("mariadb")
    for name in ("atribu", "atribu_pii"):
        found.ask(f"DROP DATABASE IF EXISTS {name}")
    return found


def run(machine: Machine, command: str, *arguments: str) -> None:
    """Run a command that has to end well."""
    end = machine.run_here(command, "atribu", *arguments, *TO_THE_WAREHOUSE)
    assert end.code == 0, end


def differing(warehouse: Warehouse, sandbox: Sandbox, last: date) -> list[str]:
    """Tables whose cells are not the truth."""
    found = []
    for table in TABLES:
        truth = truth_of(sandbox, table, FIRST, last)
        names = sorted({name for row in truth for name in row})
        columns = ", ".join(f'"{name}"' for name in names)
        stored = warehouse.ask(f"SELECT {columns} FROM atribu.{table}")  # noqa: S608 - names of the sandbox
        loaded = [_typed(dict(zip(names, row, strict=True))) for row in stored]
        if comparable(loaded, set(names)) != comparable(map(_typed, truth), set(names)):
            found.append(table)
    return found


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it would be if SQLite had days, and both had truth."""
    days = {"date": date.fromisoformat(str(row["date"]))} if "date" in row else {}
    return {name: float(value) if isinstance(value, bool) else value for name, value in row.items()} | days


@pytest.mark.sweep
def test_after_restatement_all_is_the_servers_truth_and_a_person_is_forgotten(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with served(first_day=date(2026, 3, 1), today=date(2026, 3, 12)) as (sandbox, url):
        machine = warehouse.machine(tmp_path / "machine", url, options=OPTIONS)
        for day in (date(2026, 3, 12), date(2026, 3, 15)):
            sandbox.settings.today = day
            run(machine, "sync", "--today", str(day), *CHOSEN)
            run(machine, "sync", "--today", str(day), "--include-pii", *PEOPLE)
            assert differing(warehouse, sandbox, day) == []
        run(machine, "verify", "--today", "2026-03-15", *CHOSEN)

        who = str(sandbox.truth_of_customers("lead_created", FIRST, date(2026, 3, 14))[0]["customer_profile_id"])
        count = f"SELECT count(*) FROM atribu_pii.customers WHERE customer_profile_id = '{who}'"  # noqa: S608 - an id of the sandbox
        assert warehouse.ask(count) != [(0,)]
        run(machine, "forget", "--customer-id", who, "--yes")
        run(machine, "sync", "--today", "2026-03-15", "--include-pii", "--full", *PEOPLE)
        assert warehouse.ask(count) == [(0,)]

        warehouse.ask("UPDATE atribu.channels SET revenue = revenue + 1 WHERE date = '2026-03-10'")
        found = machine.run_here("verify", "atribu", "--today", "2026-03-15", *CHOSEN, *TO_THE_WAREHOUSE)
        assert (found.code, "channels 2026-03-10" in found.out) == (4, True), found
        run(machine, "verify", "--today", "2026-03-15", "--repair", *CHOSEN)
        assert differing(warehouse, sandbox, date(2026, 3, 15)) == []


@pytest.mark.sweep
def test_killed_at_random_moments_and_run_to_the_end_the_tables_are_the_truth(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    chance = random.Random("sqlalchemy")  # noqa: S311 - no secret
    today = date(2026, 3, 15)
    with served(first_day=date(2026, 3, 1), today=today) as (sandbox, url):
        machine = warehouse.machine(
            tmp_path / "machine", url, limit=60, period=20.0, options={"START_DATE": str(FIRST)}
        )
        arguments = ("--today", str(today), *CHOSEN)

        kills = sum(killed(machine, chance, 5.0, *arguments, *TO_THE_WAREHOUSE) for _ in range(3))
        machine.limit = 1000
        run(machine, "sync", *arguments)

        assert kills
        assert differing(warehouse, sandbox, today) == []
