"""What a key may read is found out with few calls, told in one line, and remembered for a month."""

from datetime import date, timedelta

import pytest

from sandbox.atribu import ALL_SCOPES, DEFAULT_KEY, DEFAULT_SCOPES, FULL_KEY
from sandbox.atribu.state import Sandbox
from tests.privacy.conftest import TODAY, Elt, Result, sync
from tests.privacy.people import GOALS, PERSONAL, rows_of, tables_of

OTHER_KEY = "atb_live_of_the_same_profile"
CUSTOMERS_KEY = "atb_live_customers_only"
ORDINARY = "timeseries,channels"
PERSONAL_PATHS = ("customers", "visitors")


@pytest.fixture
def keys(sandbox: Sandbox) -> Sandbox:
    """The small world with more keys."""
    sandbox.settings.keys = sandbox.settings.keys | {
        OTHER_KEY: ALL_SCOPES,
        CUSTOMERS_KEY: frozenset({"customers:read"}),
    }
    return sandbox


def asked_about_people(sandbox: Sandbox) -> list[str]:
    """Paths of personal calls."""
    return [asked.path for asked in sandbox.log if asked.path.split("/")[0] in PERSONAL_PATHS]


def probes(sandbox: Sandbox) -> list[str]:
    """Calls that ask for scopes, and forget them."""
    found = [asked.path for asked in sandbox.log if asked.query.get("date_from") == "2000-01-01"]
    sandbox.log.clear()
    return sorted(found)


@pytest.mark.slow
@pytest.mark.untraced
def test_a_plain_key_loads_what_everybody_may_see_and_never_asks_about_people(sandbox: Sandbox, elt: Elt) -> None:
    plain = {"api_key": DEFAULT_KEY, "include_pii": "false"}
    today = str(TODAY)
    done = elt("sync", "--today", today, "--since", "2026-03-11", **plain)
    assert done.code == 0, done
    assert len(tables_of(dataset="atribu")) > 15
    for command in (["plan", "--today", today], ["check"], ["verify", "--today", today], ["status"]):
        assert elt(*command, **plain).code == 0
    assert not asked_about_people(sandbox)

    refused = elt("sync", "--today", today, "--resources", "customers", **plain)
    assert refused.code == 78
    assert "--include-pii" in refused.err
    assert not asked_about_people(sandbox)


@pytest.mark.sweep
def test_a_plain_key_that_is_asked_for_people_names_all_that_it_lacks(sandbox: Sandbox, elt: Elt) -> None:
    resources = ",".join([ORDINARY, *PERSONAL])
    done = sync(elt, sandbox, "--since", "2026-03-11", resources=resources, api_key=DEFAULT_KEY)
    assert done.code == 77
    (line,) = [line for line in done.err.splitlines() if " not allowed: " in line]
    assert "customers:read for customers, journeys; visitors:read for visitors" in line
    assert "failed:" not in done.err
    assert rows_of("timeseries", dataset="atribu")
    assert rows_of("channels", dataset="atribu")
    assert [row["outcome"] for row in rows_of("sync_runs", dataset="atribu")] == ["done"]
    assert len(asked_about_people(sandbox)) == 2


@pytest.mark.slow
def test_a_key_for_customers_loads_customers_and_names_the_rest_in_one_line(keys: Sandbox, elt: Elt) -> None:
    resources = ",".join([ORDINARY, *PERSONAL])
    done = sync(elt, keys, "--since", "2026-03-05", resources=resources, api_key=CUSTOMERS_KEY)
    assert done.code == 77
    (line,) = [line for line in done.err.splitlines() if " not allowed: " in line]
    assert "analytics:read for channels, timeseries; visitors:read for visitors;" in line
    assert tables_of()["customers"]
    assert tables_of()["journeys"]
    assert not tables_of()["visitors"]


@pytest.mark.sweep
@pytest.mark.untraced
def test_scopes_are_asked_about_once_a_month_and_key(keys: Sandbox, elt: Elt) -> None:
    def probes_of(*more: str, **options: str) -> list[str]:
        resources = ",".join(["customers", "visitors", *more])
        done = sync(elt, keys, "--since", str(TODAY), resources=resources, goals=GOALS[0], **options)
        assert done.code == 0, done
        return probes(keys)

    assert probes_of() == ["customers", "visitors"]
    assert probes_of() == []
    assert probes_of(api_key=OTHER_KEY) == ["customers", "visitors"]
    keys.settings.today = TODAY + timedelta(days=30)
    assert probes_of(api_key=OTHER_KEY) == []
    keys.settings.today = TODAY + timedelta(days=31)
    assert probes_of("goals", api_key=OTHER_KEY) == ["customers", "visitors"]

    plain = ("sync", "--today", str(keys.settings.today), "--resources", "goals")
    unused = elt(*plain, include_pii="false", api_key=OTHER_KEY)
    assert unused.code == 0
    assert "the key can read personal data (customers:read, visitors:read)" in unused.err
    proved = elt("verify", "--today", str(keys.settings.today), include_pii="true", api_key=OTHER_KEY)
    assert (proved.code, "can read personal data" in proved.err) == (0, False)


@pytest.mark.slow
@pytest.mark.untraced
def test_a_scope_that_was_taken_from_a_key_is_named_by_the_first_call_for_data(keys: Sandbox, elt: Elt) -> None:
    def synced(day: date) -> Result:
        keys.settings.today = day
        return sync(elt, keys, "--since", str(TODAY), resources="channels,customers,visitors", goals=GOALS[0])

    assert synced(TODAY).code == 0
    assert probes(keys) == ["customers", "visitors"]
    keys.settings.keys[FULL_KEY] -= {"customers:read"}
    done = synced(TODAY + timedelta(days=1))

    assert done.code == 77
    (line,) = [line for line in done.err.splitlines() if " not allowed: " in line]
    assert "customers:read for customers" in line
    assert "visitors" not in line
    assert probes(keys) == []


def test_check_shows_what_the_key_may_do(keys: Sandbox, elt: Elt) -> None:
    def table(*arguments: str, key: str) -> dict[str, str]:
        done = elt("check", *arguments, include_pii="false", api_key=key)
        assert done.code == 0, done
        lines = (line.split() for line in done.out.splitlines())
        return {words[0]: words[1] for words in lines if ":read" in words[0]}

    plain = dict.fromkeys(DEFAULT_SCOPES - {"realtime:read"}, "yes")
    assert table(key=FULL_KEY) == plain
    assert not asked_about_people(keys)
    assert table("--include-pii", key=FULL_KEY) == plain | {"customers:read": "yes", "visitors:read": "yes"}
    assert table("--include-pii", key=DEFAULT_KEY) == plain | {"customers:read": "no", "visitors:read": "no"}
