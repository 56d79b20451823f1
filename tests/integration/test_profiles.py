"""Several profiles in one dataset: each has the cells of its own server, and nothing of what happens to another."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest

from sandbox.atribu import DEFAULT_SCOPES, Fault, Size
from sandbox.atribu.state import Sandbox
from tests import database
from tests.brands import id_of, key_of, served_brands, variables
from tests.integration.conftest import Elt, rows_of
from tests.integration.truth import DAILY, comparable, truth_of

FIRST, LAST = date(2026, 3, 18), date(2026, 3, 24)
DAYS = ("--since", str(FIRST), "--until", str(LAST), "--today", "2026-03-31")
TABLES = ("channels", "revenue", "overview", "campaigns", "conversions_timeseries")
CHOSEN = (*DAYS, "--resources", ",".join(TABLES))
SYNC = ("sync", "atribu", *CHOSEN)

pytestmark = pytest.mark.untraced

Brands = Callable[..., Mapping[str, Sandbox]]


@pytest.fixture
def brands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brands]:
    """Serve profiles and configure them."""
    with ExitStack() as servers:

        def start(*names: str, differing: Any = None, options: Any = None, **settings: Any) -> Mapping[str, Sandbox]:
            found, url = servers.enter_context(served_brands(names, differing, **settings))
            for name, value in variables(url, names, **(options or {})).items():
                monkeypatch.setenv(name, value)
            return found

        yield start


def differing(sandbox: Sandbox, tables: tuple[str, ...] = TABLES, last: date = LAST) -> dict[str, Any]:
    """Tables whose rows of a profile are not its server's truth, each with what is only there and only here."""
    found = {}
    for table in tables:
        loaded = [row for row in rows_of(table) if row["profile_id"] == sandbox.settings.profile_id]
        truth = truth_of(sandbox, table, FIRST, last)
        names = {name for row in [*truth, *loaded] for name in row if name != "grain"}
        there, here = comparable(truth, names), comparable(loaded, names)
        if there != here:
            found[table] = [row for row in there if row not in here], [row for row in here if row not in there]
    return found


