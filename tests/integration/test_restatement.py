"""The past changes: the tables follow, for the units that the change costs, and `verify` proves it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from sandbox.atribu import Size
from sandbox.atribu.state import Sandbox
from tests import database
from tests.integration.conftest import BroughtAbout, Elt, Serve, rows_of
from tests.integration.truth import CALLS_A_SYNC, CALLS_A_WINDOW, differing_tables

pytestmark = pytest.mark.untraced

FIRST = date(2026, 2, 8)
LAST = date(2026, 2, 20)
EVERY_DAY_CUT_OFF = Size(visits_per_day=1200, conversions_per_day=300, pages=600, reattributed=0.0)
PAGES = ("--resources", "pages,conversions_timeseries")
SMALL = Size(visits_per_day=40, conversions_per_day=8, campaigns=2, ad_sets=1, ads=2, pages=8, keywords=5)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short horizon, proved by sums."""
    monkeypatch.setenv("SOURCES__ATRIBU__RESTATEMENT", "exact")
    monkeypatch.setenv("SOURCES__ATRIBU__HORIZON_DAYS", "10")
    monkeypatch.setenv("SOURCES__ATRIBU__START_DATE", str(FIRST))


@pytest.fixture
def loaded(serve: Serve, elt: Elt, brought_about: BroughtAbout) -> Sandbox:
    """A sandbox of which everything is loaded as of the last day."""
    sandbox = serve(first_day=date(2025, 11, 1), size=SMALL, today=LAST)
    brought_about("restatement", lambda: synced(elt, sandbox, LAST))
    return sandbox


def synced(elt: Elt, sandbox: Sandbox, day: date, *arguments: str) -> int:
    """Sync as of a day; return the units that it has cost."""
    sandbox.settings.today = day
    before = sandbox.units_spent
    result = elt("sync", "atribu", "--today", str(day), *arguments)
    assert result.code == 0, result.err
    return sandbox.units_spent - before


def places(*tables: str) -> dict[str, list[dict[str, int]]]:
    """Where DuckDB keeps the rows of tables; a row that is loaded again has another place."""
    return {table: rows_of(table, columns="rowid") for table in tables}


@pytest.mark.parametrize("days", [1, pytest.param(2, marks=pytest.mark.sweep)])
def test_every_day_equals_the_truth_for_a_fraction_of_the_units(loaded: Sandbox, elt: Elt, days: int) -> None:
    full = CALLS_A_WINDOW * 11 + CALLS_A_SYNC

    for offset in range(1, days + 1):
        today = LAST + timedelta(offset)
        units = synced(elt, loaded, today)

        assert differing_tables(loaded, today - timedelta(10), today) == []
        assert units < full
    assert rows_of("restatements", columns="resource, date, metric, old_value AS old, new_value AS new")


@pytest.mark.slow
def test_a_sync_without_changes_costs_checks_and_the_current_day(loaded: Sandbox, elt: Elt) -> None:
    before = places("timeseries", "channels", "goals")

    units = synced(elt, loaded, LAST)

    checks = current_day = CALLS_A_WINDOW
    assert units == CALLS_A_SYNC + checks + current_day
    assert places("timeseries", "channels", "goals") == before, "rows that are stored already were loaded again"
    assert differing_tables(loaded, FIRST, LAST) == []


@pytest.mark.sweep
def test_with_an_allowance_below_one_search_the_tables_are_true_after_some_runs(loaded: Sandbox, elt: Elt) -> None:
    change("UPDATE channels SET revenue = revenue + 1 WHERE date IN ('2026-02-11', '2026-02-15')")
    few = ("sync", "atribu", "--today", str(LAST), "--resources", "channels", "--max-units", "2")
    codes = [elt(*few).code]
    while codes[-1] == 3 and len(codes) < 12:
        codes.append(elt(*few).code)
    assert codes == [3] * (len(codes) - 1) + [0]
    assert len(codes) > 2, "one search is more than the allowance"
    assert differing_tables(loaded, LAST - timedelta(10), LAST, ["channels"]) == []


@pytest.mark.slow
def test_a_list_that_is_cut_off_over_the_horizon_is_proved_in_shorter_ranges(serve: Serve, elt: Elt) -> None:
    many = replace(SMALL, visits_per_day=300, conversions_per_day=60, pages=140)
    sandbox = serve(first_day=date(2026, 1, 20), size=many, today=LAST)
    chosen = ("--resources", "pages")
    synced(elt, sandbox, LAST, *chosen)

    for offset in (1, 2):
        today = LAST + timedelta(offset)
        sandbox.settings.today = today
        result = elt("sync", "atribu", "--today", str(today), *chosen)
        assert ("it is proved in ranges of" in result.err) == (offset == 1)
        assert differing_tables(sandbox, today - timedelta(10), today, ["pages"]) == []

    proof = elt("verify", "atribu", "--today", str(today), *chosen)
    assert (proof.code, "everything that was compared is equal" in proof.out) == (0, True), proof.err
    assert rows_of("restatements", columns="resource, date, metric")


