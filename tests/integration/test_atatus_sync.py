"""Atatus end to end: every cell equals the server's truth, also after it has changed, for as few calls as it takes."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.atatus import PROJECTS, QUIET_PROJECT, Fault
from sandbox.atatus.state import Sandbox
from tests import database
from tests.integration.atatus_truth import asks_for_days, days_asked, days_planned, loaded, stats_truth, truth
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

FIRST, LAST = date(2026, 3, 10), date(2026, 3, 16)
SINCE = ("--since", str(FIRST))


def on(day: date) -> tuple[str, str]:
    return "--today", str(day)


def synced(elt: Elt, sandbox: Sandbox, day: date, *arguments: str) -> int:
    """Sync as of a day; return the calls for days that it has cost."""
    sandbox.settings.as_of = day
    before = days_asked(sandbox)
    result = elt("sync", "atatus", *on(day), *arguments)
    assert result.code == 0, result.err
    return days_asked(sandbox) - before


def assert_truth(sandbox: Sandbox, last: date, projects: tuple[str, ...] = PROJECTS) -> None:
    assert loaded("transactions") == truth(sandbox, projects, FIRST, last)
    assert loaded("transaction_stats") == stats_truth(sandbox, projects, FIRST, last)


@pytest.fixture(autouse=True)
def start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__START_DATE", str(FIRST))


@pytest.mark.slow
def test_every_cell_is_the_truth_day_after_day_for_a_call_per_window(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus()

    first = synced(elt, sandbox, LAST)

    assert first == 7 * len(PROJECTS)
    assert_truth(sandbox, LAST)
    for offset in (1, 2):
        synced(elt, sandbox, LAST + timedelta(offset))
        assert_truth(sandbox, LAST + timedelta(offset))
    assert {row["resource"] for row in restatements()} == {"transactions"}
    assert "success_time" in {row["metric"] for row in restatements()}


def restatements() -> list[dict[str, Any]]:
    with database.connect("local.duckdb", read_only=True) as connection:
        values = "resource, variant, dimension_value AS key, metric, old_value AS old, new_value AS new"
        found = connection.sql(f"SELECT {values} FROM atatus.restatements")  # noqa: S608 - the columns above
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.mark.slow
def test_rows_are_committed_before_they_become_too_many_whatever_they_cost(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.running.loader.ROWS_MAX", 1)
    monkeypatch.setenv("SOURCES__ATATUS__MAX_IN_FLIGHT", "1")
    sandbox = serve_atatus()

    assert synced(elt, sandbox, LAST) == 7 * len(PROJECTS)

    assert_truth(sandbox, LAST)
    with database.connect("local.duckdb", read_only=True) as connection:
        ((packages,),) = connection.sql("SELECT count(*) FROM atatus._dlt_loads").fetchall()
    assert packages > len(PROJECTS) * 7 // 3  # two or three calls each, and the run's beginning and end


def test_a_second_sync_costs_a_check_and_the_current_day_per_project_as_the_plan_says(
    serve_atatus: ServeAtatus, elt: Elt
) -> None:
    sandbox = serve_atatus()
    for expected in (7, 2):
        plan = json.loads(elt("plan", "atatus", *on(LAST), "--json").out)
        spent = synced(elt, sandbox, LAST)
        assert days_planned(plan) == spent == expected * len(PROJECTS)


@pytest.mark.sweep
def test_a_project_without_events_has_stats_of_nothing_and_no_rows(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus()
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", f"{PROJECTS[0]},{QUIET_PROJECT}")

    synced(elt, sandbox, LAST)

    assert_truth(sandbox, LAST, (PROJECTS[0], QUIET_PROJECT))


@pytest.mark.sweep
def test_weeks_are_asked_for_from_monday_to_monday(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__GRAIN", "week")
    sandbox = serve_atatus()
    synced(elt, sandbox, date(2026, 3, 15))

    asked = {(call.query["timeStart"], call.query["timeEnd"]) for call in sandbox.log if asks_for_days(call.query)}
    assert asked == {("2026-03-09 00:00", "2026-03-16 00:00")}


@pytest.mark.slow
def test_status_says_how_far_each_project_is_loaded_and_check_asks_for_each(
    serve_atatus: ServeAtatus, elt: Elt
) -> None:
    sandbox = serve_atatus()
    synced(elt, sandbox, LAST)

    found = json.loads(elt("status", "atatus", "--json").out)["resources"]
    checked = elt("check", "atatus")

    assert [(one["variant"], one["first_day"], one["complete_to"], one["open_days"]) for one in found] == [
        (project, str(FIRST), str(LAST - timedelta(1)), 0) for project in PROJECTS
    ]
    assert checked.code == 0
    assert all(f"transactions {project}" in checked.out for project in PROJECTS)
    assert "belongs to" not in checked.out


def change(statement: str) -> None:
    with database.connect("local.duckdb") as connection:
        connection.execute("USE atatus")
        connection.execute(statement)


@pytest.mark.sweep
def test_verify_finds_a_changed_cell_of_either_table_and_repairs_its_day(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus()
    synced(elt, sandbox, LAST)
    for table, project, day in (("transactions", 0, "2026-03-12"), ("transaction_stats", 1, "2026-03-14")):
        where = f"WHERE date = '{day}' AND project_id = '{PROJECTS[project]}'"
        change(f"UPDATE {table} SET total_count = total_count + 1 {where}")  # noqa: S608 - the test's own names

    found = elt("verify", "atatus", *on(LAST), "--repair")

    assert f"transactions {PROJECTS[0]} 2026-03-12: " in found.out
    assert f"transactions {PROJECTS[1]} 2026-03-14: total_count is" in found.out
    assert found.out.count("2026-03-") == found.out.count("2026-03-12") + 1
    assert elt("verify", "atatus", *on(LAST)).code == 0
    assert_truth(sandbox, LAST)


@pytest.mark.sweep
def test_a_table_that_was_dropped_by_hand_is_loaded_again(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus()
    synced(elt, sandbox, LAST)
    change("DROP TABLE transaction_stats")

    synced(elt, sandbox, LAST)

    assert_truth(sandbox, LAST)


@pytest.mark.slow
def test_a_list_that_the_server_cuts_off_is_told_by_its_stats(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus(row_cap=2)

    result = elt("sync", "atatus", *on(LAST), "--since", str(LAST - timedelta(1)))

    assert result.code == 0
    assert "the API cuts this list off" in result.err
    stats = loaded("transaction_stats")
    assert [row["total_count"] for row in stats] == [
        row["total_count"] for row in stats_truth(sandbox, PROJECTS, LAST - timedelta(1), LAST)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("resource", ["transaction_stats", pytest.param("transactions", marks=pytest.mark.sweep)])
def test_either_table_may_be_named_for_both_are_answered_by_one_call(
    serve_atatus: ServeAtatus, elt: Elt, resource: str
) -> None:
    sandbox = serve_atatus()
    assert synced(elt, sandbox, LAST, "--since", str(LAST), "--resources", resource) == len(PROJECTS)
    assert loaded("transaction_stats")
    assert loaded("transactions")


@pytest.mark.sweep
def test_no_content_is_no_rows_and_said_aloud(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus()
    synced(elt, sandbox, LAST)
    sandbox.faults.append(Fault(f"projects/{PROJECTS[0]}/*", "204", times=None))

    result = elt("sync", "atatus", *on(LAST), "--full")

    assert result.code == 0
    assert f"transactions {PROJECTS[0]} 2026-03-10..2026-03-16: the API sends no content (204)" in result.err
    for table in ("transactions", "transaction_stats"):
        assert {row["project_id"] for row in loaded(table)} == {PROJECTS[1]}


@pytest.mark.slow
def test_an_unknown_field_becomes_a_column_and_is_reported(serve_atatus: ServeAtatus, elt: Elt) -> None:
    serve_atatus().faults.append(Fault("*", "unknown_field", times=None))

    result = elt("sync", "atatus", *on(LAST), "--since", str(LAST))

    assert "transactions: the API sends the unknown field a_new_field" in result.err
    assert {row["a_new_field"] for row in loaded("transactions")} == {1.0}


@pytest.mark.slow
def test_an_odd_body_costs_only_its_window(serve_atatus: ServeAtatus, elt: Elt) -> None:
    sandbox = serve_atatus()
    sandbox.faults.append(Fault(f"projects/{PROJECTS[0]}/*", "html", times=1, match=asks_for_days))

    result = elt("sync", "atatus", *on(LAST), "--since", str(LAST - timedelta(1)))

    assert result.code == 4
    assert result.err.count("failed:") == 1
    assert len({(row["project_id"], row["date"]) for row in loaded("transaction_stats")}) == 3


@pytest.mark.slow
def test_the_sandbox_needs_no_key(elt: Elt) -> None:
    result = elt("sync", "atatus", "--sandbox", "--today", "2026-03-31", "--since", "2026-03-31")
    rows = rows_of("transaction_stats", "sandbox.duckdb", dataset="atatus")
    assert (result.code, len(rows)) == (0, 2)


@pytest.mark.slow
def test_details_cost_a_call_per_transaction_and_one_for_their_ids_as_the_plan_says(
    serve_atatus: ServeAtatus, elt: Elt
) -> None:
    sandbox = serve_atatus()
    arguments = ("--since", str(LAST), "--until", str(LAST), "--resources")
    later = LAST + timedelta(1)
    synced(elt, sandbox, later, *arguments, "transactions")
    plan = json.loads(elt("plan", "atatus", *on(later), *arguments, "transaction_details", "--json").out)

    spent = synced(elt, sandbox, later, *arguments, "transaction_details")

    rows = truth(sandbox, PROJECTS, LAST, LAST)
    assert days_planned(plan) == spent == len(rows) + len(PROJECTS)
    details = rows_of("transaction_details", "local.duckdb", dataset="atatus")
    figures = ("project_id", "date", "total_count", "success_time")
    assert sorted((row["transaction_id"], *(row[name] for name in figures)) for row in details) == sorted(
        (row["id"], *(row[name] for name in figures)) for row in rows
    )


@pytest.mark.slow
def test_projects_that_have_names_give_them_to_their_rows_also_to_those_that_are_loaded(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus()
    synced(elt, sandbox, LAST, "--since", str(LAST))
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", json.dumps({"web": PROJECTS[0], "app": PROJECTS[1]}))

    synced(elt, sandbox, LAST, "--since", str(LAST))

    for table in ("transactions", "transaction_stats"):
        named = {(row["project_id"], row["project_name"]) for row in loaded(table)}
        assert named == {(PROJECTS[0], "web"), (PROJECTS[1], "app")}
