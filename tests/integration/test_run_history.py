"""What a run says of itself in the destination, and what a row says of its last load."""

from datetime import date, datetime

import pytest

from sandbox.atribu import Fault
from tests import database
from tests.integration.conftest import Elt, Serve, rows_of

SYNC = ("sync", "atribu", "--since", "2026-03-28", "--resources", "channels,timeseries")


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