@pytest.fixture
def cut_off(serve: Serve, elt: Elt) -> Sandbox:
    """A sandbox whose pages are cut off on every day, loaded and looked at once."""
    sandbox = serve(first_day=date(2026, 1, 20), size=EVERY_DAY_CUT_OFF, today=LAST)
    for offset in (0, 1):
        synced(elt, sandbox, LAST + timedelta(offset), *PAGES)
    return sandbox


@pytest.mark.slow
def test_days_that_are_cut_off_are_read_again_where_something_else_shows_that_they_have_changed(
    cut_off: Sandbox, elt: Elt
) -> None:
    for offset in (2, 3):
        today = LAST + timedelta(offset)
        planned = json.loads(elt("plan", "atribu", "--today", str(today), *PAGES, "--json").out)["total"]

        units = synced(elt, cut_off, today, *PAGES)

        assert planned["units_min"] <= units <= planned["units_max"]
        assert differing_tables(cut_off, today - timedelta(10), today, ["pages"]) == []
        run_id = max(rows_of("sync_runs"), key=lambda row: row["started_at"])["run_id"]
        read = [
            row["date_range"]
            for row in rows_of("sync_windows")
            if row["run_id"] == run_id and row["resource"] == "pages"
        ]
        assert len(read) == len(set(read)), "a window costs one call a run"
    assert {row["reason"] for row in rows_of("sync_windows") if row["resource"] == "pages"} >= {"ladder", "restated"}


@pytest.mark.slow
def test_a_proof_that_had_nothing_to_compare_does_not_end_well(cut_off: Sandbox, elt: Elt) -> None:
    today = str(cut_off.settings.today)
    cut = ("--today", today, "--since", "2026-02-19", "--until", "2026-02-20", "--resources")
    proof = elt("verify", "atribu", *cut, "pages")
    assert (proof.code, "nothing was compared" in proof.out) == (4, True)
    assert "not compared, because sums cannot prove it: pages" in proof.err
    assert "nothing was compared, so that nothing is proved" in proof.err
    assert "failed_windows: 0 rows, 0 windows, 0 units" in proof.err.splitlines()[-1]
    document = json.loads(elt("verify", "atribu", *cut, "pages", "--json").out)
    assert (document["compared"], document["not_compared"], document["exit_code"]) == ([], ["pages"], 4)

    others = elt("verify", "atribu", *cut, "pages,conversions_timeseries")
    assert (others.code, "everything that was compared is equal" in others.out) == (0, True)
    assert "not compared, because sums cannot prove it: pages" in others.err


@pytest.mark.slow
def test_what_a_run_has_seen_that_ended_before_its_checks_tells_the_next_one_where_days_cancel_out(
    loaded: Sandbox, elt: Elt
) -> None:
    today = LAST + timedelta(1)
    assert synced(elt, loaded, today)
    resources = ["channels", "conversions_timeseries"]
    change("UPDATE channels SET conversions = conversions + 1 WHERE date = '2026-02-12' AND value = 'Direct'")
    change("UPDATE channels SET conversions = conversions - 1 WHERE date = '2026-02-13' AND value = 'Direct'")
    series = "UPDATE conversions_timeseries SET count = count "
    change(series + "+ 1 WHERE date = '2026-02-12' AND event_type = 'lead_created'")
    change(series + "- 1 WHERE date = '2026-02-13' AND event_type = 'lead_created'")
    assert differing_tables(loaded, FIRST, today, resources) == resources
    today += timedelta(1)
    loaded.settings.today = today
    asked = ("sync", "atribu", "--today", str(today), "--resources", ",".join(resources))

    codes = [elt(*asked, "--max-units", "2").code for _ in range(10)]

    assert set(codes) <= {0, 3}
    assert differing_tables(loaded, today - timedelta(9), today, resources) == []


@pytest.mark.slow
def test_a_proof_names_what_it_compares_only_where_it_reads_and_what_not_at_all(loaded: Sandbox, elt: Elt) -> None:
    proof = ("verify", "atribu", "--today", str(loaded.settings.today), "--resources", "campaigns,timeseries")
    said = elt(*proof)
    assert said.code == 0, said.err
    assert "campaigns: roas do not add up over days; they are compared on days that are read again" in said.err
    assert "campaigns: campaign_name, ad_set_name, ad_name are no figures, and not compared" in said.err
    assert "timeseries:" not in said.err
    document = json.loads(elt(*proof, "--json").out)
    assert document["compared_where_read"] == {"campaigns": ["roas"]}
    assert document["texts_not_compared"] == {"campaigns": ["campaign_name", "ad_set_name", "ad_name"]}


