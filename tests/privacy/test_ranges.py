"""Each row of a person equals what one question answers over the range that the row says, however it was read."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pytest

from sandbox.atribu import Fault, Population
from sandbox.atribu.state import Sandbox
from tests import database
from tests.privacy.conftest import TODAY, Elt, Home, sync
from tests.privacy.people import GOALS, OWN, SMALL, comparable, rows_of
from tests.processes import served
from tests.warehouses import TO_THE_WAREHOUSE, postgres_databases

pytestmark = pytest.mark.untraced

FIRST: Final = date(2026, 3, 1)
LONG_AGO: Final = date(2026, 2, 15)
KEYS: Final = {"customers": ("goal", "conversion_id"), "visitors": ("visitor_id",)}
GHOSTS: Final = """
    INSERT INTO visitors SELECT * REPLACE (visitor_id || '-gone' AS visitor_id) FROM visitors
        WHERE last_seen_at < TIMESTAMPTZ '2026-03-12 00:00:00Z';
    INSERT INTO visitors SELECT * REPLACE ('kept' AS visitor_id, TIMESTAMPTZ '2026-01-02 00:00:00Z' AS last_seen_at)
        FROM visitors LIMIT 1;
"""
"""Visitors who are not listed any more, and one of a time that nobody asks for."""

PEOPLE: Final = "customers,visitors"


def wrong_rows(
    sandbox: Sandbox,
    *,
    tables: Sequence[str] = tuple(KEYS),
    listed_in: tuple[date, date] | None = None,
    read: Callable[[str], list[dict[str, Any]]] = rows_of,
) -> list[Any]:
    """Rows that are not what one question answers over the range that they say, and listed ones that are not loaded."""
    wrong: list[Any] = []
    for table in tables:
        keys = KEYS[table]
        answers: dict[Any, dict[Any, dict[str, Any]]] = {}

        def asked(first: date, last: date, table: str = table, answers: Any = answers) -> dict[Any, dict[str, Any]]:
            if (first, last) not in answers:
                rows = (
                    [{**row, "goal": goal} for goal in GOALS for row in sandbox.truth_of_customers(goal, first, last)]
                    if table == "customers"
                    else sandbox.truth_of_visitors(first, last)
                )
                answers[first, last] = {tuple(row[name] for name in KEYS[table]): row for row in rows}
            found: dict[Any, dict[str, Any]] = answers[first, last]
            return found

        channels: dict[Any, list[str]] = {}
        for item in sorted(read(f"{table}__touch_channels"), key=lambda item: item["position"]):
            channels.setdefault(tuple(item[name] for name in keys), []).append(item["value"])
        loaded = {tuple(row[name] for name in keys): row for row in read(table)}
        for key, row in loaded.items():
            there = asked(row["figures_from"], row["figures_to"]).get(key)
            here = {**row, "touch_channels": channels.get(key, [])}
            if there is None or comparable([here]) != comparable([there]):
                wrong.append((table, here, there))
        if listed_in:
            wrong += [(table, key, "missing") for key in asked(*listed_in).keys() - loaded.keys()]
    return wrong


def ranges(table: str) -> Counter[tuple[date, date]]:
    """How many rows say each range."""
    return Counter((row["figures_from"], row["figures_to"]) for row in rows_of(table))


@pytest.fixture
def ranged(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A server whose figures are of the range that is asked for."""
    sandbox.settings.figures = "range"
    yield sandbox
    sandbox.settings.figures = "lifetime"


@pytest.mark.slow
def test_rows_say_the_range_of_the_one_question_that_they_answer(ranged: Sandbox, elt: Elt) -> None:
    assert sync(elt, ranged, resources=PEOPLE, pii_policy="keep").code == 0
    calls = [call for call in ranged.log if call.query.get("date_from") == str(FIRST)]
    assert sorted(call.path for call in calls if call.path in KEYS) == [*(["customers"] * len(GOALS)), "visitors"]
    for table in KEYS:
        assert set(ranges(table)) == {(FIRST, TODAY)}
    assert not wrong_rows(ranged, listed_in=(FIRST, TODAY))

    ranged.settings.today = TODAY + timedelta(8)
    assert sync(elt, ranged, resources=PEOPLE, pii_policy="keep", horizon_days=5).code == 0
    horizon = TODAY - timedelta(5), TODAY + timedelta(8)
    assert not wrong_rows(ranged, listed_in=horizon)
    assert set(ranges("visitors")) == {(FIRST, TODAY), horizon}


