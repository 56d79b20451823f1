"""What is loaded moves to another destination: from a DuckDB file to PostgreSQL and back, cell by cell."""

import json
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests.brands import id_of, key_of, served_brands
from tests.privacy.people import GOALS, SECRET, SMALL
from tests.processes import Machine, ended, served, wait_until
from tests.warehouses import Warehouse, duckdb_file, postgres_databases

pytestmark = pytest.mark.untraced

TODAY = ("--today", "2026-03-12")
RESOURCES = ("--resources", "revenue,channels,goals,customers")
OPTIONS = {
    "START_DATE": "2026-03-10",
    "GOALS": ",".join(GOALS),
    "PII_SECRET": SECRET,
    "PII_COLUMNS": "email=hash",
    "INCLUDE_PII": "true",
}
SMALL_SLICES = "import pipelines.storing.copying as copying\ncopying.ROWS_AT_ONCE, copying.SLICE_ROWS = 7, 40"
DIES = f"""{SMALL_SLICES}
import os, pipelines.destinations.destination as destination
load, left = destination.Destination.load, [%d]
def dying(self):
    left[0] -= 1
    if not left[0]:
        os._exit(9)
    load(self)
destination.Destination.load = dying
"""
TAKES_ITS_TIME = f"""{SMALL_SLICES}
import time, pipelines.destinations.destination as destination
load = destination.Destination.load
def slow(self):
    time.sleep(1)
    load(self)
destination.Destination.load = slow
"""


@pytest.fixture
def people() -> Iterator[tuple[Sandbox, str]]:
    """Serve a small world of people."""
    with served(first_day=date(2026, 3, 1), today=date(2026, 3, 12), size=SMALL) as both:
        yield both


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Warehouse]]:
    """Run a PostgreSQL server."""
    with postgres_databases(tmp_path_factory.mktemp("server") / "postgres") as make:
        yield make


@pytest.fixture
def places(
    databases: Callable[[str], Warehouse], tmp_path: Path, request: pytest.FixtureRequest
) -> dict[str, Warehouse]:
    """A DuckDB file, a database of PostgreSQL, another file."""
    first, last = (duckdb_file(tmp_path / f"{name}.duckdb") for name in ("first", "last"))
    return {"first": first, "warehouse": databases(f"d{abs(hash(request.node.nodeid))}"), "last": last}


def machine_at(places: dict[str, Warehouse], folder: Path, url: str, **settings: Any) -> Machine:
    """Make a machine that knows these places by name."""
    folder.mkdir()
    kinds = {name: "postgres" if one.credentials.startswith("postgres") else "duckdb" for name, one in places.items()}
    sections = [f'[destination.{name}]\ndestination_type = "{kind}"\n' for name, kind in kinds.items()]
    (folder / "destinations.toml").write_text("".join(sections))
    where = {f"DESTINATION__{name.upper()}__CREDENTIALS": one.credentials for name, one in places.items()}
    return Machine(folder, url, environment={**where, **settings.pop("environment", {})}, **settings)


