"""Somebody whose journey the API cannot give keeps nobody else's from being loaded, and is asked for again later."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.atribu import Fault
from sandbox.atribu.state import Sandbox
from tests import database
from tests.privacy.conftest import TODAY, Elt, sync
from tests.privacy.people import rows_of

pytestmark = pytest.mark.untraced


def asked(sandbox: Sandbox, who: str) -> int:
    """How often somebody's journey was asked for, since the last time."""
    found = sum(f"/{who}/" in str(call) for call in sandbox.log)
    sandbox.log.clear()
    return found


@pytest.mark.sweep
def test_the_failure_of_one_person_is_noted_and_asked_again_with_growing_gaps(sandbox: Sandbox, elt: Elt) -> None:
    assert sync(elt, sandbox, resources="customers,visitors").code == 0
    people: set[Any] = {row["customer_profile_id"] for row in rows_of("customers")} - {None}
    who = min(people)
    sandbox.faults.append(Fault(f"customers/{who}/journey", "html", times=None))

    for days, expected, again in ((0, 1, 1), (0, 0, 1), (1, 1, 3), (2, 0, 3), (3, 1, 7)):
        sandbox.settings.today = TODAY + timedelta(days)
        sandbox.log.clear()
        done = sync(elt, sandbox)
        assert done.code == 0, done
        assert f"journeys of 1 people not read; asked again from {TODAY + timedelta(again)}" in done.err
        assert who not in done.said
        assert asked(sandbox, who) == expected

    known = {row["customer_profile_id"]: row for row in rows_of("journeys__read")}
    assert (known[who]["figures"], known[who]["failures"]) == (None, 3)
    everybody = len({row["customer_profile_id"] for row in rows_of("customers")} - {None})
    told = f"journeys: of {everybody - 1} of {everybody} people since their last conversion or visit"
    assert told in " ".join(elt("status").out.split())

    with database.connect("local.duckdb") as connection:  # as a clock does that goes wrong
        connection.execute("UPDATE atribu_pii.journeys__read SET ask_again = '2031-01-01' WHERE ask_again IS NOT NULL")
    assert sync(elt, sandbox).code == 0
    assert asked(sandbox, who) == 1

    sandbox.faults.clear()
    sandbox.settings.today = TODAY + timedelta(11)
    done = sync(elt, sandbox)
    assert (done.code, "not read" in done.err) == (0, False), done
    assert {row["customer_profile_id"]: row for row in rows_of("journeys__read")}[who]["failures"] is None


@pytest.mark.sweep
def test_few_people_whose_journeys_all_fail_are_a_failure_of_the_endpoint(sandbox: Sandbox, elt: Elt) -> None:
    few: dict[str, Any] = {"START_DATE": str(TODAY - timedelta(2)), "HORIZON_DAYS": 0}
    sandbox.faults.append(Fault("customers/*/journey", "html", times=None))

    for _ in range(2):  # there are no gaps where nobody can be read
        failed = sync(elt, sandbox, **few)
        people: set[Any] = {row["customer_profile_id"] for row in rows_of("customers")} - {None}
        assert 0 < len(people) < 5
        assert failed.code == 4, failed
        assert sum("/journey" in str(call) for call in sandbox.log) == len(people)
        sandbox.log.clear()

    sandbox.faults.clear()
    assert sync(elt, sandbox, **few).code == 0
    assert {row["customer_profile_id"] for row in rows_of("journeys__read") if row["figures"]} == people


@pytest.mark.sweep
def test_journeys_outlive_a_table_of_their_people_that_was_dropped(sandbox: Sandbox, elt: Elt) -> None:
    few: dict[str, Any] = {"START_DATE": str(TODAY - timedelta(2)), "HORIZON_DAYS": 0}
    assert sync(elt, sandbox, **few).code == 0
    before = rows_of("journeys")
    assert before
    with database.connect("local.duckdb") as connection:
        connection.execute("DROP TABLE atribu_pii.customers")
    for _ in range(2):  # the first one makes the table again, without rows
        assert sync(elt, sandbox, resources="journeys", **few).code == 0
        assert rows_of("journeys") == before


@pytest.mark.sweep
def test_what_an_earlier_version_knew_of_journeys_goes_on(sandbox: Sandbox, elt: Elt, home: Any) -> None:
    assert sync(elt, sandbox).code == 0
    with database.connect(home.file) as connection:
        for name in ("failures", "ask_again"):
            connection.execute(f"ALTER TABLE local.atribu_pii.journeys__read DROP COLUMN {name}")
        connection.execute("DELETE FROM local.atribu_pii._dlt_version")
    assert sync(elt, sandbox).code == 0


@pytest.mark.slow
def test_people_who_failed_before_are_no_sign_that_the_endpoint_fails(sandbox: Sandbox, elt: Elt) -> None:
    assert sync(elt, sandbox, resources="customers,visitors").code == 0
    people: list[Any] = sorted({row["customer_profile_id"] for row in rows_of("customers")} - {None})
    for who in people[::2]:
        sandbox.faults.append(Fault(f"customers/{who}/journey", "html", times=None))

    for day in range(2):  # on the second day nobody else is due, so that they stand side by side
        sandbox.settings.today = TODAY + timedelta(day)
        done = sync(elt, sandbox)
        assert done.code == 0, done
        assert f"journeys of {len(people[::2])} people not read" in done.err
