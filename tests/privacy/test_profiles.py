"""Personal data of several profiles in one dataset: whoever one of them forgets is forgotten there, and only there."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests import database
from tests.brands import id_of, served_brands, variables
from tests.privacy.conftest import OPTIONS, TODAY, Elt, Home
from tests.privacy.people import SMALL, rows_of, tables_of
from tests.privacy.test_forgetting import FIRST, somebody

pytestmark = pytest.mark.untraced

NAMES = ("acme", "globex")
SYNC = ("sync", "--all-profiles", "--today", str(TODAY), "--resources", "customers,visitors,journeys")


@pytest.fixture
def brands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Sandbox]]:
    """Two profiles that know the same people."""
    with served_brands(NAMES, seed=1, first_day=FIRST, today=TODAY, size=SMALL) as (found, url):
        for name, value in variables(url, NAMES, **OPTIONS).items():
            monkeypatch.setenv(name, value)
        yield found


def of(profile: str) -> dict[str, list[str]]:
    """Every row of a profile in the personal dataset, those about its runs and what is asked again left out."""
    tables = [name for name in tables_of() if not name.startswith("sync_")]
    found = {name: [row for row in rows_of(name) if row["profile_id"] == id_of(profile)] for name in tables}
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


@pytest.mark.sweep
def test_one_profile_forgets_somebody_and_another_one_that_knows_them_does_not(
    brands: Mapping[str, Sandbox], elt: Elt, home: Home
) -> None:
    person = somebody(brands["acme"])
    who = person["customer_profile_id"]
    assert elt(*SYNC, pii_policy="keep").code == 0
    before = {name: of(name) for name in NAMES}
    assert who in str(before["acme"])
    assert who in str(before["globex"])

    counted = elt("forget", "--all-profiles", "--customer-id", who)
    erased = elt("forget", "--profile", "acme", "--email", "-", "--yes", stdin=person["email"], pii_policy="keep")

    acme, _, globex = counted.out.partition("profile globex")
    assert acme.replace("profile acme", "").strip() == globex.strip()
    assert erased.code == 0, erased
    assert who not in str(of("acme"))
    assert {**of("globex"), "forgotten_people": []} == {**before["globex"], "forgotten_people": []}

    assert elt(*SYNC, "--full", pii_policy="keep").code == 0
    assert who not in str(of("acme"))
    assert who in str(of("globex"))
    assert {row["profile_id"] for row in rows_of("forgotten_people")} == {id_of("acme")}

    assert elt("forget", "--all-profiles", "--customer-id", who, "--yes").code == 0
    assert elt(*SYNC, "--full", pii_policy="keep").code == 0
    assert who not in str(of("acme")) + str(of("globex"))
    assert database.is_elsewhere(home.file) or person["email"].encode() not in home.file.read_bytes()


@pytest.mark.sweep
def test_a_policy_of_one_profile_empties_no_column_of_another(
    brands: Mapping[str, Sandbox], elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert elt(*SYNC, pii_policy="keep").code == 0
    before = of("globex")["customers"]
    assert brands
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__PII_POLICY", "drop")

    assert elt(*SYNC, pii_policy="keep").code == 0

    assert {row["email"] for row in rows_of("customers") if row["profile_id"] == id_of("acme")} == {None}
    assert of("globex")["customers"] == before


@pytest.mark.sweep
def test_a_list_of_an_earlier_version_is_that_of_the_profile_without_a_name(
    brands: Mapping[str, Sandbox], elt: Elt, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = somebody(brands["acme"])["customer_profile_id"]
    with monkeypatch.context() as nameless:
        nameless.setenv("SOURCES__ATRIBU__API_KEY", "atb_live_of_acme")
        lone = [one for one in SYNC if one != "--all-profiles"]
        assert elt(*lone, pii_policy="keep").code == 0
        assert elt("forget", "--customer-id", who, "--yes").code == 0
    change(home, "ALTER TABLE atribu_pii.forgotten_people DROP COLUMN profile_id")

    assert elt(*SYNC, "--full", pii_policy="keep").code == 0

    assert who not in str(of("acme"))
    assert who in str(of("globex"))


def test_a_profile_that_nobody_knows_is_not_taken_for_one_without_rows(brands: Mapping[str, Sandbox], elt: Elt) -> None:
    assert brands
    refused = elt("forget", "--profile", "acme", "--customer-id", "somebody", "--yes")
    assert refused.code == 78
    assert "the dataset atribu_pii holds nothing of profile acme" in refused.err


def change(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with database.connect(home.file) as connection:
        return connection.execute(sql).fetchall()
