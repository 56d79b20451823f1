"""Whoever is forgotten is in no cell and no byte, and stays out."""

from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from sources.rest.privacy.policies import Privacy
from tests import database
from tests.privacy.conftest import TODAY, Elt, Home, sync
from tests.privacy.people import GOALS, SECRET, cells_of, rows_of, tables_of

FIRST = date(2026, 3, 1)
Person = dict[str, Any]


def somebody(sandbox: Sandbox) -> Person:
    """Somebody with a name, an address, conversions, browsers and a journey."""
    listed = [row for goal in GOALS for row in sandbox.truth_of_customers(goal, FIRST, TODAY)]
    visitors = sandbox.truth_of_visitors(FIRST, TODAY)
    for row in listed:
        own = [one["visitor_id"] for one in visitors if one["customer_profile_id"] == row["customer_profile_id"]]
        if row["name"] and row["email"] and own:
            who = row["customer_profile_id"]
            mine = [one for one in listed if one["customer_profile_id"] == who]
            return row | {"visitors": own, "conversions": [one["conversion_id"] for one in mine]}
    raise AssertionError("there is nobody")


def traces(person: Person, home: Home) -> set[str]:
    """What is still there of somebody: in a cell, or in a byte of a file."""
    hashed = Privacy(secret=SECRET).hashed
    names = [person["name"], hashed(person["name"])]  # others have the same name: only cells of no use then
    own = [person["email"], hashed(person["email"]), person["customer_profile_id"], *person["visitors"]]
    own += person["conversions"]
    cells = "\n".join(cells_of(home.file))
    content = b"".join(file.read_bytes() for file in home.working.rglob("*") if file.is_file())
    found = {one for one in own if one in cells or one.encode() in content}
    rows = [*rows_of("customers"), *rows_of("visitors")]
    shared = [row for row in rows if {row.get("name"), row.get("name_hash")} & set(names)]
    return found | {"name" for row in shared if row["customer_profile_id"] == person["customer_profile_id"]}


def expected_counts(sandbox: Sandbox, person: Person) -> dict[str, int]:
    """Rows of somebody, as the API has them."""
    customers: list[Any] = [row for goal in GOALS for row in sandbox.truth_of_customers(goal, FIRST, TODAY)]
    visitors: list[Any] = sandbox.truth_of_visitors(FIRST, TODAY)
    mine = [row for row in customers if row["conversion_id"] in person["conversions"]]
    browsers = [row for row in visitors if row["visitor_id"] in person["visitors"]]
    counts = {
        "customers": len(mine),
        "customers__touch_channels": sum(len(row["touch_channels"]) for row in mine),
        "journeys": len(sandbox.truth_of_journey(person["customer_profile_id"])),
        "journeys__read": 1,
        "visitors": len(browsers),
        "visitors__touch_channels": sum(len(row["touch_channels"]) for row in browsers),
    }
    return {table: rows for table, rows in counts.items() if rows}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "by"),
    [
        pytest.param("keep", "email", marks=pytest.mark.sweep),
        ("hash", "email"),
        pytest.param("drop", "id", marks=pytest.mark.sweep),
    ],
)
def test_somebody_is_counted_erased_and_stays_out(sandbox: Sandbox, elt: Elt, home: Home, policy: str, by: str) -> None:
    person = somebody(sandbox)
    assert sync(elt, sandbox, pii_policy=policy).code == 0
    with database.connect(home.file) as connection:
        connection.execute("CREATE VIEW main.our_own AS SELECT * FROM atribu_pii.visitors")
    before = tables_of()
    assert person["customer_profile_id"] in traces(person, home)
    who = ["--email", "-"] if by == "email" else ["--customer-id", person["customer_profile_id"]]
    stdin = f"  {person['email'].upper()}\n"

    dry = elt("forget", *who, stdin=stdin, pii_policy=policy)
    assert dry.code == 0, dry
    assert {line.split()[0]: int(line.split()[1]) for line in dry.out.splitlines()[1:-1]} == expected_counts(
        sandbox, person
    )
    assert "nothing is erased yet" in dry.out
    assert tables_of() == before

    done = elt("forget", *who, "--yes", stdin=stdin, pii_policy=policy)
    assert done.code == 0, done
    assert done.out.splitlines()[:-1] == dry.out.splitlines()[:-1]
    assert not traces(person, home)
    others = {table: len(rows) for table, rows in tables_of().items()}
    erased = expected_counts(sandbox, person)
    for table, rows in before.items():
        if table not in ("sync_runs", "sync_windows"):
            assert others[table] == len(rows) - erased.get(table, 0), table

    sandbox.settings.today = TODAY + timedelta(days=2)
    assert sync(elt, sandbox, "--full", pii_policy=policy).code == 0
    assert not traces(person, home)
    assert person["email"] not in "".join(home.said)
    assert not list(home.working.glob("*.rewritten*"))


@pytest.mark.sweep
def test_a_visitor_is_erased_by_the_id_of_the_customer(sandbox: Sandbox, elt: Elt) -> None:
    person = somebody(sandbox)
    assert sync(elt, sandbox, resources="visitors", pii_policy="drop").code == 0
    before = len(rows_of("visitors"))
    done = elt("forget", "--customer-id", person["customer_profile_id"], "--yes")
    assert done.code == 0, done
    left = rows_of("visitors")
    assert len(left) == before - len(person["visitors"])
    assert person["customer_profile_id"] not in {row["customer_profile_id"] for row in left}


@pytest.mark.sweep
def test_where_no_addresses_are_loaded_nobody_is_said_to_be_erased_by_one(
    sandbox: Sandbox, elt: Elt, home: Home
) -> None:
    person = somebody(sandbox)
    assert sync(elt, sandbox, pii_policy="drop").code == 0
    done = elt("forget", "--email", "-", "--yes", stdin=person["email"])
    assert done.code == 78
    assert "--customer-id" in done.err
    assert person["email"] not in "".join(home.said)


@pytest.mark.sweep
def test_hashed_people_are_found_with_their_secret_only(sandbox: Sandbox, elt: Elt) -> None:
    assert sync(elt, sandbox, resources="visitors", pii_policy="hash").code == 0
    done = elt("forget", "--email", "-", "--yes", stdin=somebody(sandbox)["email"], pii_secret="")
    assert done.code == 78
    assert "pii_secret" in done.err
