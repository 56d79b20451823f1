"""Values that a database has trouble with are stored as they were sent, or fail the window that holds them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Ended, Machine
from tests.scripted import KEY, META, Say, playing
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse, duckdb_file, mariadb_databases, postgres_databases

pytestmark = [
    pytest.mark.untraced,
    pytest.mark.filterwarnings("ignore:implicitly coercing SELECT"),  # that of dlt's SQLAlchemy destination
]

DAY = ("--today", "2026-03-31", "--since", "2026-03-30", "--until", "2026-03-30", "--resources", "channels")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Warehouse]]:
    """Run a PostgreSQL server; make a database of a name in it."""
    with postgres_databases(tmp_path_factory.mktemp("postgres")) as make:
        yield make


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Run a MariaDB server."""
    with mariadb_databases(tmp_path_factory.mktemp("mariadb") / "server") as made:
        yield made


@pytest.fixture(params=["duckdb", "postgres", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """An empty destination of each kind."""
    if request.param == "duckdb":
        return duckdb_file(tmp_path / "warehouse.duckdb")
    if request.param == "mariadb":
        found: Warehouse = request.getfixturevalue("mariadb")
        found.ask("DROP DATABASE IF EXISTS atribu")
        return found
    make: Callable[[str], Warehouse] = request.getfixturevalue("database")
    return make(f"of_{tmp_path.name}")


def sync(machine: Machine, *rows: dict[str, Any], day: tuple[str, ...] = DAY) -> Ended:
    """Load channels from a server that sends these rows."""
    sent = [{"value": "Direct", "conversions": 1, "revenue": 2.0, **row} for row in rows]
    with playing(Say(body={"data": sent, "meta": META})) as script:
        machine.url = script.url
        return machine.run_here("sync", "atribu", *day, *TO_THE_WAREHOUSE)


@pytest.fixture
def machine(warehouse: Warehouse, tmp_path: Path) -> Machine:
    """A machine that loads into the destination."""
    return warehouse.machine(tmp_path / "machine", "", options={"API_KEY": KEY, "MAX_TRIES": 1})


@pytest.mark.slow
def test_an_empty_text_is_no_null_also_as_a_key(warehouse: Warehouse, machine: Machine) -> None:
    rows = ({"value": "", "note": ""}, {"value": "b", "note": None}, {"value": "c", "note": "a 'quoted' \\ \n, text"})

    end = sync(machine, *rows)

    assert end.code == 0, end
    stored = warehouse.ask("SELECT value, note FROM atribu.channels ORDER BY value")
    assert stored == [("", ""), ("b", None), ("c", "a 'quoted' \\ \n, text")]


@pytest.mark.slow
def test_texts_that_a_collation_takes_for_one_are_different_and_long_ones_stay_whole(
    warehouse: Warehouse, machine: Machine
) -> None:
    long = "\U0001f600" * 20_000  # 80,000 bytes
    rows = [
        {"value": value, "revenue": 1.0 + place} for place, value in enumerate(("Email", "email", "email ", "émail"))
    ]

    assert sync(machine, *rows, {"value": long, "note": long}).code == 0
    again = sync(machine, *rows, {"value": long, "note": long}, day=(*DAY, "--full"))

    assert again.code == 0, again
    stored = warehouse.ask("SELECT value, revenue, note FROM atribu.channels")
    sent = [*((row["value"], row["revenue"], None) for row in rows), (long, 2.0, long)]
    assert sorted(stored, key=repr) == sorted(sent, key=repr)


@pytest.mark.slow
def test_a_nul_fails_its_window_where_the_database_has_none(warehouse: Warehouse, machine: Machine) -> None:
    end = sync(machine, {"note": "a\0b"})

    if warehouse.credentials.startswith("postgresql"):
        assert end.code == 4, end
        assert "channels 2026-03-30: channels: field note holds the character NUL" in end.err
        assert sync(machine, {"note": "ab"}).code == 0
    assert warehouse.ask("SELECT note FROM atribu.channels") == ([("a\0b",)] if end.code == 0 else [("ab",)])


@pytest.mark.slow
def test_an_answer_that_is_refused_says_nothing_of_whose_the_dataset_is(machine: Machine) -> None:
    for profile, revenue, code in (("a\0b", "no number", 4), (META["profile_id"], 2.0, 0)):
        rows = [{"value": "Direct", "conversions": 1, "revenue": revenue}]
        with playing(Say(body={"data": rows, "meta": {"profile_id": profile}})) as script:
            machine.url = script.url
            end = machine.run_here("sync", "atribu", *DAY, *TO_THE_WAREHOUSE)
        assert end.code == code, end


@pytest.mark.slow
def test_more_columns_than_a_table_takes_fail_the_window_that_brings_them(
    warehouse: Warehouse, machine: Machine
) -> None:
    if not warehouse.credentials.startswith("postgresql"):
        pytest.skip("DuckDB takes them")
    end = sync(machine, {f"field_{number}": 1 for number in range(1700)})

    assert end.code == 4, end
    assert "columns, and the destination takes 1600" in end.err
    assert sync(machine, {}).code == 0


@pytest.mark.slow
def test_a_longer_row_than_a_page_takes_fails_the_window_that_brings_it(warehouse: Warehouse, machine: Machine) -> None:
    if not warehouse.credentials.startswith("postgresql"):
        pytest.skip("DuckDB takes it")
    end = sync(machine, {f"field_{number}": 1.5 for number in range(1100)})

    assert end.code == 4, end
    assert "channels would have a row of over 8160 bytes, which the destination cannot hold" in end.err
    assert sync(machine, {}).code == 0


@pytest.mark.slow
def test_a_field_with_a_name_that_the_database_cannot_have_is_stored_also_after_its_type_has_changed(
    warehouse: Warehouse, machine: Machine
) -> None:
    name = "x" * 70
    for value in (1.5, "text", 2.5):
        end = sync(machine, {name: value, "ctid": value}, day=(*DAY, "--full"))
        assert end.code == 0, end

    columns = warehouse.columns()["atribu.channels"]
    for start in ("ctid", "xxx"):
        mine = ", ".join(one for one in columns if one.startswith(f'"{start}'))
        ((*values,),) = warehouse.ask(f"SELECT {mine} FROM atribu.channels")  # noqa: S608 - names of the database
        assert sorted(values, key=str) == [2.5, None]
    assert "now a column each" not in end.err
