"""Status says by its exit code whether somebody has to look, and history what was reported on a day."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from dlt.common.pipeline import get_dlt_pipelines_dir

from pipelines.running.endings import FOLDER
from sandbox.atribu import ALL_SCOPES, FULL_KEY, Fault
from tests import database
from tests.integration.conftest import Elt, Serve

SYNC = ("sync", "atribu", "--today", "2026-03-31", "--since", "2026-03-29", "--resources", "channels,goals")
LOOK = ("status", "atribu", "--max-age", "26h")


def changed(sql: str) -> None:
    """Change what runs have left, as time does."""
    with database.connect("local.duckdb") as connection:
        connection.execute(sql)


def queried(sql: str) -> list[tuple[object, ...]]:
    """Ask what runs have left."""
    with database.connect("local.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def asked(elt: Elt, *arguments: str) -> list[str]:
    """What a status asks somebody to look at; its exit code says the same."""
    result = elt(*LOOK, *arguments)
    found = [line.removeprefix("look at this: ") for line in result.out.splitlines() if "look at this" in line]
    assert result.code == (5 if found else 0), result
    return found


@pytest.mark.slow
def test_a_status_ends_with_5_as_long_as_somebody_has_to_look(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    sandbox = serve()
    assert asked(elt) == ["nothing is loaded yet"]
    assert elt(*SYNC).code == 0
    assert asked(elt) == []
    assert asked(elt, "--max-age", "pages=3d") == ["never read: pages"]

    sandbox.faults.append(Fault("channels", "html", match=lambda query: query["date_from"] == "2026-03-31"))
    assert elt(*SYNC).code == 4
    (ended, failed) = asked(elt)
    assert " has ended with failed_windows (4): channels 2026-03-31: channels: the answer is not valid JSON (" in ended
    assert failed == "1 windows failed in the last run that asked: channels"

    # another machine knows what the rows of the run say
    shutil.rmtree(Path(get_dlt_pipelines_dir(), FOLDER))
    (ended, _) = asked(elt)
    assert "(4): channels 2026-03-31: the answer is not what the API's contract says (request req_" in ended

    # the newest run goes well, the others are of earlier days, and so is what was read
    changed("UPDATE local.atribu.sync_runs SET outcome = 'done', exit_code = 0")
    changed("UPDATE local.atribu.sync_windows SET error = NULL, read_at = read_at - INTERVAL 50 HOUR")
    assert asked(elt) == ["read 2.1 days ago, and may be 26.0 hours old: channels, goals"]
    assert asked(elt, "--max-age", "channels=3d", "--max-age", "goals=9d") == []

    changed("UPDATE local.atribu.sync_runs SET outcome = 'running', exit_code = NULL")
    assert [one.partition(" was ")[2] for one in asked(elt, "--max-age", "9d")] == [
        "killed, or could not write how it ended: see its lines in the log, and whether memory or disk are full"
    ]
    assert elt("status", "atribu").code == 0
    assert (elt(*LOOK[:3], "1w").code, elt(*LOOK[:3], "chanels=1h").code) == (78, 78)


def test_a_run_that_leaves_no_row_is_told_with_its_reason_until_one_goes_well(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve()
    assert elt(*SYNC).code == 0
    keys = dict(sandbox.settings.keys)
    sandbox.settings.keys.clear()
    assert elt(*SYNC).code == 77
    revoked, *_ = asked(elt)
    assert " has ended with refused (77): channels: the API key is not accepted (401, " in revoked
    sandbox.settings.keys.update(keys)
    monkeypatch.setenv("SOURCES__ATRIBU__HORIZON_DAYS", "x")
    assert elt(*SYNC).code == 78
    monkeypatch.delenv("SOURCES__ATRIBU__HORIZON_DAYS")
    misspelt, *_ = asked(elt)
    assert " has ended with configuration (78): option horizon_days " in misspelt
    assert elt(*SYNC).code == 0
    assert asked(elt) == []


def test_a_proof_makes_no_table_younger_and_hides_no_failed_sync(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    sandbox = serve()
    prove = ("verify", "atribu", "--today", "2026-03-31", "--resources", "channels")
    assert elt(*SYNC).code == 0
    changed("UPDATE local.atribu.sync_windows SET read_at = read_at - INTERVAL 50 HOUR")
    assert elt(*prove).code == 0
    assert asked(elt) == ["read 2.1 days ago, and may be 26.0 hours old: channels, goals"]

    sandbox.faults.append(Fault("goals", "html"))
    assert elt(*SYNC).code == 4
    assert elt(*prove).code == 0
    failed, *_ = asked(elt)
    assert failed.startswith("the sync of ")
    assert " has ended with failed_windows (4): goals" in failed
    assert elt(*SYNC).code == 0

    changed("UPDATE local.atribu.channels SET revenue = revenue + 1 WHERE date = '2026-03-29'")
    assert elt(*prove).code == 4
    (differs,) = asked(elt)
    assert differs.startswith("the verify of ")
    assert elt(*SYNC).code == 0
    assert asked(elt) == []


def test_log_and_status_count_what_failed_and_what_was_not_asked_alike(serve: Serve, elt: Elt) -> None:
    sandbox = serve()
    assert elt(*SYNC).code == 0
    sandbox.settings.keys.clear()
    result = elt(*SYNC, "--json")

    document, run = json.loads(result.out), json.loads(elt("status", "atribu", "--json").out)["runs"][0]
    ((windows,),) = queried("SELECT count(*) FROM local.atribu.sync_windows WHERE error IS NOT NULL")
    failed, not_asked = len(document["failed"]), len(document["not_asked"])
    assert min(failed, not_asked) > 0
    assert f" {failed} failed, {not_asked} not asked, " in result.err.splitlines()[-1]
    assert (run["failed"], run["skipped"], windows) == (failed, not_asked, failed)


@pytest.mark.sweep
def test_an_allowance_that_is_reached_day_after_day_and_a_second_key_are_told(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve()
    second = FULL_KEY[:-1] + "9"
    sandbox.settings.keys[second] = ALL_SCOPES
    monkeypatch.setenv("SOURCES__ATRIBU__NEXT_API_KEY", second)
    for _ in range(3):
        assert elt(*SYNC[:-1], "goals").code == 0
    assert asked(elt) == []
    changed(
        "UPDATE local.atribu.sync_runs SET outcome = 'allowance', exit_code = 3, started_at = started_at"
        " - INTERVAL 1 DAY * (SELECT count(*)::INT FROM local.atribu.sync_runs AS later"
        " WHERE later.started_at > sync_runs.started_at)"
    )
    del sandbox.settings.keys[FULL_KEY]
    assert [one.partition(":")[0] for one in asked(elt)] == ["every run of 3 days has stopped at its allowance"]
    changed("UPDATE local.atribu.sync_runs SET exit_code = 0")
    assert elt(*SYNC[:-1], "goals").code == 0

    assert asked(elt) == ["api_key is refused and next_api_key is used: put it in the place of api_key"]


@pytest.mark.slow
def test_figures_for_prometheus_name_every_resource_and_are_written_as_a_whole(serve: Serve, elt: Elt) -> None:
    sandbox = serve()
    assert elt(*SYNC).code == 0
    file = Path("elt.prom")

    assert elt("status", "atribu", "--prometheus", str(file)).code == 0

    lines = file.read_text().splitlines()
    about = 'source="atribu",profile="",destination="local",dataset="atribu"'
    assert f"elt_last_run_exit_code{{{about}}} 0" in lines
    assert f"elt_units_today{{{about}}} {sandbox.units_spent}" in lines
    named = [line for line in lines if line.startswith("elt_resource_open_days{")]
    assert [line.partition("resource=")[2].partition(",")[0] for line in named] == ['"channels"', '"goals"']
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} >= {
        line.partition("{")[0] for line in named
    }
    assert list(Path().glob(".elt.prom*")) == []
    assert elt("status", "atribu", "--prometheus", "nowhere/elt.prom").code == 78


@pytest.mark.slow
def test_history_says_what_was_reported_on_a_day(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt(*SYNC).code == 0
    changed("UPDATE local.atribu.channels SET revenue = revenue + 7 WHERE date = '2026-03-30'")
    assert elt(*SYNC).code == 0

    ask = ("history", "atribu", "restatements", "--resources", "channels", "--day", "2026-03-30")
    rows = json.loads(elt(*ask, "--format", "json").out)
    table, none = elt(*ask).out, elt(*ask[:-1], "2026-03-29").out
    runs = list(csv.DictReader(io.StringIO(elt("history", "atribu", "runs", "--format", "csv").out)))

    assert {round(row["old_value"] - row["new_value"], 2) for row in rows} == {7.0}
    assert {(row["resource"], row["date"], row["metric"]) for row in rows} == {("channels", "2026-03-30", "revenue")}
    assert table.count("2026-03-30  ") == len(rows)
    assert none == "nothing is found\n"
    assert [(row["outcome"], row["exit_code"]) for row in runs] == [("done", "0")] * 2
    assert json.loads(elt("history", "atribu", "windows", "--until", "2020-01-01", "--format", "json").out) == []
    refused = elt("history", "atribu", "runs", "--resources", "channels")
    assert (refused.code, refused.out) == (78, "")
