"""Syncs of several machines into one destination: a home folder each, so that no lock file keeps them apart."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from tests.faults.conftest import World
from tests.postgres import postgres_server
from tests.processes import ABOUT_RUNS, ARGUMENTS, Machine, Tables, ended, wait_until

pytestmark = pytest.mark.untraced

Ask = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Shared:
    """A destination that machines share.

    Attributes:
        credentials: its address, as dlt takes it.
        ask: asks it, or changes it.
    """

    credentials: str
    ask: Ask

    def tables(self) -> Tables:
        """Every row of every table that holds data."""
        names = [
            name
            for (name,) in self.ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'atribu'")
            if not name.startswith("_dlt") and name not in ABOUT_RUNS
        ]
        return {name: sorted(map(repr, self.ask(f"SELECT * FROM atribu.{name}"))) for name in names}  # noqa: S608 - names of the database

    def lease(self) -> tuple[Any, ...]:
        """Number, holder and process of the lease; nothing before there is one."""
        try:
            ((number, holder, pid),) = self.ask("SELECT lease_number, holder, pid FROM atribu.run_lease")
        except (duckdb.Error, psycopg2.Error, ValueError):
            return (0, None, None)
        return number, holder, pid


@pytest.fixture(params=["postgresql", pytest.param("duckdb", marks=pytest.mark.sweep)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shared]:
    """A database that every machine of a test loads into."""
    if request.param == "duckdb":
        file = tmp_path / "shared.duckdb"

        def ask_file(sql: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(file)) as connection:
                return connection.execute(sql).fetchall()

        yield Shared(str(file), ask_file)
        return
    with postgres_server(tmp_path / "postgres") as (address, credentials):

        def ask_server(sql: str) -> list[tuple[Any, ...]]:
            with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []

        yield Shared(credentials, ask_server)


@pytest.fixture
def machines(world: World, shared: Shared, tmp_path: Path) -> tuple[Machine, Machine]:
    """A machine that takes its time, and a quick one."""

    def make(name: str, limit: int, period: float) -> Machine:
        (tmp_path / name).mkdir()
        where = {"DESTINATION__WAREHOUSE__CREDENTIALS": shared.credentials}
        if not shared.credentials.startswith("postgresql"):
            where["DESTINATION__WAREHOUSE__DESTINATION_TYPE"] = "duckdb"
            (tmp_path / name / "destinations.toml").write_text('[destination.warehouse]\ndestination_type = "duckdb"\n')
        options = {"RESTATEMENT": "none"}
        return Machine(tmp_path / name, world.url, options=options, limit=limit, period=period, environment=where)

    return make("slow", 10, 4.0), make("quick", 1000, 6000.0)


TO_THE_WAREHOUSE = (*ARGUMENTS, "--destination", "warehouse")


def run_out(shared: Shared) -> None:
    shared.ask("UPDATE atribu.run_lease SET held_until = '2020-01-01T00:00:00+00:00'")


def test_a_run_that_was_thought_dead_writes_nothing_over_its_successor(
    shared: Shared, machines: tuple[Machine, Machine]
) -> None:
    slow, quick = machines
    first = slow.start(*TO_THE_WAREHOUSE)
    wait_until(lambda: shared.lease()[2] == first.pid, first)

    refused = quick.sync(*TO_THE_WAREHOUSE)
    assert (refused.code, f"process {first.pid} on " in refused.err) == (75, True), refused.err

    wait_until(lambda: "channels" in shared.tables(), first)
    first.send_signal(signal.SIGSTOP)
    run_out(shared)
    second = quick.sync(*TO_THE_WAREHOUSE)
    assert second.code == 0, second.err
    truth = shared.tables()
    assert shared.lease()[:2] == (2, None)

    first.send_signal(signal.SIGCONT)
    late = ended(first)
    assert (late.code, "has taken this dataset over" in late.err) == (75, True), late
    assert shared.tables() == truth

    # what it had read and not loaded is of before
    assert slow.sync(*TO_THE_WAREHOUSE).code == 0
    assert shared.tables() == truth


def test_a_killed_run_keeps_its_own_machine_from_nothing_and_others_for_a_while(
    shared: Shared, machines: tuple[Machine, Machine]
) -> None:
    slow, quick = machines
    first = slow.start(*TO_THE_WAREHOUSE)
    wait_until(lambda: shared.lease()[2] == first.pid, first)
    first.kill()
    ended(first)

    refused = quick.sync(*TO_THE_WAREHOUSE)
    assert (refused.code, "free again at 20" in refused.err) == (75, True), refused.err
    own = slow.start(*TO_THE_WAREHOUSE)
    wait_until(lambda: shared.lease()[2] == own.pid, own)
    own.terminate()
    ended(own)
    assert shared.lease()[1] is None
    assert quick.sync(*TO_THE_WAREHOUSE).code == 0
