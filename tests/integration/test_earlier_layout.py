"""A dataset that an earlier version has loaded can be looked at, is brought to the layout of today, and goes on."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from pipelines.planning.ledger import Ledger
from pipelines.storing.forgotten_people import TABLE, keep_out
from pipelines.storing.warehouse import Warehouse as Tables
from sandbox.atribu import FULL_KEY
from sources.rest.privacy.forgotten import Forgotten
from tests.integration.conftest import Elt, Serve
from tests.warehouses import Warehouse, duckdb_file, postgres_databases

STATEMENTS: Final = Path(__file__).parent / "layouts" / "018c2d2.sql.gz"
FIRST_DAY: Final = date(2025, 4, 1)
RESOURCES: Final = "timeseries,channels,goals,customers"
ASKED: Final = ("--since", "2026-03-29", "--resources", RESOURCES, "--today", "2026-04-01")
CHANNELS: Final = "SELECT profile_id, date, value, conversions, revenue FROM atribu.channels ORDER BY 2, 3"

Make = Callable[[str], Warehouse]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with postgres_databases(tmp_path_factory.mktemp("pg")) as make:
        yield make


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.sweep)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty destination, which is the one called `local`."""
    kind = request.param
    found: Warehouse
    if kind == "duckdb":
        found = duckdb_file(tmp_path / "there.duckdb")
    else:
        found = request.getfixturevalue("databases")(request.node.name.partition("[")[0][:40])
    Path("destinations.toml").write_text(f'[destination.local]\ndestination_type = "{kind}"\n')
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", found.credentials)
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    return found


def loaded_earlier(warehouse: Warehouse) -> None:
    """Load what commit 018c2d2 has loaded on two days; statements, because a database would be 8 MB."""
    warehouse.ask(gzip.decompress(STATEMENTS.read_bytes()).decode())


def is_of_layout_1(warehouse: Warehouse) -> bool:
    named = "SELECT column_name FROM information_schema.columns WHERE table_name = 'sync_windows'"
    return ("window",) in warehouse.ask(f"{named} AND table_schema = 'atribu'")


def freshness(status: str) -> list[dict[str, Any]]:
    """What a status says of resources, but for when they were asked for."""
    return [{**one, "read_at": None} for one in json.loads(status)["resources"]]


def planned(plan: str) -> dict[str, Any]:
    """What a plan says, but for what is to be expected: each run that has looked tells more of that."""
    found = json.loads(plan)
    lines = [*found["resources"], found["total"]]
    return {**found, "resources": [{**one, "units_expected": None} for one in lines], "total": None}


@pytest.mark.slow
def test_a_dataset_of_layout_1_can_be_looked_at_as_it_is(serve: Serve, elt: Elt, warehouse: Warehouse) -> None:
    loaded_earlier(warehouse)
    serve(first_day=FIRST_DAY, today=date(2026, 4, 1))
    looks = (("status", "--json"), ("plan", *ASKED, "--include-pii", "--json"), ("status",), ("check", "--no-write"))

    early = [elt(name, "atribu", *options) for name, *options in looks]

    assert [one.code for one in early] == [0] * len(looks), early
    assert is_of_layout_1(warehouse)
    rows = warehouse.ask(
        'SELECT "rows", started_at FROM atribu.sync_runs UNION ALL'
        ' SELECT "rows", started_at FROM atribu_pii.sync_runs ORDER BY 2 DESC'
    )
    runs = json.loads(early[0].out)["runs"]
    assert [(run["outcome"], run["row_count"]) for run in runs] == [("done", count) for count, _ in rows]
    # verify writes the row of its run, and so brings the tables up to date: nothing looks different then
    assert elt("verify", "atribu", "--until", "2026-03-31", "--today", "2026-04-01").code == 0
    assert not is_of_layout_1(warehouse)
    late = [elt(name, "atribu", *options) for name, *options in looks[:2]]
    assert freshness(early[0].out) == freshness(late[0].out)
    assert planned(early[1].out) == planned(late[1].out)


