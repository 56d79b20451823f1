"""Profiles of one PostgreSQL dataset: different ones load at once, from one process or many; one never twice."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu import Fault
from sandbox.atribu.state import Sandbox
from tests.brands import id_of, key_of, served_brands
from tests.integration.truth import comparable, truth_of
from tests.processes import Machine, ended, wait_until
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse, postgres_databases

pytestmark = pytest.mark.untraced

FIRST, LAST = date(2026, 3, 18), date(2026, 3, 22)
TABLES = ("channels", "revenue", "overview", "campaigns")
CHOSEN = ("--today", "2026-03-31", "--since", str(FIRST), "--until", str(LAST), "--resources", ",".join(TABLES))
COMMAND = (*CHOSEN, *TO_THE_WAREHOUSE)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a server."""
    with postgres_databases(tmp_path_factory.mktemp("server") / "postgres") as make:
        yield make


@pytest.fixture
def shared(databases: Any, request: pytest.FixtureRequest) -> Warehouse:
    """An empty database."""
    made: Warehouse = databases(f"d{abs(hash(request.node.nodeid))}")
    return made


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    """Sandboxes that end with the test."""
    with ExitStack() as stack:
        yield stack


def home(warehouse: Warehouse, folder: Path, url: str, *names: str) -> Machine:
    """Make a machine that knows some profiles."""
    machine = warehouse.machine(folder, url)
    keys = {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in names}
    machine.environment |= keys
    return machine


def differing(warehouse: Warehouse, sandbox: Sandbox) -> list[str]:
    """Tables whose rows of a profile are not its server's truth."""
    found, columns = [], warehouse.columns()
    for table in TABLES:
        names = columns[f"atribu.{table}"]
        rows = warehouse.ask(
            f"SELECT {', '.join(names)} FROM atribu.{table} WHERE profile_id = '{sandbox.settings.profile_id}'"  # noqa: S608 - names of the database
        )
        loaded = [dict(zip((name.strip('"') for name in names), row, strict=True)) for row in rows]
        truth = truth_of(sandbox, table, FIRST, LAST)
        known = {name for row in truth for name in row if name != "grain"}
        if comparable(loaded, known) != comparable(truth, known):
            found.append(table)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("homes", [2, pytest.param(6, marks=pytest.mark.sweep)])
def test_homes_with_a_profile_each_load_one_dataset_at_once(
    shared: Warehouse, servers: ExitStack, tmp_path: Path, homes: int
) -> None:
    names = [f"brand{number}" for number in range(homes)]
    brands, url = servers.enter_context(served_brands(names))
    machines = {name: home(shared, tmp_path / name, url, name) for name in names}

    for _ in range(2):  # into nothing, and beside what is there
        processes = [machine.start("--profile", name, *COMMAND, "--full") for name, machine in machines.items()]
        ends = [ended(process, 300) for process in processes]

        assert [end.code for end in ends] == [0] * homes, ends
        assert {name: differing(shared, one) for name, one in brands.items()} == {name: [] for name in names}
    runs = shared.ask("SELECT profile_id, outcome, count(*) FROM atribu.sync_runs GROUP BY 1, 2")
    assert sorted(runs) == sorted((id_of(name), "done", 2) for name in names)


@pytest.mark.sweep
def test_one_profile_is_never_loaded_twice_at_once_and_another_one_is(
    shared: Warehouse, servers: ExitStack, tmp_path: Path
) -> None:
    brands, url = servers.enter_context(served_brands(("acme", "globex")))
    first, second = (home(shared, tmp_path / name, url, "acme", "globex") for name in ("first", "second"))
    assert first.sync_here("--all-profiles", *COMMAND).code == 0
    brands["acme"].settings.latency = 0.5
    at_work = first.start("--profile", "acme", *COMMAND, "--full")
    wait_until(lambda: shared.ask(f"SELECT pid FROM atribu.run_lease WHERE pid = {at_work.pid}"), at_work)  # noqa: S608 - a number

    twice = second.sync_here("--profile", "acme", *COMMAND)
    beside = second.sync_here("--profile", "globex", *COMMAND)

    assert at_work.poll() is None
    assert (twice.code, beside.code) == (75, 0), (twice, beside)
    assert "another run of this profile into this destination is at work: process" in twice.err
    assert ended(at_work, 120).code == 0
    assert {name: differing(shared, one) for name, one in brands.items()} == {"acme": [], "globex": []}


@pytest.mark.sweep
def test_columns_that_servers_begin_to_send_at_once_break_nobodys_commit(
    shared: Warehouse, servers: ExitStack, tmp_path: Path
) -> None:
    names = ("acme", "globex", "initech")
    brands, url = servers.enter_context(served_brands(names))
    machine = home(shared, tmp_path / "home", url, *names)
    for one in brands.values():
        one.faults.append(Fault("*", "unknown_field", times=None))

    result = machine.sync_here("--all-profiles", *COMMAND)

    assert result.code == 0, result
    assert {name: differing(shared, one) for name, one in brands.items()} == {name: [] for name in names}
    found = shared.ask("SELECT DISTINCT profile_id, a_new_field FROM atribu.channels")
    assert sorted(found) == sorted((id_of(name), 1.0) for name in names)


@pytest.mark.sweep
def test_profiles_of_one_process_load_side_by_side(shared: Warehouse, servers: ExitStack, tmp_path: Path) -> None:
    names = [f"brand{number}" for number in range(3)]
    _, url = servers.enter_context(served_brands(names, latency=0.2))
    machine = home(shared, tmp_path / "home", url, *names)
    assert machine.sync_here("--all-profiles", *COMMAND).code == 0
    most, done = 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not done.wait(0.05):
            ((held,),) = shared.ask("SELECT count(*) FROM atribu.run_lease WHERE holder IS NOT NULL")
            most = max(most, held)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        result = machine.sync_here("--all-profiles", *COMMAND, "--full")
    finally:
        done.set()
        watching.join()

    assert result.code == 0, result
    assert most == len(names)


@pytest.mark.sweep
def test_homes_that_all_know_every_profile_share_them_out_and_nobodys_rows_are_doubled(
    shared: Warehouse, servers: ExitStack, tmp_path: Path
) -> None:
    names = [f"brand{number}" for number in range(4)]
    brands, url = servers.enter_context(served_brands(names))
    machines = [home(shared, tmp_path / f"home{number}", url, *names) for number in range(3)]

    processes = [machine.start("--all-profiles", *COMMAND) for machine in machines]
    ends = [ended(process, 300) for process in processes]

    assert {end.code for end in ends} <= {0, 75}, ends
    assert machines[0].sync_here("--all-profiles", *COMMAND).code == 0
    assert {name: differing(shared, one) for name, one in brands.items()} == {name: [] for name in names}
