"""Status tells how fresh the tables are and how the last runs went, in a file and in a warehouse."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import psycopg2
import pytest

from sandbox.atribu import Fault, Size
from tests import database
from tests.integration.conftest import Elt, Serve
from tests.integration.test_warehouse import postgres

__all__ = ["postgres"]

SYNC = ("sync", "atribu", "--today", "2026-03-31", "--since", "2026-03-25", "--resources", "channels,timeseries,goals")


def told(elt: Elt, *arguments: str) -> dict[str, Any]:
    """The JSON document of a status."""
    result = elt("status", "atribu", *arguments, "--json")
    assert result.code == 0, result.err
    document: dict[str, Any] = json.loads(result.out)
    return document


def of(document: dict[str, Any], resource: str) -> dict[str, Any]:
    """The only line of a resource."""
    (line,) = (line for line in document["resources"] if line["resource"] == resource)
    return dict(line)


def test_nothing_loaded_is_no_error_needs_no_key_and_creates_nothing(elt: Elt, tmp_path: Path) -> None:
    before = list(tmp_path.iterdir())

    result = elt("status", "atribu")

    assert (result.code, result.err) == (0, "")
    assert "nothing is loaded yet into local, dataset atribu" in result.out
    assert (told(elt)["resources"], told(elt)["runs"]) == ([], [])
    assert list(tmp_path.iterdir()) == before


def test_a_good_run_is_fresh_and_has_no_open_days(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = serve()
    began = datetime.now(UTC)
    assert elt(*SYNC).code == 0
    spent, asked = sandbox.units_spent, len(sandbox.log)
    monkeypatch.delenv("SOURCES__ATRIBU__API_KEY")

    document, text = told(elt), elt("status", "atribu").out

    channels = of(document, "channels")
    read_at = datetime.fromisoformat(channels.pop("read_at"))
    assert began <= read_at <= datetime.now(UTC)
    assert channels == {
        "resource": "channels",
        "variant": "",
        "grain": "day",
        "first_day": "2026-03-25",
        "complete_to": "2026-03-30",
        "newest_day": "2026-03-31",
        "open": [],
        "open_days": 0,
        "truncated": [],
        "truncated_windows": 0,
        "failed": 0,
    }
    assert of(document, "timeseries")["complete_to"] == "2026-03-30"
    assert of(document, "goals")["complete_to"] is None
    assert document["profile_id"] == sandbox.settings.profile_id
    (run,) = document["runs"]
    assert (run["outcome"], run["exit_code"], run["failed"], run["units"]) == ("done", 0, 0, spent)
    assert document["units_today"] == spent
    assert "done (0)" in text
    assert f"units today (UTC): {spent}" in text
    assert len(sandbox.log) == asked


@pytest.mark.slow
@pytest.mark.untraced
def test_a_failed_window_is_an_open_day_until_it_is_loaded(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    serve().faults.append(Fault("channels", "html", match=lambda query: query["date_from"] == "2026-03-28"))
    assert elt(*SYNC).code == 4

    document = told(elt)

    channels = of(document, "channels")
    assert (channels["open"], channels["open_days"], channels["failed"]) == (["2026-03-28"], 1, 1)
    assert of(document, "timeseries")["failed"] == 0
    assert document["runs"][0]["outcome"] == "failed_windows"
    assert "failed_windows (4)" in elt("status", "atribu").out

    assert elt(*SYNC).code == 0
    document = told(elt)
    assert (of(document, "channels")["open_days"], of(document, "channels")["failed"]) == (0, 0)
    assert [run["outcome"] for run in document["runs"]] == ["done", "failed_windows"]


@pytest.mark.slow
@pytest.mark.untraced
def test_a_resource_that_never_answered_is_named(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    serve().faults.append(Fault("timeseries", "html", times=None))
    assert elt(*SYNC).code == 4

    line = of(told(elt), "timeseries")

    assert (line["first_day"], line["newest_day"], line["read_at"], line["failed"]) == (None, None, None, 1)


@pytest.mark.sweep
@pytest.mark.untraced
def test_lists_that_were_cut_off_are_counted_by_their_latest_answer(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__RESTATEMENT", "fixed")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    sandbox = serve(size=Size(keywords=300))
    arguments = ("sync", "atribu", "--today", "2026-03-25", "--since", "2026-03-19", "--resources", "keywords,channels")
    windows = [f"2026-03-{day}" for day in range(19, 26)]
    lists: Any = {
        day: sandbox.answer("keywords", {"date_from": day, "date_to": day, "limit": "100"}) for day in windows
    }
    cut = [day for day in windows if len(lists[day]) == 100]
    assert cut
    assert elt(*arguments).code == 0

    document = told(elt)

    assert of(document, "keywords")["truncated"] == [f"{cut[0]}..{cut[-1]}"]
    assert of(document, "keywords")["truncated_windows"] == len(cut)
    assert of(document, "channels")["truncated"] == []

    # an answer that failed leaves the rows that were cut off
    sandbox.faults.append(Fault("keywords", "html", times=None))
    elt(*arguments)
    assert of(told(elt), "keywords")["truncated"] == [f"{cut[0]}..{cut[-1]}"]


@pytest.mark.sweep
@pytest.mark.untraced
def test_the_last_five_runs_are_told_and_units_of_today_are_summed(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox, today = serve(), pendulum.today("UTC")
    monkeypatch.setattr(pendulum, "today", lambda _: today)  # also if midnight comes meanwhile
    for _ in range(6):
        assert elt(*SYNC[:-1], "goals").code == 0

    document = told(elt)

    assert len(document["runs"]) == 5
    started = [run["started_at"] for run in document["runs"]]
    assert started == sorted(started, reverse=True)
    assert document["units_today"] == sandbox.units_spent == 6

    with database.connect("local.duckdb") as connection:
        connection.execute("UPDATE atribu.sync_runs SET started_at = started_at - INTERVAL 1 DAY")
    assert told(elt)["units_today"] == 0


@pytest.mark.sweep
@pytest.mark.untraced
def test_variants_and_grains_have_a_line_each(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    arguments = (*SYNC[:-1], "overview")
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "last_touch,linear")
    assert elt(*arguments).code == 0
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")
    assert elt(*arguments).code == 0

    lines = [(line["variant"], line["grain"], line["first_day"]) for line in told(elt)["resources"]]

    assert lines == [
        ("last_touch", "day", "2026-03-25"),
        ("last_touch", "week", "2026-03-23"),
        ("linear", "day", "2026-03-25"),
        ("linear", "week", "2026-03-23"),
    ]
    assert "overview linear week" in elt("status", "atribu").out


@pytest.mark.sweep
def test_a_table_that_was_dropped_by_hand_is_not_called_loaded(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt(*SYNC).code == 0
    with database.connect("local.duckdb") as connection:
        connection.execute("DROP TABLE atribu.channels")

    channels = of(told(elt), "channels")

    assert (channels["complete_to"], channels["newest_day"], channels["read_at"]) == (None, None, None)


@pytest.mark.sweep
def test_a_dataset_without_history_tables_is_no_error(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt(*SYNC).code == 0
    with database.connect("local.duckdb") as connection:
        connection.execute("DROP TABLE atribu.sync_runs")
        connection.execute("DROP TABLE atribu.sync_windows")

    assert elt("status", "atribu").code == 0


@pytest.mark.sweep
@pytest.mark.untraced
def test_a_warehouse_tells_the_same(serve: Serve, elt: Elt, postgres: str) -> None:
    sandbox = serve()
    warehouse = ("--destination", "warehouse")
    assert told(elt, *warehouse)["runs"] == []
    assert elt(*SYNC, *warehouse).code == 0

    document = told(elt, *warehouse)

    channels = of(document, "channels")
    assert (channels["first_day"], channels["complete_to"], channels["open_days"]) == ("2026-03-25", "2026-03-30", 0)
    read_at = datetime.fromisoformat(channels["read_at"])
    assert abs(read_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert document["units_today"] == sandbox.units_spent
    plan = json.loads(elt("plan", "atribu", *SYNC[2:], *warehouse, "--json").out)
    asked = sandbox.units_spent
    assert elt(*SYNC, *warehouse).code == 0
    assert sandbox.units_spent - asked == plan["total"]["units"]
    with closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM atribu.sync_runs")
        assert cursor.fetchone() == (2,)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        pytest.param(("--destination", "warehose"), {}, "did you mean 'warehouse'", id="unknown destination"),
        pytest.param((), {"GRIAN": "day"}, "did you mean 'grain'", id="unknown option"),
    ],
)
def test_a_status_of_what_cannot_work_exits_with_78(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], options: dict[str, str], says: str
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", value)

    result = elt("status", "atribu", *arguments, "--json")

    assert (result.code, result.out) == (78, "")
    assert says in result.err


def test_a_check_leaves_the_destination_and_the_folder_of_runs_alone(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt("check", "atribu").code == 0
    assert not list(Path().glob("local.duckdb*"))
