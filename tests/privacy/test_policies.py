"""What is loaded of a person is what the policy says, in every table, in every run, and also of earlier runs."""

import pytest

from sandbox.atribu import Canaries
from sandbox.atribu.canaries import MARKS
from sandbox.atribu.state import Sandbox
from tests.privacy.conftest import Elt, Home, sync
from tests.privacy.people import PERSONAL, columns_of, leaks, rows_of, tables_of

pytestmark = pytest.mark.untraced

NAMED = {"name", "email", "city"}
UNKNOWN = {"phone", "note", "contact", "links"}


def personal_columns() -> dict[str, set[str]]:
    """Columns of the personal tables that tell of somebody."""
    names = NAMED | {f"{name}_hash" for name in NAMED} | UNKNOWN
    return {table: columns_of(table) & names for table in PERSONAL}


@pytest.mark.sweep
def test_each_column_follows_its_policy(sandbox: Sandbox, elt: Elt) -> None:
    assert sync(elt, sandbox, pii_policy="hash", pii_columns="city=drop,visitors.email=keep").code == 0
    hashed = {"name_hash", "email_hash"}
    assert personal_columns() == {"customers": hashed, "visitors": {"name_hash", "email"}, "journeys": set()}
    assert all("@" in row["email"] for row in rows_of("visitors") if row["email"])
    assert all(len(row["email_hash"]) == 64 for row in rows_of("customers") if row["email_hash"])


@pytest.mark.sweep
def test_a_person_has_one_hash_in_every_table_and_run(sandbox: Sandbox, elt: Elt) -> None:
    hashes: dict[str, set[str]] = {}
    for _ in range(2):
        assert sync(elt, sandbox, "--full", resources="customers,visitors", pii_policy="hash").code == 0
        for row in (*rows_of("customers"), *rows_of("visitors")):
            if row["email_hash"] and row["customer_profile_id"]:
                hashes.setdefault(row["customer_profile_id"], set()).add(row["email_hash"])
    assert hashes
    assert all(len(found) == 1 for found in hashes.values())
    assert len(set.union(*hashes.values())) == len(hashes)


@pytest.mark.slow
@pytest.mark.parametrize("stricter", [pytest.param("hash", marks=pytest.mark.sweep), "drop"])
def test_a_stricter_policy_empties_what_a_laxer_one_has_loaded(
    sandbox: Sandbox, elt: Elt, home: Home, stricter: str
) -> None:
    sandbox.settings.canaries = Canaries()
    assert sync(elt, sandbox, pii_policy="keep").code == 0
    assert set(leaks(home.working)[str(home.file)]) == set(MARKS) - {"host"}
    before = {table: len(rows) for table, rows in tables_of().items() if table.startswith(PERSONAL)}
    assert sync(elt, sandbox, resources="visitors", pii_policy=stricter, restatement="none").code == 0
    assert not home.leaks()
    assert before == {table: len(rows) for table, rows in tables_of().items() if table.startswith(PERSONAL)}
    pages = {row["url"] for row in rows_of("journeys")} - {None}
    assert pages
    assert all(page.startswith("https://shop.example.com/") for page in pages)


@pytest.mark.parametrize("options", [{"pii_policy": "hash"}, {"pii_columns": "visitors.email=hash"}, {}])
@pytest.mark.parametrize("secret", ["", "s" * 31])
def test_a_hash_without_a_long_secret_is_refused(
    sandbox: Sandbox, elt: Elt, home: Home, options: dict[str, str], secret: str
) -> None:
    if not options and not secret:
        return
    done = sync(elt, sandbox, pii_secret=secret, **options)
    assert done.code == 78
    assert "pii_secret" in done.err
    assert not secret or secret not in done.said
    assert not sandbox.log
    assert not home.file.exists()