@pytest.mark.sweep
def test_a_dataset_of_layout_1_goes_on_and_nothing_is_read_again(serve: Serve, elt: Elt, warehouse: Warehouse) -> None:
    loaded_earlier(warehouse)
    sandbox = serve(first_day=FIRST_DAY, today=date(2026, 4, 1))
    channels = warehouse.ask(CHANNELS)

    calls = []
    for _ in range(2):
        before = len(sandbox.log)
        result = elt("sync", "atribu", *ASKED, "--include-pii")
        assert result.code == 0, result.err
        said = [(call.path, sorted(call.query.items())) for call in sandbox.log[before:]]
        # whether the key may read people is asked once a day
        calls.append(sorted(one for one in said if ("date_from", "2000-01-01") not in one[1]))

    assert calls[0] == calls[1]
    assert warehouse.ask(CHANNELS) == channels
    for table in ("atribu.channels", "atribu_pii.customers"):
        assert warehouse.ask(f"SELECT DISTINCT _deleted FROM {table}") == [(False,)]  # noqa: S608 - the names above
    for table in ("sync_runs", "sync_windows", "restatements"):
        counts = f"SELECT count(DISTINCT profile_id), count(*) - count(profile_id) FROM atribu.{table}"  # noqa: S608 - the names above
        assert warehouse.ask(counts) == [(1, 0)]
    nothing = [(0,)]
    assert (
        warehouse.ask("SELECT count(*) FROM atribu.sync_windows WHERE date_range IS NULL OR row_count IS NULL")
        == nothing
    )
    assert (
        warehouse.ask("SELECT count(*) FROM atribu.restatements WHERE old_value = new_value OR metric = ''") == nothing
    )
    runs = json.loads(elt("status", "atribu", "--json").out)["runs"]
    assert [run["outcome"] for run in runs] == ["done"] * len(runs)


@pytest.mark.sweep
def test_a_dataset_of_layout_2_goes_on_and_its_list_of_people_moves_to_a_table(
    serve: Serve, elt: Elt, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve(first_day=FIRST_DAY, today=date(2026, 4, 1))
    lists: list[Forgotten] = []
    to_state = Ledger.to_state

    def of_layout_2(ledger: Ledger) -> Mapping[str, Any]:
        state = {**to_state(ledger), "version": 2}
        state.pop("kept_out", None)
        if lists:
            state["forgotten"] = {"salt": lists[0].salt, "marks": sorted(lists[0].marks)}
        return state

    def noted(into: Tables, forgotten: Forgotten) -> None:
        lists.append(forgotten)
        keep_out(into, forgotten)

    with monkeypatch.context() as earlier:
        earlier.setattr(Ledger, "to_state", of_layout_2)
        earlier.setattr("pipelines.commands.forget.keep_out", noted)
        assert elt("sync", "atribu", *ASKED, "--include-pii").code == 0
        ((person,),) = warehouse.ask("SELECT min(customer_profile_id) FROM atribu_pii.customers")
        assert elt("forget", "atribu", "--customer-id", person, "--yes").code == 0
    warehouse.ask(f"DROP TABLE atribu_pii.{TABLE}")
    everybody = warehouse.ask("SELECT DISTINCT customer_profile_id FROM atribu_pii.customers ORDER BY 1")

    assert [elt(*look).code for look in (("status", "atribu"), ("plan", "atribu", *ASKED, "--include-pii"))] == [0, 0]
    before = len(sandbox.log)
    for _ in range(2):
        result = elt("sync", "atribu", *ASKED, "--include-pii")
        assert result.code == 0, result.err

    assert (person,) not in everybody
    assert warehouse.ask("SELECT DISTINCT customer_profile_id FROM atribu_pii.customers ORDER BY 1") == everybody
    found = warehouse.ask(f"SELECT salt, mark FROM atribu_pii.{TABLE}")  # noqa: S608 - our own name
    assert sorted(found) == sorted((lists[0].salt, mark) for mark in lists[0].marks)
    asked = [(call.path, sorted(call.query.items())) for call in sandbox.log[before:]]
    half = len(asked) // 2
    assert sorted(asked[:half]) == sorted(asked[half:])
