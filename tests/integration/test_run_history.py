"""What a run says of itself in the destination, and what a row says of its last load."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, make_dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.common.storages.schema_storage import SchemaStorage
from dlt.pipeline.pipeline import Pipeline

from pipelines.sql.runs import RUNS, WINDOWS
from pipelines.storing.history import HISTORY, RunRow
from sandbox.atribu import Fault
from sources.rest.calling.session import Session
from tests import database
from tests.integration.conftest import Elt, Serve, rows_of
from tests.privacy.people import GOALS, SECRET

SYNC = ("sync", "atribu", "--since", "2026-03-28", "--resources", "channels,timeseries")


class Counted:
    """Stands in for a function, and counts how often it is called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.times = 0
        self._function = function

    def __get__(self, one: object, _: object = None) -> Any:
        """As a method."""
        return partial(self, one)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call it."""
        self.times += 1
        return self._function(*given, **named)


def is_open() -> bool:
    """Whether this process has the file open, so that no other one can."""
    return any(str(one.resolve()).endswith("/local.duckdb") for one in Path("/proc/self/fd").iterdir())


def loaded_at() -> dict[date, set[datetime]]:
    """When the rows of each day of `channels` were loaded."""
    with database.connect("local.duckdb", read_only=True) as connection:
        rows = connection.execute("SELECT date, _loaded_at FROM atribu.channels").fetchall()
    return {day: {moment for one, moment in rows if one == day} for day, _ in rows}


@pytest.mark.slow
def test_a_run_that_is_refused_has_left_its_row(serve: Serve, elt: Elt) -> None:
    serve().faults.append(Fault("*", "401", times=None))

    assert elt(*SYNC).code == 77

    (run,) = rows_of("sync_runs")
    assert (run["outcome"], run["exit_code"], run["profile_id"]) == ("refused", 77, None)
    assert run["ended_at"] >= run["started_at"]


def test_a_run_that_changes_nothing_counts_as_one_load(serve: Serve, elt: Elt) -> None:
    serve()
    for _ in range(2):
        assert elt(*SYNC, "--today", "2026-03-31").code == 0

    first, second = sorted(rows_of(RUNS), key=lambda run: run["started_at"])
    loads = [row["inserted_at"] for row in rows_of("_dlt_loads")]
    assert sum(first["ended_at"] < moment for moment in loads) == 2  # the one that ends the first run, and another one
    assert [(run["outcome"], run["command"]) for run in (first, second)] == [("done", "sync")] * 2


def test_a_run_counts_the_rows_that_it_has_loaded_and_none_that_were_stored_already(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    stored, changed = len(rows_of("channels")) + len(rows_of("timeseries")), "2026-03-29"
    with database.connect("local.duckdb") as connection:
        connection.execute("UPDATE atribu.channels SET revenue = revenue + 1 WHERE date = ?", [changed])
    again, at_last = (elt(*SYNC, "--today", "2026-03-31") for _ in range(2))

    runs = sorted(rows_of(RUNS), key=lambda run: run["started_at"])
    reloaded = sum(str(row["date"]) == changed for row in rows_of("channels"))
    assert [run["row_count"] for run in runs] == [stored, reloaded, 0]
    assert f" done: {reloaded} rows, " in again.err
    assert " done: 0 rows, " in at_last.err


@pytest.mark.slow
@pytest.mark.database("a lake takes packages only")
def test_a_run_that_changes_nothing_says_all_of_itself_without_a_load_package(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    first = {(row["run_id"], row["resource"], row["date_range"]) for row in rows_of(WINDOWS)}
    monkeypatch.setattr("pipelines.storing.noting._AT_ONCE", 2)
    packages = Counted(Pipeline.extract)
    monkeypatch.setattr(Pipeline, "extract", packages)
    for times in (2, 3):
        assert elt(*SYNC, "--today", "2026-03-31").code == 0

        assert packages.times == 0
        runs = sorted(rows_of(RUNS), key=lambda run: run["started_at"])
        assert [(run["outcome"], run["exit_code"]) for run in runs] == [("done", 0)] * times
        asked = [row for row in rows_of(WINDOWS) if row["run_id"] == runs[-1]["run_id"]]
        assert len(asked) == runs[-1]["calls"] > 0
        assert {row["read_at"] < runs[-1]["ended_at"] for row in asked} == {True}
    assert first < {(row["run_id"], row["resource"], row["date_range"]) for row in rows_of(WINDOWS)}

    monkeypatch.setenv("SOURCES__ATRIBU__REPORTING_CURRENCY", "CHF")
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    assert [row["reporting_currency"] for row in rows_of("profile")] == ["CHF"]
    assert packages.times == 1

    monkeypatch.setattr("pipelines.storing.noting.ROWS_MAX", 1)
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    assert packages.times == 2
    calls = {run["run_id"]: run["calls"] for run in rows_of(RUNS)}
    assert Counter(row["run_id"] for row in rows_of(WINDOWS)) == calls


@pytest.mark.duckdb_file("how often one is opened")
def test_a_run_that_changes_nothing_opens_the_file_four_times_and_reads_no_file_of_a_schema(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    connect, beside = duckdb.connect, list[bool]()

    def counted(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        beside.append(is_open())
        return connect(*given, **named)

    monkeypatch.setattr(duckdb, "connect", counted)
    read = Counted(SchemaStorage.load_schema)
    monkeypatch.setattr(SchemaStorage, "load_schema", read)
    assert elt(*SYNC, "--today", "2026-03-31").code == 0

    # whose ledger it is; what is loaded; once the API has answered, whether that differs; and what checks have found
    assert beside.count(False) == 4
    assert read.times == 0


@pytest.mark.slow
@pytest.mark.duckdb_file("what a process has open")
def test_nobody_is_kept_out_of_the_file_while_the_api_is_asked(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    monkeypatch.setenv("SOURCES__ATRIBU__GOALS", ",".join(GOALS))
    monkeypatch.setenv("SOURCES__ATRIBU__PII_SECRET", SECRET)
    people = (*SYNC[:-1], "channels,customers", "--today", "2026-03-31", "--include-pii")
    assert elt(*people).code == 0
    request, meanwhile = Session.get, list[bool]()

    def asked(*given: Any, **named: Any) -> Any:
        meanwhile.append(is_open())
        return request(*given, **named)

    monkeypatch.setattr(Session, "get", asked)
    assert elt(*people).code == 0

    assert set(meanwhile) == {False}


def test_a_table_of_runs_that_an_earlier_version_has_made_is_read_and_gets_its_new_column(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    earlier = make_dataclass(
        "EarlierRow", [(one.name, RunRow.__annotations__[one.name]) for one in fields(RunRow) if one.name != "command"]
    )
    with monkeypatch.context() as before:
        before.setitem(HISTORY, RUNS, replace(HISTORY[RUNS], row=earlier))
        assert elt(*SYNC).code == 0
    assert "command" not in rows_of(RUNS)[0]

    assert json.loads(elt("status", "atribu", "--json").out)["runs"][0]["command"] is None
    assert json.loads(elt("history", "atribu", "runs", "--format", "json").out)[0]["command"] is None
    assert elt("verify", "atribu", "--resources", "channels").code == 0
    assert sorted(str(run["command"]) for run in rows_of(RUNS)) == ["None", "verify"]
    assert json.loads(elt("history", "atribu", "runs", "--format", "json").out)[0]["command"] == "verify"


@pytest.mark.slow
def test_a_row_says_when_it_was_loaded_and_is_not_loaded_again_unchanged(serve: Serve, elt: Elt) -> None:
    serve(today=date(2026, 4, 2))
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    first = loaded_at()
    assert all(len(moments) == 1 for moments in first.values())

    with database.connect("local.duckdb") as connection:
        connection.execute("UPDATE atribu.channels SET revenue = revenue + 1 WHERE date = '2026-03-29'")
    assert elt(*SYNC, "--today", "2026-03-31").code == 0

    second = loaded_at()
    changed = {day for day, moments in second.items() if moments != first[day]}
    assert changed == {date(2026, 3, 29)}
    assert min(second[date(2026, 3, 29)]) > max(first[date(2026, 3, 29)])


@pytest.mark.slow
def test_every_table_of_a_run_names_the_profile(serve: Serve, elt: Elt) -> None:
    sandbox = serve(today=date(2026, 4, 2))
    assert elt(*SYNC, "--today", "2026-03-31").code == 0
    with database.connect("local.duckdb") as connection:
        connection.execute("UPDATE atribu.timeseries SET spend = spend + 1")
    assert elt(*SYNC, "--today", "2026-03-31").code == 0

    for table in ("sync_runs", "sync_windows", "restatements"):
        assert {row["profile_id"] for row in rows_of(table)} == {sandbox.settings.profile_id}, table
