"""A database that an earlier version has loaded is brought to the layout of today, and goes on from where it was."""

import gzip
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sandbox.atribu import FULL_KEY
from tests.integration.conftest import Elt, Serve

STATEMENTS = Path(__file__).parent / "layouts" / "018c2d2.sql.gz"
FIRST_DAY = date(2025, 4, 1)
RESOURCES = ("--since", "2026-03-29", "--resources", "timeseries,channels,goals,customers", "--include-pii")


def loaded_earlier(file: str) -> None:
    """What commit 018c2d2 has loaded on two days; statements, because a database would be 8 MB."""
    with duckdb.connect("made.duckdb") as connection:  # in a file that is called as the dataset, names need the catalog
        connection.execute(gzip.decompress(STATEMENTS.read_bytes()).decode())
    Path("made.duckdb").rename(file)


def asked(sql: str, file: str = "atribu.duckdb") -> list[tuple[object, ...]]:
    with duckdb.connect(file, read_only=True) as connection:
        connection.execute("USE atribu.atribu")
        return connection.execute(sql).fetchall()


@pytest.mark.sweep
def test_a_database_of_layout_1_goes_on_and_nothing_is_read_again(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded_earlier("atribu.duckdb")
    sandbox = serve(first_day=FIRST_DAY, today=date(2026, 4, 1))
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    channels = asked("SELECT * EXCLUDE _deleted FROM channels ORDER BY ALL")
    early = elt("status", "atribu")
    assert (early.code, "an earlier version" in early.err) == (75, True)

    calls = []
    for _ in range(2):
        before = len(sandbox.log)
        result = elt("sync", "atribu", *RESOURCES, "--today", "2026-04-01")
        assert result.code == 0, result.err
        said = [(call.path, sorted(call.query.items())) for call in sandbox.log[before:]]
        # whether the key may read people is asked once a day
        calls.append(sorted(one for one in said if ("date_from", "2000-01-01") not in one[1]))

    assert calls[0] == calls[1]
    assert asked("SELECT * EXCLUDE (_deleted, _loaded_at) FROM channels ORDER BY ALL") == channels
    assert asked("SELECT DISTINCT _deleted FROM channels") == [(False,)]
    assert asked("SELECT DISTINCT _deleted FROM atribu.atribu_pii.customers") == [(False,)]
    for table in ("sync_runs", "sync_windows", "restatements"):
        ((profiles, nulls),) = asked(f"SELECT count(DISTINCT profile_id), count(*) - count(profile_id) FROM {table}")  # noqa: S608 - the names above
        assert (profiles, nulls) == (1, 0)
    assert asked("SELECT count(*) FROM sync_windows WHERE date_range IS NULL OR row_count IS NULL") == [(0,)]
    assert asked("SELECT count(*) FROM restatements WHERE old_value = new_value OR metric = ''") == [(0,)]
    runs = json.loads(elt("status", "atribu", "--json").out)["runs"]
    assert [run["outcome"] for run in runs] == ["done"] * len(runs)