@pytest.mark.sweep
def test_rows_say_the_range_that_they_answer_in_a_warehouse_too(
    ranged: Sandbox, elt: Elt, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_databases(tmp_path_factory.mktemp("pg")) as make:
        warehouse = make("people")

        def read(table: str) -> list[dict[str, Any]]:
            names = [
                name for name in warehouse.columns(exact=True)[f"atribu_pii.{table}"] if name.strip('"') not in OWN
            ]
            found = warehouse.ask(f"SELECT {', '.join(names)} FROM atribu_pii.{table}")  # noqa: S608 - names of the database
            return [dict(zip([name.strip('"') for name in names], row, strict=True)) for row in found]

        monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", warehouse.credentials)
        assert sync(elt, ranged, *TO_THE_WAREHOUSE, resources=PEOPLE, pii_policy="keep").code == 0
        assert not wrong_rows(ranged, listed_in=(FIRST, TODAY), read=read)

        ranged.settings.today = TODAY + timedelta(8)
        assert sync(elt, ranged, *TO_THE_WAREHOUSE, resources=PEOPLE, pii_policy="keep", horizon_days=5).code == 0
        horizon = TODAY - timedelta(5), TODAY + timedelta(8)
        assert not wrong_rows(ranged, listed_in=horizon, read=read)
        assert {(row["figures_from"], row["figures_to"]) for row in read("visitors")} == {(FIRST, TODAY), horizon}


@pytest.mark.sweep
def test_day_after_day_no_row_differs_from_the_one_question_that_it_says(ranged: Sandbox, elt: Elt) -> None:
    for later in range(9):
        ranged.settings.today = TODAY + timedelta(later)
        units = planned(elt, ranged)
        spent = ranged.units_spent
        assert sync(elt, ranged, pii_policy="keep", horizon_days=40).code == 0
        assert units["units_min"] <= ranged.units_spent - spent
        if later:
            assert ranged.units_spent - spent <= units["units_max"]
        else:
            assert units["units_max"] is None
        assert not wrong_rows(ranged, listed_in=(FIRST, ranged.settings.today))
        assert not differing_journeys(ranged)
    units, spent = planned(elt, ranged), ranged.units_spent
    assert sync(elt, ranged, pii_policy="keep", horizon_days=40).code == 0
    assert units["units"] == ranged.units_spent - spent


def planned(elt: Elt, sandbox: Sandbox) -> dict[str, Any]:
    """Sums of a plan of everything personal."""
    asked = ("--today", str(sandbox.settings.today), "--resources", "customers,visitors,journeys", "--json")
    total: dict[str, Any] = json.loads(elt("plan", *asked, horizon_days=40).out)["total"]
    return total


def differing_journeys(sandbox: Sandbox) -> set[str]:
    """People whose journey is not what the API says now."""
    loaded: dict[str, list[dict[str, Any]]] = {row["customer_profile_id"]: [] for row in rows_of("customers")}
    for row in sorted(rows_of("journeys"), key=lambda row: row["position"]):
        own = {name: value for name, value in row.items() if name not in ("customer_profile_id", "position")}
        loaded[row["customer_profile_id"]].append(own)
    return {
        one for one, events in loaded.items() if one and comparable(events) != comparable(sandbox.truth_of_journey(one))
    }


@pytest.mark.sweep
def test_figures_that_an_earlier_version_has_written_do_not_bring_journeys_again(
    ranged: Sandbox, elt: Elt, home: Home
) -> None:
    assert sync(elt, ranged, pii_policy="keep").code == 0
    written = {row["customer_profile_id"]: row["figures"] for row in rows_of("journeys__read")}
    with database.connect(home.file) as connection:
        connection.execute(f"USE {home.file.stem}.atribu_pii")
        for who, text in written.items():
            lists = {
                "customers": [*map(json.loads(text)["customers"].get, ("conversion_time", "touch_count")), 7, 8.5],
                **({"visitors": [json.loads(text)["visitors"]["last_seen_at"], 1, 2, 3]} if "visitors" in text else {}),
            }
            changes = [json.dumps(lists), who]
            connection.execute("UPDATE journeys__read SET figures = ? WHERE customer_profile_id = ?", changes)
        connection.execute("ALTER TABLE visitors DROP COLUMN figures_from")
        connection.execute("ALTER TABLE visitors ADD COLUMN figures_from DATE")
        connection.execute("UPDATE visitors SET figures_to = NULL")
    ranged.log.clear()
    assert sync(elt, ranged, pii_policy="keep").code == 0
    assert [call.path for call in ranged.log if "journey" in call.path] == []
    assert {row["customer_profile_id"]: row["figures"] for row in rows_of("journeys__read")} == written
    assert set(ranges("visitors")) == {(FIRST, TODAY)}


@pytest.mark.sweep
def test_moving_the_start_back_leaves_rows_of_newer_ranges_alone(ranged: Sandbox, elt: Elt) -> None:
    assert sync(elt, ranged, resources=PEOPLE, pii_policy="keep", start_date="2026-03-08", horizon_days=2).code == 0
    assert sync(elt, ranged, resources=PEOPLE, pii_policy="keep", horizon_days=2).code == 0
    assert not wrong_rows(ranged, listed_in=(FIRST, TODAY))
    assert set(ranges("visitors")) == {
        (FIRST, date(2026, 3, 7)),
        (date(2026, 3, 8), TODAY),
        (TODAY - timedelta(2), TODAY),
    }


@pytest.mark.sweep
def test_figures_of_another_range_do_not_make_journeys_look_changed(ranged: Sandbox, elt: Elt) -> None:
    assert sync(elt, ranged, pii_policy="keep", horizon_days=30).code == 0
    ranged.log.clear()
    assert sync(elt, ranged, pii_policy="keep", horizon_days=3).code == 0
    assert [call.path for call in ranged.log if "journey" in call.path] == []
    assert len(set(ranges("visitors"))) == 2


@pytest.fixture(scope="module")
def served_crowd() -> Iterator[tuple[Sandbox, str]]:
    """Serve so many people that a list is read in several parts."""
    people = Population(customers=900, goal=GOALS[0], days=20, change=0.02)
    with served(first_day=date(2026, 2, 1), today=TODAY, size=SMALL, population=people) as both:
        yield both


@pytest.fixture
def crowd(served_crowd: tuple[Sandbox, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    found, url = served_crowd
    found.faults.clear()
    found.log.clear()
    found.settings.today, found.settings.figures = TODAY, "range"
    for name, value in {
        "BASE_URL": url,
        "RATE_LIMIT": 6,
        "RATE_PERIOD": 0.1,
        "START_DATE": "2026-02-15",
        "GOALS": GOALS[0],
        "HORIZON_DAYS": 30,
        "PII_POLICY": "keep",
    }.items():
        monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", str(value))
    assert sandbox
    return found


@pytest.mark.sweep
def test_a_long_list_that_is_cut_off_by_the_allowance_goes_on_page_by_page(crowd: Sandbox, elt: Elt) -> None:
    whole = -(-len(crowd.truth_of_visitors(LONG_AGO, TODAY)) // 100)
    assert whole > 6
    codes: list[int] = []
    loaded: list[int] = []
    while not codes or codes[-1] == 3:
        spent = crowd.units_spent
        codes.append(sync(elt, crowd, "--max-units", "9", resources="visitors").code)
        assert crowd.units_spent - spent <= 9
        loaded.append(len(rows_of("visitors")))
    assert codes == [*[3] * (len(codes) - 1), 0]
    assert loaded == sorted(set(loaded))
    pages = [call for call in crowd.log if call.query["date_from"] == str(LONG_AGO)]
    assert len(pages) == whole
    assert set(ranges("visitors")) == {(LONG_AGO, TODAY)}
    assert not wrong_rows(crowd, tables=["visitors"], listed_in=(LONG_AGO, TODAY))


@pytest.mark.sweep
def test_a_list_that_is_gone_on_with_on_later_days_loads_those_days_first(crowd: Sandbox, elt: Elt) -> None:
    for later in range(3):
        crowd.settings.today = TODAY + timedelta(later)
        allowed = "9" if later else "12"  # only the first day asks about the scope
        assert sync(elt, crowd, "--max-units", allowed, resources="visitors").code == 3
        seen = {row["visitor_id"] for row in crowd.truth_of_visitors(crowd.settings.today, crowd.settings.today)}
        assert seen <= {row["visitor_id"] for row in rows_of("visitors")}
    assert sync(elt, crowd, resources="visitors").code == 0
    assert {row["visitor_id"] for row in rows_of("visitors")} == {
        row["visitor_id"] for row in crowd.truth_of_visitors(LONG_AGO, crowd.settings.today)
    }
    crowd.settings.today += timedelta(1)
    assert sync(elt, crowd, resources="visitors").code == 0
    assert not wrong_rows(crowd, tables=["visitors"], listed_in=(LONG_AGO, crowd.settings.today))


@pytest.mark.sweep
def test_a_list_that_leads_nowhere_is_begun_anew_by_the_next_sync(crowd: Sandbox, elt: Elt) -> None:
    assert sync(elt, crowd, "--max-units", "9", resources="visitors").code == 3
    crowd.faults.append(Fault("visitors", "no_cursor", times=None))
    assert sync(elt, crowd, resources="visitors").code == 4
    crowd.faults.clear()
    crowd.log.clear()
    assert sync(elt, crowd, resources="visitors").code == 0
    assert "cursor_id" not in next(call.query for call in crowd.log if call.path == "visitors")
    assert not wrong_rows(crowd, tables=["visitors"], listed_in=(LONG_AGO, TODAY))


@pytest.mark.sweep
def test_where_reading_everybody_costs_too_much_the_newest_pages_are_read_and_all_of_them_every_week(
    crowd: Sandbox, elt: Elt
) -> None:
    assert sync(elt, crowd, resources="visitors").code == 0
    calls = []
    for later in (1, 2, 7):
        crowd.settings.today = TODAY + timedelta(later)
        crowd.log.clear()
        done = sync(elt, crowd, resources="visitors", reread_units=3)
        assert done.code == 0
        assert "more than reread_units (3)" in done.err
        calls.append(len(crowd.log))
        week = crowd.settings.today - timedelta(6), crowd.settings.today
        listed = {row["visitor_id"] for row in crowd.truth_of_visitors(*week)}
        says = {row["visitor_id"]: row["figures_to"] for row in rows_of("visitors")}
        assert {says[one] for one in listed} == {crowd.settings.today}
    assert calls[0] < calls[2] >= 9
    assert set(ranges("visitors")) == {(LONG_AGO, crowd.settings.today)}
    assert not wrong_rows(crowd, tables=["visitors"], listed_in=(LONG_AGO, crowd.settings.today))


@pytest.mark.sweep
def test_whoever_vanishes_from_a_list_of_several_parts_is_deleted(
    crowd: Sandbox, elt: Elt, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.running.config.SLICE_UNITS_MAX", 6)
    assert sync(elt, crowd, resources="visitors").code == 0
    before = len(rows_of("visitors"))
    with database.connect(home.file) as connection:
        connection.execute(f"USE {home.file.stem}.atribu_pii")
        connection.execute(GHOSTS)
    assert len(rows_of("visitors")) > before + 100
    assert sync(elt, crowd, resources="visitors").code == 0
    assert len(rows_of("visitors")) == before + 1
    windows = [row for row in rows_of("sync_windows") if row["resource"] == "visitors"]
    assert [row["row_count"] for row in windows] == [before, before]
    assert [row["cursor"] for row in rows_of("open_pages")] == [None]
