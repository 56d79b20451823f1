"""A plan says what the next sync spends, and neither asks the API nor changes anything."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import database
from tests.integration.conftest import Elt, Serve, rows_of

pytestmark = pytest.mark.untraced

FIRST, LATER = "2026-03-31", "2026-04-01"
STILL = date(2026, 4, 2)
"""The day on which the sandbox answers: the same for all runs of a test, so that its world stands still."""


def planned(elt: Elt, *arguments: str) -> dict[str, Any]:
    """The JSON document of a plan."""
    result = elt("plan", "atribu", *arguments, "--json")
    assert result.code == 0, result.err
    document: dict[str, Any] = json.loads(result.out)
    return document


@contextmanager
def held(file: str, *, read_only: bool) -> Iterator[int]:
    """Another process has a DuckDB file open; gives its id."""
    hold = (
        f"import duckdb, sys; c = duckdb.connect({file!r}, read_only={read_only});"
        " print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder.pid
        holder.communicate("")


class Syncs:
    """Compares plans with the syncs that follow them."""

    def __init__(self, serve: Serve, elt: Elt, **settings: Any) -> None:
        self.sandbox = serve(today=STILL, **settings)
        self._elt = elt

    def plan_and_sync(self, *arguments: str, limits: tuple[str, ...] = (), code: int = 0) -> tuple[int, int]:
        """Units of a plan, and units that the sync after it has spent."""
        before = len(self.sandbox.log), self.sandbox.units_spent
        units = planned(self._elt, *arguments)["total"]["units"]
        assert (len(self.sandbox.log), self.sandbox.units_spent) == before
        result = self._elt("sync", "atribu", *arguments, *limits)
        assert result.code == code, result.err
        return units, self.sandbox.units_spent - before[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "restatement",
    ["exact", pytest.param("fixed", marks=pytest.mark.sweep), pytest.param("none", marks=pytest.mark.sweep)],
)
def test_a_plan_costs_what_the_sync_spends_on_the_first_day_and_on_the_second(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, restatement: str
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__RESTATEMENT", restatement)
    syncs = Syncs(serve, elt)

    for today in (FIRST, LATER):
        planned_units, spent = syncs.plan_and_sync("--since", "2026-03-23", "--today", today)
        assert planned_units == spent


@pytest.mark.sweep
@pytest.mark.parametrize("later", [1, 20])
def test_what_a_sync_spends_lies_between_the_bounds_of_its_plan_however_much_is_restated(
    serve: Serve, elt: Elt, later: int
) -> None:
    sandbox = serve(today=date(2026, 3, 31))
    arguments = ("--since", "2026-03-10", "--today")
    for today in (date(2026, 3, 31), date(2026, 3, 31) + timedelta(later)):
        sandbox.settings.today, before = today, sandbox.units_spent
        total = planned(elt, *arguments, str(today))["total"]
        assert elt("sync", "atribu", *arguments, str(today)).code == 0
        spent = sandbox.units_spent - before
        assert total["units_min"] <= spent <= total["units_max"]
    assert spent > total["units"]
    again = planned(elt, *arguments, str(today))["total"]["units"]
    before = sandbox.units_spent
    assert elt("sync", "atribu", *arguments, str(today)).code == 0
    assert sandbox.units_spent - before == again


@pytest.mark.sweep
def test_a_plan_with_several_models_and_a_coarser_grain_costs_what_the_sync_spends(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "last_touch,first_touch")
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")
    syncs = Syncs(serve, elt)

    for today in (FIRST, LATER):
        planned_units, spent = syncs.plan_and_sync("--since", "2026-03-10", "--today", today)
        assert planned_units == spent


@pytest.mark.sweep
def test_a_plan_is_exact_again_once_a_check_has_learned_that_the_server_rounds_shares(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "linear")
    syncs = Syncs(serve, elt)
    arguments = ("--since", "2026-03-10", "--resources", "campaigns", "--today")
    planned_units, spent = syncs.plan_and_sync(*arguments, "2026-03-30")
    assert planned_units == spent
    assert "a check that does not add up" in elt("plan", "atribu", *arguments, FIRST).out
    planned_units, spent = syncs.plan_and_sync(*arguments, FIRST)
    assert planned_units <= spent

    planned_units, spent = syncs.plan_and_sync(*arguments, LATER)

    assert planned_units == spent


@pytest.mark.sweep
def test_a_plan_after_a_partial_load_costs_what_is_left(serve: Serve, elt: Elt) -> None:
    syncs = Syncs(serve, elt)
    resources = ("--resources", "channels,campaigns,overview")
    arguments = ("--since", "2026-03-23", "--today", FIRST, *resources)

    everything, spent = syncs.plan_and_sync(*arguments, limits=("--max-units", "20"), code=3)
    assert spent <= 20 < everything

    left, spent = syncs.plan_and_sync(*arguments)
    assert left == spent < everything


@pytest.mark.sweep
def test_a_plan_of_a_longer_history_names_only_the_gap(serve: Serve, elt: Elt) -> None:
    syncs = Syncs(serve, elt)
    syncs.plan_and_sync("--since", "2026-03-20", "--today", FIRST, "--resources", "channels")
    longer = ("--since", "2026-03-15", "--today", FIRST, "--resources", "channels")

    (line,) = planned(elt, *longer)["resources"]

    assert line["reasons"]["history"] == 5
    planned_units, spent = syncs.plan_and_sync(*longer)
    assert planned_units == spent


@pytest.mark.sweep
def test_calls_for_many_ids_are_counted_once_the_ids_are_loaded(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__ENTITY_IDS_PER_CALL", "2")
    syncs = Syncs(serve, elt)
    arguments = ("--since", "2026-03-25", "--resources", "campaigns_trend,campaigns", "--today")
    assert "+ at least" in elt("plan", "atribu", *arguments, FIRST).out

    assumed, spent = syncs.plan_and_sync(*arguments, FIRST)
    loaded = {row["campaign_id"] for row in rows_of("campaigns") if row["level"] == "campaign"}
    assert spent - assumed == -(-len(loaded) // 2) - 1 > 0

    known, spent = syncs.plan_and_sync(*arguments, LATER)
    assert known == spent
    assert "+ at least" not in elt("plan", "atribu", *arguments, LATER).out


@pytest.mark.sweep
def test_ids_that_several_resources_share_are_asked_for_once(serve: Serve, elt: Elt) -> None:
    syncs = Syncs(serve, elt)
    arguments = ("--resources", "top_performers,ads_trajectory,ads_forecast", "--today")
    first = planned(elt, *arguments, FIRST)
    assert [(line["units"], line["assumed"]) for line in first["resources"]] == [(1, False), (2, True), (1, True)]
    syncs.plan_and_sync(*arguments, FIRST)

    planned_units, spent = syncs.plan_and_sync(*arguments, LATER)

    assert planned_units == spent


def test_ids_that_are_configured_are_counted(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__COMPARE_ADS", "ad_1:ad_2,ad_1:ad_3")
    serve()

    (line,) = planned(elt, "--resources", "ads_compare", "--today", FIRST)["resources"]

    assert (line["windows"], line["calls"], line["units"], line["assumed"]) == (1, 2, 2, False)


def test_a_plan_into_nothing_leaves_nothing(serve: Serve, elt: Elt, tmp_path: Path) -> None:
    sandbox = serve()
    before = list(tmp_path.iterdir())

    result = elt("plan", "atribu", "--today", FIRST)

    assert result.code == 0
    assert "personal data: none" in result.out
    assert sandbox.log == []
    assert list(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.duckdb_file("compares its bytes")
def test_a_plan_changes_no_byte_of_the_destination_even_where_a_table_is_gone(serve: Serve, elt: Elt) -> None:
    syncs = Syncs(serve, elt)
    arguments = ("--since", "2026-03-25", "--today", FIRST, "--resources", "channels,devices")
    syncs.plan_and_sync(*arguments)
    with database.connect("local.duckdb") as connection:
        connection.execute("DROP TABLE atribu.channels")
    before, asked = Path("local.duckdb").read_bytes(), len(syncs.sandbox.log)

    reasons = {line["resource"]: line["reasons"] for line in planned(elt, *arguments)["resources"]}

    assert reasons["channels"] == {"new": 7}
    assert Path("local.duckdb").read_bytes() == before
    assert len(syncs.sandbox.log) == asked


def test_a_plan_says_why_so_much_lies_between_its_bounds_although_everything_was_read_today(
    serve: Serve, elt: Elt
) -> None:
    serve()
    arguments = ("--since", "2026-03-25", "--today", FIRST, "--resources", "channels")
    why = "the upper bound takes every day of it as changed since it was read, even if that was today"
    assert why not in elt("plan", "atribu", *arguments).out, "nothing is checked that is not loaded"
    assert elt("sync", "atribu", *arguments).code == 0
    text = " ".join(elt("plan", "atribu", *arguments).out.split())
    assert "a sync spends 2 to " in text
    assert why in text


def test_lines_hold_what_a_person_wants_to_know(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(limit=6, period=60.0)
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_UNITS", "5")
    arguments = ("--since", "2026-03-01", "--today", FIRST, "--resources", "channels,campaigns,goals")

    document, text = planned(elt, *arguments), elt("plan", "atribu", *arguments).out

    lines = {(line["resource"], line["variant"]): line for line in document["resources"]}
    assert list(lines) == [
        ("campaigns", "first contact ad_set"),
        ("campaigns", "first contact ad"),
        ("goals", ""),
        ("channels", ""),
        *(("campaigns", f"last_touch {level}") for level in ("campaign", "ad_set", "ad")),
    ]
    assert lines["channels", ""] == {
        "resource": "channels",
        "variant": "",
        "windows": 31,
        "calls": 31,
        "units": 31,
        "units_expected": None,
        "units_min": 31,
        "units_max": 31,
        "minutes": 5.17,
        "first_day": "2026-03-01",
        "last_day": "2026-03-31",
        "reasons": {"new": 7, "history": 24},
        "scope": "analytics:read",
        "pii": [],
        "assumed": False,
    }
    assert document["total"] == {
        "windows": 127,
        "calls": 127,
        "units": 127,
        "units_expected": None,
        "units_min": 65,  # the server may name no ad sets and ads
        "units_max": 129,  # or by ids that have to be held against those of campaigns
        "minutes": 21.17,
    }
    assert "campaigns last_touch ad_set" in text
    assert text.count("new 7, history 24") == 4
    assert "a sync stops after 5 units" in text


@pytest.mark.slow
def test_a_plan_takes_no_lock_and_leaves_what_a_run_still_has_to_load(serve: Serve, elt: Elt) -> None:
    from pipelines.destinations.destination import Destination  # noqa: PLC0415 - dlt reads the folders of a test
    from pipelines.destinations.target import Target  # noqa: PLC0415 - as above

    syncs = Syncs(serve, elt)
    arguments = ("--since", "2026-03-25", "--today", FIRST, "--resources", "channels")
    syncs.plan_and_sync(*arguments)
    running = Destination(Target("atribu", "local", "atribu"))
    with running.lock():
        running.open()
        running.pipeline.extract([{"left": 1}], table_name="left_behind")

        document = planned(elt, *arguments)
        total = document["total"]
        assert (document["pending"], total["units_min"], total["units_max"]) == (True, 0, None)
        assert "cut off" in elt("status", "atribu").out
        assert running.pipeline.has_pending_data


@pytest.mark.slow
@pytest.mark.duckdb_file("a process that holds it")
def test_a_plan_reads_beside_a_reader_and_waits_for_a_writer(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__WAIT_FOR_DESTINATION", "0")
    syncs = Syncs(serve, elt)
    arguments = ("--since", "2026-03-25", "--today", FIRST, "--resources", "channels")
    syncs.plan_and_sync(*arguments)

    for command in (("plan", "atribu", *arguments), ("status", "atribu")):
        with held("local.duckdb", read_only=True):
            assert elt(*command).code == 0
        with held("local.duckdb", read_only=False) as pid:
            result = elt(*command)
        assert result.code == 75
        assert f"PID {pid}" in result.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("--resources", "chanels"), "did you mean 'channels'", id="unknown resource"),
        pytest.param(("--resources", "customers"), "personal data", id="personal resource"),
        pytest.param(("--since", "yesterday"), "YYYY-MM-DD", id="since is no day"),
        pytest.param(("--since", "2026-04-02", "--today", FIRST), "lies after today", id="start in the future"),
        pytest.param(("--destination", "warehose"), "did you mean 'warehouse'", id="unknown destination"),
    ],
)
def test_a_plan_of_what_cannot_work_exits_with_78(
    serve: Serve, elt: Elt, arguments: tuple[str, ...], says: str
) -> None:
    serve()

    result = elt("plan", "atribu", *arguments, "--json")

    assert (result.code, result.out) == (78, "")
    assert says in result.err
    assert len(result.err.splitlines()) == 1


def test_a_plan_without_a_key_exits_with_78_as_the_sync_would(elt: Elt) -> None:
    result = elt("plan", "atribu")

    assert result.code == 78
    assert "no api_key" in result.err