def everything(profile: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of a profile, those about its runs too."""
    tables = (*TABLES, "sync_runs", "sync_windows")
    return {table: [row for row in rows_of(table) if row["profile_id"] == id_of(profile)] for table in tables}


def change(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with database.connect("local.duckdb") as connection:
        return connection.execute(sql, values).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize(
    "tables", [pytest.param(TABLES, id="some"), pytest.param(tuple(DAILY), marks=pytest.mark.sweep, id="all")]
)
def test_every_cell_of_every_profile_equals_the_truth_of_its_own_server(
    brands: Brands, elt: Elt, tables: tuple[str, ...]
) -> None:
    servers = brands("acme", "globex", "initech", today=date(2026, 3, 25))
    resources = ("--resources", ",".join(tables))
    first = elt("sync", "atribu", "--all-profiles", *DAYS[:4], "--today", "2026-03-25", *resources)
    assert first.code == 0, first.err
    for one in servers.values():
        one.settings.today = date(2026, 3, 31)

    again = elt("sync", "atribu", "--all-profiles", *DAYS, *resources)

    assert again.code == 0, again.err
    assert {name: differing(one, tables) for name, one in servers.items()} == {name: {} for name in servers}
    assert "3 of 3 profiles done; " in again.err.splitlines()[-1]
    proof = elt("verify", "atribu", "--all-profiles", "--today", "2026-03-31")
    assert proof.code == 0, proof
    assert proof.out.count("everything that was compared is equal") == 3


@pytest.mark.sweep
def test_what_is_wrong_with_one_profile_is_found_and_repaired_there_alone(brands: Brands, elt: Elt) -> None:
    servers = brands("acme", "globex")
    assert elt(*SYNC, "--all-profiles").code == 0
    change("UPDATE local.atribu.channels SET revenue = revenue + 7 WHERE profile_id = $1", id_of("acme"))
    change("DELETE FROM local.atribu.revenue WHERE profile_id = $1 AND date = $2", id_of("acme"), FIRST)
    before = everything("globex")

    found = elt("verify", "atribu", "--all-profiles", "--today", "2026-03-31")
    repaired = elt("verify", "atribu", "--profile", "acme", "--repair", "--today", "2026-03-31")

    assert found.code == 4
    acme, _, globex = found.out.partition("profile globex")
    assert "revenue is" in acme
    assert "everything that was compared is equal" in globex
    assert repaired.code == 0, repaired
    assert {name: differing(one) for name, one in servers.items()} == {"acme": {}, "globex": {}}
    after = everything("globex")
    for table in TABLES:
        assert after[table] == before[table]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("well", "timeout"), [pytest.param(1, 3, id="five"), pytest.param(16, 10, marks=pytest.mark.sweep, id="twenty")]
)
def test_those_that_fail_touch_no_other(brands: Brands, elt: Elt, well: int, timeout: int) -> None:
    others = [f"well{number}" for number in range(well)]
    servers = brands(
        *others,
        "revoked",
        "narrow",
        "hanging",
        "large",
        differing={"large": {"size": Size(visits_per_day=200, conversions_per_day=30, campaigns=8)}},
        options={"REQUEST_TIMEOUT": timeout, "MAX_TRIES": 1},
    )
    servers["revoked"].settings.keys.clear()
    servers["narrow"].settings.keys[key_of("narrow")] = DEFAULT_SCOPES - {"campaigns:read"}
    servers["hanging"].settings.latency = 3.0 * timeout

    result = elt(*SYNC, "--all-profiles")

    assert result.code == 77
    assert {name: differing(servers[name]) for name in (*others, "large")} == {name: {} for name in (*others, "large")}
    assert differing(servers["narrow"], tuple(one for one in TABLES if one != "campaigns")) == {}
    assert not everything("revoked")["channels"]
    lines = {line.split()[0]: line.split()[-2:] for line in result.out.splitlines()}
    assert [lines[name] for name in (*others, "large")] == [["done", "(0)"]] * (well + 1)
    assert [lines[name] for name in ("revoked", "narrow")] == [["refused", "(77)"]] * 2
    assert lines["hanging"] == ["later", "(75)"]
    verdict = f"{well + 1} of {well + 4} profiles done, 1 later (75), 2 refused (77); "
    assert verdict in result.err.splitlines()[-1]
    assert " ERROR   atribu revoked local " in result.err

    servers["hanging"].settings.latency = 0.0
    assert elt(*SYNC, "--profile", "hanging").code == 0
    assert differing(servers["hanging"]) == {}


@pytest.mark.slow
def test_a_profile_that_gets_a_name_or_another_one_reads_nothing_again(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = brands("acme", options={"RESTATEMENT": "none"})["acme"]
    monkeypatch.delenv("SOURCES__ATRIBU__PROFILES__ACME__API_KEY")
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", key_of("acme"))
    assert elt(*SYNC).code == 0
    pipelines = change("SELECT DISTINCT pipeline_name FROM local.atribu._dlt_pipeline_state")
    monkeypatch.delenv("SOURCES__ATRIBU__API_KEY")
    spent = []
    for name in ("FIRST", "SECOND"):
        with monkeypatch.context() as named:
            named.setenv(f"SOURCES__ATRIBU__PROFILES__{name}__API_KEY", key_of("acme"))
            before = acme.units_spent
            assert elt(*SYNC, "--all-profiles").code == 0
            spent.append(acme.units_spent - before)
            assert elt("status", "atribu", "--profile", name.lower()).out.count("done (0)") == len(spent) + 1

    assert spent == [0, 0]
    assert differing(acme) == {}
    assert change("SELECT DISTINCT pipeline_name FROM local.atribu._dlt_pipeline_state") == pipelines
    assert change("SELECT ledger_id, profile_id, profile_name FROM local.atribu.run_lease") == [
        ("", id_of("acme"), "second")
    ]


@pytest.mark.slow
def test_a_database_that_names_no_profile_yet_costs_one_unit_to_go_on_with(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = brands("acme", options={"RESTATEMENT": "none"})["acme"]
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", key_of("acme"))
    assert elt(*SYNC).code == 0
    # as an earlier version has left it
    for column in ("ledger_id", "profile_id", "profile_name", "key_fingerprint"):
        change(f"ALTER TABLE local.atribu.run_lease DROP COLUMN {column}")
    before = acme.units_spent

    assert elt(*SYNC, "--profile", "acme").code == 0
    assert acme.units_spent - before == 1
    assert elt(*SYNC, "--profile", "acme").code == 0
    assert acme.units_spent - before == 1
    assert differing(acme) == {}


@pytest.mark.slow
def test_the_same_key_under_two_names_is_refused_before_a_call(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = brands("acme", "globex")
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME_TOO__API_KEY", key_of("acme"))

    result = elt(*SYNC, "--all-profiles")

    assert result.code == 78
    assert "acme and acme_too have the same key" in result.err
    assert servers["acme"].log == []
    assert differing(servers["globex"]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["the-same", "another"])
def test_a_profile_has_no_second_name_while_it_is_configured_by_its_first(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    servers = brands("acme", "twin", differing={"twin": {"profile_id": id_of("acme"), "seed": 2}})
    assert elt(*SYNC, "--profile", "acme").code == 0
    before = everything("acme")
    monkeypatch.delenv("SOURCES__ATRIBU__PROFILES__TWIN__API_KEY")
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__NEW__API_KEY", key_of("acme" if key == "the-same" else "twin"))

    refused = elt(*SYNC, "--profile", "new")

    assert refused.code == 78
    assert f"belongs to profile {id_of('acme')}, which the dataset holds as profile acme" in refused.err
    assert everything("acme") == before
    assert elt(*SYNC, "--profile", "acme").code == 0
    monkeypatch.delenv("SOURCES__ATRIBU__PROFILES__ACME__API_KEY")
    assert elt(*SYNC, "--profile", "new").code == 0  # it is called so now
    assert servers["twin"].units_spent <= 1 or key == "another"


@pytest.mark.slow
def test_two_keys_of_one_profile_under_two_names_are_refused(brands: Brands, elt: Elt) -> None:
    servers = brands("acme", "twin", differing={"twin": {"profile_id": id_of("acme"), "seed": 2}})

    result = elt(*SYNC, "--all-profiles")

    assert result.code == 78
    assert f"belong to the same profile, {id_of('acme')}" in result.err
    assert "1 of 2 profiles done, 1 configuration (78); " in result.err.splitlines()[-1]
    assert differing(servers["acme"]) == {}
    assert min(one.units_spent for one in servers.values()) == 1  # it was asked who it is, and nothing else


@pytest.mark.slow
def test_a_key_under_the_name_of_another_profile_is_refused(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = brands("acme", "globex")
    assert elt(*SYNC, "--profile", "acme").code == 0
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__API_KEY", key_of("globex"))
    monkeypatch.delenv("SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY")

    result = elt(*SYNC, "--profile", "acme")

    assert result.code == 78
    assert f"the key belongs to profile {id_of('globex')}, but the dataset holds profile {id_of('acme')}" in result.err
    assert not any(everything("globex").values())
    assert differing(servers["acme"]) == {}


@pytest.mark.slow
def test_a_dataset_of_its_own_holds_nothing_of_another_profile(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    brands("acme", "globex")
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__GLOBEX__DATASET", "globex")

    assert elt(*SYNC, "--all-profiles").code == 0

    assert {row["profile_id"] for row in rows_of("channels")} == {id_of("acme")}
    assert {row["profile_id"] for row in rows_of("channels", dataset="globex")} == {id_of("globex")}


@pytest.mark.slow
def test_keys_that_are_swapped_let_no_profile_into_the_dataset_of_another(
    brands: Brands, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    brands("acme", "globex")
    for name in ("acme", "globex"):
        monkeypatch.setenv(f"SOURCES__ATRIBU__PROFILES__{name.upper()}__DATASET", name)
    assert elt(*SYNC, "--all-profiles").code == 0
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__API_KEY", key_of("globex"))
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY", key_of("acme"))

    swapped = elt(*SYNC, "--all-profiles")

    assert swapped.code == 78
    assert swapped.err.count("correct the key") == 2
    for name in ("acme", "globex"):
        assert {row["profile_id"] for row in rows_of("channels", dataset=name)} == {id_of(name)}


@pytest.mark.sweep
def test_a_column_that_one_server_begins_to_send_breaks_no_other(brands: Brands, elt: Elt) -> None:
    servers = brands("acme", "globex")
    assert elt(*SYNC, "--all-profiles").code == 0
    servers["acme"].faults.append(Fault("channels", "unknown_field", times=None))
    assert elt(*SYNC, "--profile", "acme", "--full").code == 0

    assert elt(*SYNC, "--profile", "globex", "--full").code == 0
    assert {row["a_new_field"] for row in rows_of("channels") if row["profile_id"] == id_of("acme")} == {1.0}
    assert {row["a_new_field"] for row in rows_of("channels") if row["profile_id"] == id_of("globex")} == {None}

    servers["globex"].faults.append(Fault("channels", "unknown_field", times=None))
    assert elt(*SYNC, "--all-profiles", "--full").code == 0
    assert {row["a_new_field"] for row in rows_of("channels")} == {1.0}
    for one in servers.values():
        names = [name for name in rows_of("channels")[0] if name != "a_new_field"]
        loaded = [
            row for row in rows_of("channels", columns=", ".join(names)) if row["profile_id"] == one.settings.profile_id
        ]
        truth = truth_of(one, "channels", FIRST, LAST)
        known = {name for row in truth for name in row}
        assert comparable(loaded, known) == comparable(truth, known)


def test_check_tells_of_each_profile_which_section_its_key_comes_from(brands: Brands, elt: Elt) -> None:
    servers = brands("acme", "globex")
    servers["globex"].settings.keys.clear()

    result = elt("check", "atribu", "--all-profiles", "--resources", "channels")

    assert result.code == 77
    acme, _, globex = result.out.partition("profile globex")
    assert "environment SOURCES__ATRIBU__PROFILES__ACME__API_KEY" in acme
    assert f"belongs to profile {id_of('acme')}" in acme
    assert "environment SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY" in globex
    assert "environment SOURCES__ATRIBU__BASE_URL" in globex
    assert " ERROR   atribu globex local " in result.err
    assert "1 of 2 profiles done, 1 refused (77); " in result.err.splitlines()[-1]


@pytest.mark.slow
def test_status_and_plan_add_up(brands: Brands, elt: Elt) -> None:
    brands("acme", "globex")
    assert elt(*SYNC, "--profile", "acme").code == 0

    plan = json.loads(elt("plan", "atribu", *CHOSEN, "--all-profiles", "--json").out)
    status = json.loads(elt("status", "atribu", "--all-profiles", "--json").out)

    assert "the upper bound takes every day of it as changed" in " ".join(
        elt("plan", "atribu", *CHOSEN, "--all-profiles").out.split()
    )
    alone = [json.loads(elt("plan", "atribu", *CHOSEN, "--profile", one, "--json").out) for one in ("acme", "globex")]
    assert plan["profiles"] == dict(zip(("acme", "globex"), alone, strict=True))
    assert plan["total"]["units"] == sum(one["total"]["units"] for one in alone)
    assert plan["total"]["minutes"] == max(one["total"]["minutes"] for one in alone)
    assert status["profiles"]["acme"]["profile_id"] == id_of("acme")
    assert status["profiles"]["globex"]["runs"] == []
    assert status["total"]["units_today"] == status["profiles"]["acme"]["units_today"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("--profile", "acmee"), "there is no profile 'acmee'; did you mean 'acme'?", id="unknown"),
        pytest.param(("--profile", " , "), "--profile names none", id="none named"),
        pytest.param(("--profile", "acme", "--all-profiles"), "exclude each other", id="some and all"),
        pytest.param((), "or name profiles with --profile or --all-profiles: acme, globex", id="no key without a name"),
    ],
)
def test_what_cannot_be_meant_is_refused(brands: Brands, elt: Elt, arguments: tuple[str, ...], says: str) -> None:
    brands("acme", "globex")

    result = elt(*SYNC, *arguments)

    assert result.code == 78
    assert says in result.err