@pytest.mark.sweep
def test_what_an_allowance_has_kept_from_being_read_again_is_read_by_the_next_run(cut_off: Sandbox, elt: Elt) -> None:
    today = LAST + timedelta(2)
    cut_off.settings.today = today
    few = elt("sync", "atribu", "--today", str(today), *PAGES, "--max-units", "8")
    assert (few.code, differing_tables(cut_off, today - timedelta(10), today, ["pages"])) == (3, ["pages"])

    synced(elt, cut_off, today, *PAGES)

    assert differing_tables(cut_off, today - timedelta(10), today, ["pages"]) == []


@pytest.mark.sweep
def test_days_that_changed_during_a_long_pause_are_found(loaded: Sandbox, elt: Elt) -> None:
    later = LAST + timedelta(75)

    synced(elt, loaded, later, "--resources", "channels,campaigns,overview,timeseries")

    horizon = LAST - timedelta(10)
    assert differing_tables(loaded, horizon, LAST, ["channels", "campaigns", "overview", "timeseries"]) == []


@pytest.mark.sweep
def test_a_server_that_rounds_shares_raises_no_alarm_every_day(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "linear")
    sandbox = serve(first_day=date(2025, 11, 1), size=SMALL)
    resources = ("--resources", "campaigns,overview")
    synced(elt, sandbox, LAST, *resources)
    synced(elt, sandbox, LAST, *resources)

    units = synced(elt, sandbox, LAST, *resources)

    checks = current_day = 4
    assert units == checks + current_day


@pytest.mark.sweep
def test_lists_that_are_cut_off_are_read_again_by_age_and_reported(serve: Serve, elt: Elt) -> None:
    sandbox = serve(first_day=date(2025, 11, 1), size=Size(conversions_per_day=8, keywords=300))
    synced(elt, sandbox, LAST, "--resources", "keywords")
    sandbox.settings.today = LAST + timedelta(1)

    result = elt("sync", "atribu", "--today", str(LAST + timedelta(1)), "--resources", "keywords")

    assert result.code == 0
    assert "2026-02-19: the API cuts this list off" in result.err
    assert "keywords: the API cuts off the lists of" in result.err
    synced(elt, sandbox, LAST + timedelta(2), "--resources", "keywords")

    units = synced(elt, sandbox, LAST + timedelta(3), "--resources", "keywords")

    latest = sorted(rows_of("sync_windows"), key=lambda row: row["read_at"])[-units:]
    assert sorted((row["reason"], row["date_range"]) for row in latest) == [
        ("check", "2026-02-14"),  # it has no rows, and is proved like any other day
        ("check", "2026-02-21"),  # had no rows when it was new, so that nobody knows yet that it is cut off
        ("ladder", "2026-02-16"),
        ("ladder", "2026-02-20"),
        ("new", "2026-02-22"),
        ("new", "2026-02-23"),
    ]


def change(statement: str) -> None:
    """Change a table by hand."""
    with database.connect("local.duckdb") as connection:
        connection.execute("USE atribu")
        connection.execute(statement)


def deleted() -> None:
    change("DELETE FROM channels WHERE date = '2026-02-12'")


def doubled() -> None:
    change("INSERT INTO channels SELECT * FROM channels WHERE date = '2026-02-12' ORDER BY value LIMIT 1")


def changed() -> None:
    change("UPDATE channels SET revenue = revenue + 0.01 WHERE date = '2026-02-12'")


def changed_series() -> None:
    change("UPDATE timeseries SET spend = spend + 1 WHERE date = '2026-02-12'")


@pytest.mark.slow
@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(deleted, marks=pytest.mark.sweep),
        pytest.param(doubled, marks=pytest.mark.sweep),
        changed,
        pytest.param(changed_series, marks=pytest.mark.sweep),
    ],
)
def test_verify_names_the_resource_and_the_day_and_repair_mends_it(
    loaded: Sandbox, elt: Elt, tamper: Callable[[], None]
) -> None:
    arguments = ("verify", "atribu", "--today", str(LAST))
    assert elt(*arguments).code == 0
    tamper()

    found = elt(*arguments)

    assert found.code == 4
    resource = "timeseries" if tamper is changed_series else "channels"
    assert f"{resource} 2026-02-12" in found.out
    assert found.out.count("2026-02-") == found.out.count("2026-02-12")
    proof = max(rows_of("sync_runs"), key=lambda run: run["started_at"])
    assert (proof["outcome"], proof["exit_code"]) == ("failed_windows", 4)
    assert elt(*arguments, "--repair").code == 0
    assert elt(*arguments).code == 0
    assert differing_tables(loaded, FIRST, LAST) == []
