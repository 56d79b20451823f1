"""Day after day the tables of people are what the API says on that day, however often a sync was cut off."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests import database
from tests.privacy.conftest import TODAY, Elt, Home, sync
from tests.privacy.people import differing, rows_of

pytestmark = pytest.mark.untraced

FIRST = date(2026, 3, 1)
GHOSTS = """
    INSERT INTO customers SELECT * REPLACE ('gone' AS conversion_id, 'nobody' AS customer_profile_id,
        TIMESTAMPTZ '2026-03-09 12:00:00Z' AS conversion_time) FROM customers LIMIT 1;
    INSERT INTO customers__touch_channels SELECT * REPLACE ('gone' AS conversion_id)
        FROM customers__touch_channels LIMIT 1;
    INSERT INTO journeys SELECT * REPLACE ('nobody' AS customer_profile_id) FROM journeys LIMIT 1;
    INSERT INTO journeys__read SELECT * REPLACE ('nobody' AS customer_profile_id) FROM journeys__read LIMIT 1;
"""
"""Somebody who was listed once, and is not any more."""


def execute(file: Path, sql: str) -> None:
    """Change what is loaded."""
    with database.connect(file) as connection:
        connection.execute(f"USE {file.stem}.atribu_pii")
        connection.execute(sql)


@pytest.mark.sweep
def test_after_each_day_people_are_those_of_that_day(sandbox: Sandbox, elt: Elt, home: Home) -> None:
    for days in (0, 1, 4):
        sandbox.settings.today = TODAY + timedelta(days)
        done = sync(elt, sandbox, pii_policy="keep", horizon_days=20)
        assert done.code == 0, done
        assert not differing(sandbox, FIRST)
        assert "nobody" not in {row["customer_profile_id"] for row in rows_of("journeys__read")}
        execute(home.file, GHOSTS)
        assert differing(sandbox, FIRST) == ["customers", "journeys"]


@pytest.mark.sweep
def test_journeys_go_on_where_they_stopped_best_customers_first(sandbox: Sandbox, elt: Elt) -> None:
    assert sync(elt, sandbox, resources="customers,visitors", pii_policy="keep").code == 0
    read = []
    for code, units in ((3, 13), (0, 1000)):
        spent = sandbox.units_spent
        assert sync(elt, sandbox, "--max-units", str(units), pii_policy="keep").code == code
        assert sandbox.units_spent - spent <= units
        read.append({row["customer_profile_id"] for row in rows_of("journeys__read")})
    assert not differing(sandbox, FIRST)
    worth = {row["customer_profile_id"]: row["total_revenue"] for row in rows_of("customers")}
    assert read[0]
    best = sorted((worth[one] for one in worth if one), reverse=True)
    assert sorted((worth[one] for one in read[0]), reverse=True) == best[: len(read[0])]


@pytest.mark.slow
@pytest.mark.parametrize("others", ["", pytest.param("channels,overview,devices,os,", marks=pytest.mark.sweep)])
def test_what_was_read_today_waits_until_everybodys_journey_is_read(sandbox: Sandbox, elt: Elt, others: str) -> None:
    resources, codes = f"{others}customers,visitors,journeys", list[int]()
    while len(codes) < 60 and (not codes or differing(sandbox, FIRST)):
        codes.append(sync(elt, sandbox, "--max-units", "10", resources=resources, pii_policy="keep").code)
    assert set(codes) == {3}
    assert not differing(sandbox, FIRST)
    asked = [(call.path, tuple(sorted(call.query.items()))) for call in sandbox.log if call.status == 200]
    last = max(place for place, (path, _) in enumerate(asked) if path.startswith("customers/"))
    lists = [one for one in asked[:last] if one[0] in ("customers", "visitors")]
    assert len(lists) == len(set(lists))


ONE_MORE = """
    UPDATE visitors SET customer_profile_id = '{one}', last_seen_at = TIMESTAMPTZ '2026-03-01 00:00:00Z'
    WHERE visitor_id = (SELECT min(visitor_id) FROM visitors WHERE customer_profile_id IS NULL)
"""
ONE_LESS = """
    UPDATE visitors SET customer_profile_id = NULL
    WHERE customer_profile_id = '{one}' AND last_seen_at = TIMESTAMPTZ '2026-03-01 00:00:00Z'
"""
FEWER_FIGURES = """
    UPDATE journeys__read SET figures = json_merge_patch(figures, '{{"visitors": {{"rows": null}}}}')
    WHERE customer_profile_id <> '{one}' AND figures LIKE '%visitors%'
"""
"""As an earlier version of this program has written them, which did not count visitors."""


@pytest.mark.slow
@pytest.mark.duckdb_file("changes JSON by a function that no other has")
def test_a_journey_is_read_again_when_a_visitor_is_found_to_be_theirs_or_is_deleted(
    sandbox: Sandbox, elt: Elt, home: Home
) -> None:
    assert sync(elt, sandbox, pii_policy="keep").code == 0
    known = [{row["customer_profile_id"] or "" for row in rows_of(table)} for table in ("customers", "visitors")]
    one = min(set.intersection(*known) - {""})
    for change, read_again in ((ONE_MORE, [one]), (ONE_LESS, [one]), (FEWER_FIGURES, [])):
        execute(home.file, change.format(one=one))
        before = len(sandbox.log)
        assert sync(elt, sandbox, resources="journeys", pii_policy="keep").code == 0
        asked = [call.path.split("/")[-2] for call in sandbox.log[before:] if call.path.endswith("/journey")]
        assert asked == read_again
    figures = [json.loads(row["figures"]) for row in rows_of("journeys__read")]
    assert all(found["visitors"]["rows"] > 0 for found in figures if "visitors" in found)


@pytest.mark.slow
def test_whoever_is_seen_in_several_ranges_of_a_first_load_is_there_once(sandbox: Sandbox, elt: Elt) -> None:
    sandbox.settings.today = TODAY + timedelta(days=6)  # three ranges, the older two in one load
    assert sync(elt, sandbox, resources="visitors", pii_policy="keep").code == 0
    listed: list[Any] = sandbox.truth_of_visitors(FIRST, sandbox.settings.today)
    assert len(rows_of("visitors")) == len(listed)
    assert len(rows_of("visitors__touch_channels")) == sum(len(row["touch_channels"]) for row in listed)


def test_an_allowance_too_small_for_the_probes_is_an_allowance(sandbox: Sandbox, elt: Elt) -> None:
    done = sync(elt, sandbox, "--max-units", "2")
    assert done.code == 3, done
    assert "not asked:" in done.err
    assert not sandbox.log