def everything(place: Warehouse) -> dict[str, list[str]]:
    """Every cell of every table, but for those that say who is at work."""
    found: dict[str, list[str]] = {}
    for table, columns in _columns(place).items():
        rows = place.ask(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - names of the database
        found[table] = sorted(repr([_comparable(one) for one in row]) for row in rows)
    return found


def _columns(place: Warehouse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for schema, table, column in place.ask(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns ORDER BY 1, 2, 3"
    ):
        own = table != "run_lease" or column in {"ledger_id", "profile_id", "profile_name", "key_fingerprint"}
        if schema in {"atribu", "atribu_pii"} and not table.startswith("_dlt") and own:
            found.setdefault(f"{schema}.{table}", []).append(f'"{column}"')
    return found


def _comparable(value: object) -> object:
    return f"{value.timestamp()}" if hasattr(value, "timestamp") else value


@pytest.mark.slow
def test_a_copy_holds_every_cell_and_goes_on_where_the_first_was_and_back_again(
    places: dict[str, Warehouse], people: tuple[Sandbox, str], tmp_path: Path
) -> None:
    sandbox, url = people
    machine = machine_at(places, tmp_path / "home", url, options=OPTIONS)
    assert machine.sync_here(*TODAY, *RESOURCES, "--destination", "first").code == 0
    ((somebody,),) = places["first"].ask("SELECT min(customer_profile_id) FROM atribu_pii.customers")
    erased = ("--customer-id", somebody, "--yes", "--destination", "first")
    assert machine.run_here("forget", "atribu", *erased).code == 0
    before, calls = everything(places["first"]), len(sandbox.log)

    there = ended(machine.start("--from", "first", "--to", "warehouse", code=SMALL_SLICES, command="copy"), 120)
    back = machine.run_here("copy", "atribu", "--from", "warehouse", "--to", "last")
    again = machine.run_here("copy", "atribu", "--from", "warehouse", "--to", "last")

    assert (there.code, back.code, again.code) == (0, 0, 78), (there, back, again)
    assert "holds rows of the profile without a name already; nothing was copied" in again.err
    assert len(sandbox.log) == calls
    assert len(before["atribu_pii.forgotten_people"]) >= 1
    assert everything(places["warehouse"]) == before
    assert everything(places["last"]) == before
    plans = [  # but for the lines that say of which run they are
        machine.run_here("plan", "atribu", *TODAY, *RESOURCES, "--destination", place).out.splitlines()[1:-1]
        for place in ("first", "warehouse", "last")
    ]
    assert plans[0] == plans[1] == plans[2]
    for place in ("warehouse", "last"):
        proof = (*TODAY, "--resources", "revenue,channels", "--destination", place)
        verified = machine.run_here("verify", "atribu", *proof)
        assert verified.code == 0, verified
        assert "everything that was compared is equal" in verified.out
    assert machine.sync_here(*TODAY, *RESOURCES, "--destination", "warehouse").code == 0
    ((came_back,),) = places["warehouse"].ask(
        f"SELECT count(*) FROM atribu_pii.customers WHERE customer_profile_id = '{somebody}'"  # noqa: S608 - made up
    )
    assert came_back == 0


@pytest.mark.sweep
def test_a_copy_that_is_killed_is_begun_again_by_whoever_comes_next_and_doubles_nothing(
    places: dict[str, Warehouse], people: tuple[Sandbox, str], tmp_path: Path
) -> None:
    _, url = people
    machine = machine_at(places, tmp_path / "home", url, options=OPTIONS)
    assert machine.sync_here(*TODAY, *RESOURCES, "--destination", "first").code == 0
    before = everything(places["first"])
    copied = ("--from", "first", "--to", "warehouse")

    for loads in (1, 3):  # what it has read and not loaded is there for the next one
        assert ended(machine.start(*copied, code=DIES % loads, command="copy"), 120).code == 9
        assert everything(places["warehouse"]) != before
    assert places["warehouse"].ask("SELECT count(*) > 0 FROM atribu.channels") == [(True,)]
    asked = ("plan", "atribu", *TODAY, "--resources", "revenue,channels", "--json", "--destination")
    plans = [json.loads(machine.run_here(*asked, place).out) for place in ("warehouse", "last")]
    units = [plan["total"]["units"] for plan in plans]
    assert units[0] == units[1]  # no window counts as loaded yet: the ledger comes last
    finished = machine.run_here("copy", "atribu", *copied)

    assert finished.code == 0, finished
    assert everything(places["warehouse"]) == before


@pytest.mark.sweep
def test_a_copy_that_was_thought_dead_writes_nothing_over_its_successor(
    places: dict[str, Warehouse], people: tuple[Sandbox, str], tmp_path: Path
) -> None:
    _, url = people
    first, second = (machine_at(places, tmp_path / name, url, options=OPTIONS) for name in ("one", "other"))
    assert first.sync_here(*TODAY, *RESOURCES, "--destination", "first").code == 0
    assert second.run_here("copy", "atribu", "--from", "first", "--to", "last").code == 0
    before, warehouse = everything(places["first"]), places["warehouse"]

    frozen = first.start("--from", "first", "--to", "warehouse", code=TAKES_ITS_TIME, command="copy")
    wait_until(lambda: "atribu.channels" in warehouse.columns(), frozen)
    assert all(warehouse.let_the_lease_run_out(frozen, schema) for schema in ("atribu", "atribu_pii"))
    done = second.run_here("copy", "atribu", "--from", "last", "--to", "warehouse")
    synced = second.sync_here(*TODAY, *RESOURCES, "--destination", "warehouse")
    truth = everything(warehouse)
    frozen.send_signal(signal.SIGCONT)
    late = ended(frozen)

    assert (done.code, synced.code) == (0, 0), (done, synced)
    assert (late.code, "has taken this dataset over" in late.err) == (75, True), late
    assert everything(warehouse) == truth
    for table in ("atribu.channels", "atribu_pii.customers"):
        assert truth[table] == before[table]


@pytest.mark.sweep
def test_each_profile_is_copied_by_itself_and_beside_others(places: dict[str, Warehouse], tmp_path: Path) -> None:
    names = ("acme", "globex")
    keys = {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in names}
    chosen = ("--today", "2026-03-31", "--since", "2026-03-25", "--resources", "revenue,channels")
    with served_brands(names) as (_, url):
        machine = machine_at(places, tmp_path / "home", url, environment=keys)
        assert machine.sync_here("--all-profiles", *chosen, "--destination", "first").code == 0
        before = everything(places["first"])

        one = machine.run_here("copy", "atribu", "--profile", "globex", "--from", "first", "--to", "warehouse")
        found = everything(places["warehouse"])
        both = machine.run_here("copy", "atribu", "--all-profiles", "--from", "first", "--to", "warehouse")
        nobody = machine.run_here("copy", "atribu", "--from", "first", "--to", "warehouse")

    assert one.code == 0, one
    assert "prove it with elt verify atribu --profile globex --destination warehouse" in one.err
    assert found == {table: [row for row in rows if id_of("globex") in row] for table, rows in before.items()}
    assert both.code == 78  # globex is there already, acme is not
    assert " ERROR   atribu globex first the dataset atribu of destination 'warehouse' holds rows" in both.err
    assert everything(places["warehouse"]) == before
    assert nobody.code == 78
    assert "holds nothing of the profile without a name" in nobody.err


@pytest.mark.sweep
def test_rows_that_name_no_profile_are_told_apart_by_what_was_asked_for(tmp_path: Path) -> None:
    names = ("acme", "globex")
    places = {name: duckdb_file(tmp_path / f"{name}.duckdb") for name in ("first", "last")}
    keys = {f"SOURCES__ATATUS__PROFILES__{name.upper()}__API_KEY": name for name in names}
    machine = machine_at(places, tmp_path / "home", "", environment=keys)
    chosen = ("--sandbox", "--today", "2026-03-31", "--since", "2026-03-30", "--destination", "first")
    assert machine.run_here("sync", "atatus", "--all-profiles", *chosen).code == 0
    per_project = "SELECT project_id, count(*) FROM atatus.transactions GROUP BY 1 ORDER BY 1"
    before = places["first"].ask(per_project)

    copied = machine.run_here("copy", "atatus", "--profile", "acme", "--from", "first", "--to", "last")
    found = places["last"].ask(per_project)
    again = machine.run_here("copy", "atatus", "--profile", "acme", "--from", "first", "--to", "last")
    other = machine.run_here("copy", "atatus", "--profile", "globex", "--from", "first", "--to", "last")

    assert (copied.code, again.code, other.code) == (0, 78, 0), (copied, again, other)
    assert found == [one for one in before if one[0] == b"acme".hex()]
    assert places["last"].ask(per_project) == before
