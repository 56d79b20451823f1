"""Lakes hold what a DuckDB file holds, whoever reads them, and keep nothing of whom they have forgotten."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu import Size
from sandbox.atribu.state import Sandbox
from tests.lakes import TO_THE_LAKE, Lake, duckdb_tables
from tests.processes import Machine, served

pytestmark = [pytest.mark.untraced, pytest.mark.duckdb_file("a lake is compared with one")]

FIRST = date(2026, 2, 8)
LAST = FIRST + timedelta(4)
SIZE = Size(visits_per_day=6, conversions_per_day=6, campaigns=2, ad_sets=1, ads=2, pages=4, keywords=3)
OPTIONS: dict[str, Any] = {
    "START_DATE": FIRST,
    "HORIZON_DAYS": 5,
    "RESTATEMENT": "exact",
    "INCLUDE_PII": "true",
    "PII_POLICY": "keep",
}
RESOURCES = ("--resources", "timeseries,channels,campaigns,overview,revenue_cash,goals,customers,visitors,journeys")
PACE: dict[str, Any] = {"limit": 100_000, "period": 60.0}


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Sandbox, str]]:
    """A small sandbox that is served."""
    with served(first_day=date(2025, 11, 1), size=SIZE) as found:
        yield found


def synced(machine: Machine, sandbox: Sandbox, today: date, *arguments: str) -> None:
    """Sync as of a day."""
    sandbox.settings.today = today
    end = machine.sync_here("--today", str(today), *RESOURCES, *arguments)
    assert end.code == 0, end


@pytest.mark.slow
def test_a_lake_holds_what_a_duckdb_file_holds_while_the_past_changes_and_people_are_forgotten(
    world: tuple[Sandbox, str], tmp_path: Path
) -> None:
    sandbox, url = world
    lake = Lake("delta", str(tmp_path / "lake"))
    machine = lake.machine(tmp_path / "machine", url, options=OPTIONS, **PACE)
    (tmp_path / "file").mkdir()
    file = Machine(tmp_path / "file", url, options=OPTIONS, **PACE)
    for today in (LAST, LAST + timedelta(3)):
        synced(file, sandbox, today)
        synced(machine, sandbox, today, *TO_THE_LAKE)
    expected = duckdb_tables(file)

    assert lake.tables() == expected
    assert lake.run_history("restatements")
    for one, arguments in ((file, ()), (machine, TO_THE_LAKE)):
        found = one.run_here("verify", "atribu", "--today", str(today), *arguments)
        assert found.code == 0, found

    (who,) = file.query("SELECT customer_profile_id, email FROM atribu_pii.customers WHERE email <> '' LIMIT 1")
    forget = ("forget", "atribu", "--customer-id", str(who[0]), "--yes")
    for one, arguments in ((file, ()), (machine, TO_THE_LAKE)):
        done = one.run_here(*forget, *arguments)
        assert done.code == 0, done

    assert lake.tables() == duckdb_tables(file) != expected
    assert lake.traces(*map(str, who)) == []
