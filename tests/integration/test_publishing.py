"""A copy of a DuckDB file for readers: what it holds, when it is made anew, and what is said where it cannot be."""

import os
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from tests import database
from tests.brands import SMALL, served_brands, variables
from tests.integration.conftest import Elt, Serve
from tests.listening import listening

pytestmark = pytest.mark.duckdb_file("a copy of the file")

ONE_DAY: Final = ("--since", "2026-03-31", "--today", "2026-03-31", "--resources", "channels,customers")
READERS: Final = Path("readers/published.duckdb")
GONE: Final = "forget", "atribu", "--customer-id", "nobody", "--yes"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Publish what is loaded."""
    READERS.parent.mkdir()
    monkeypatch.setenv("DESTINATION__LOCAL__PUBLISH_TO", str(READERS))
    return READERS


def everything(file: str | Path) -> dict[str, Any]:
    """Rows of every table and view of a file, and what is said of it and its columns."""
    with database.connect(file, read_only=True) as connection:
        names = connection.sql(
            "SELECT table_schema, table_name, TABLE_COMMENT FROM information_schema.tables ORDER BY ALL"
        ).fetchall()
        said = connection.sql(
            "SELECT schema_name, table_name, column_name, comment, data_type FROM duckdb_columns()"
            " WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        ((own,),) = connection.sql("SELECT current_database()").fetchall()
        found = {}
        for schema, name, text in names:
            rows = connection.sql(f'SELECT * FROM "{own}"."{schema}"."{name}"').fetchall()  # noqa: S608 - its own names
            found[f"{schema}.{name}"] = (text, sorted(map(repr, rows)))
        return {**found, "columns": said}


def without_people(found: dict[str, Any]) -> dict[str, Any]:
    """What is published of that: neither people, nor what needs them, nor what rows pass through."""

    def seen(schema: str, name: str) -> bool:
        needs_people = schema == "atribu_models" and name in ("cohorts", "conversion_paths")
        return schema in ("atatus", "atribu", "atribu_models") and not needs_people

    left = {name: rows for name, rows in found.items() if name != "columns" and seen(*name.split("."))}
    return {**left, "columns": [one for one in found["columns"] if seen(one[0], one[1])]}


@pytest.mark.slow
def test_readers_get_every_table_and_view_but_people_and_a_run_that_changes_something_replaces_the_file(
    elt: Elt, serve: Serve, published: Path
) -> None:
    serve(size=SMALL)
    assert elt("sync", "atribu", *ONE_DAY, "--include-pii").code == 0
    assert elt("views", "atribu").code == 0
    loaded = everything("local.duckdb")

    assert everything(published) == without_people(loaded)
    assert {"atribu_models.channel_daily", "atribu.run_lease", "atribu._dlt_pipeline_state"} <= without_people(
        loaded
    ).keys()
    assert any(name.startswith("atribu_pii.") for name in loaded)
    assert b"atribu_pii" not in published.read_bytes()
    assert (published.stat().st_mode & 0o777, list(published.parent.iterdir())) == (0o400, [published])

    published.chmod(0o440)
    Path(f"{published}.wal").write_bytes(b"of somebody who has written to it")
    with duckdb.connect(str(published), read_only=True) as reader:
        before = reader.sql("SELECT count(*) FROM atribu.sync_runs").fetchall()
        assert elt("sync", "atribu", *ONE_DAY[:-1], "channels").code == 0
        assert reader.sql("SELECT count(*) FROM atribu.sync_runs").fetchall() == before
    assert everything(published) == without_people(everything("local.duckdb"))
    assert (published.stat().st_mode & 0o777, list(published.parent.iterdir())) == (0o440, [published])

    number = published.stat().st_ino
    assert elt("status", "atribu").code == 0
    assert published.stat().st_ino == number
    for command in (GONE, ("verify", "atribu", "--repair", "--today", "2026-03-31", "--resources", "channels")):
        assert elt(*command).code == 0
        assert published.stat().st_ino != number
        number = published.stat().st_ino


@pytest.mark.slow
def test_what_cannot_be_published_is_said_with_a_code_and_what_is_loaded_stays(
    elt: Elt, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.parent.rmdir()
    with served_brands(("acme", "globex")) as (_, url), listening() as (hook, calls):
        for name, value in variables(url, ("acme", "globex")).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ELT__NOTIFY_URL", hook)
        failed = elt("sync", "atribu", "--all-profiles", *ONE_DAY[:-1], "channels")

        assert (failed.code, f"what is loaded stays, but {published.absolute()} is not published" in failed.err) == (
            78,
            True,
        )
        assert "No such file or directory; check path and permissions" in failed.err
        assert failed.err.splitlines()[-1].partition("2 of 2 profiles done; ")[2].endswith("; exit code 78")

        published.parent.mkdir()
        again = elt("sync", "atribu", "--all-profiles", *ONE_DAY[:-1], "channels")
        assert again.code == 0, again
        assert everything(published) == without_people(everything("local.duckdb"))
    told = [one["profiles"] for one in calls if one]
    assert [[(each["profile"], each["exit_code"]) for each in one] for one in told] == [[("", 78)], [("", 0)]]


@pytest.mark.slow
def test_a_run_that_is_at_work_elsewhere_publishes_when_it_has_ended(elt: Elt, serve: Serve, published: Path) -> None:
    serve()
    sync = ("sync", "atribu", *ONE_DAY[:-1], "channels")
    with duckdb.connect("local.duckdb") as other:
        other.execute("CREATE SCHEMA atatus; CREATE TABLE atatus.run_lease (holder VARCHAR, held_until VARCHAR)")
        other.execute("INSERT INTO atatus.run_lease VALUES ('another', '2199-01-01T00:00:00Z')")
    result = elt(*sync)
    assert (result.code, published.exists()) == (0, False), result
    assert "another run is at work in the file, which publishes both when it has ended" in result.err

    with duckdb.connect("local.duckdb") as other:
        other.execute("UPDATE atatus.run_lease SET holder = ''")
    assert elt(*sync).code == 0
    assert everything(published) == without_people(everything("local.duckdb"))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        pytest.param("WAREHOUSE=x.duckdb", "readers and writers do not wait for each other", id="warehouse"),
        pytest.param("LOCAL=local.duckdb", "is the file that is loaded", id="itself"),
        pytest.param("LOCAL=readers/Atribu.duckdb", "has the name of the dataset Atribu", id="name-of-a-dataset"),
        pytest.param("LOCAL=a;b.duckdb", "before the first dot of its name", id="no-name"),
        pytest.param("LOCAL=/dev/null", "is no file", id="device"),
    ],
)
def test_a_place_that_cannot_work_is_refused_before_anything_is_asked(
    elt: Elt, serve: Serve, monkeypatch: pytest.MonkeyPatch, option: str, said: str
) -> None:
    sandbox, (name, place) = serve(), option.split("=")
    monkeypatch.setenv(f"DESTINATION__{name}__PUBLISH_TO", place)
    result = elt("sync", "atribu", "--destination", name.lower())
    assert (result.code, said in result.err, sandbox.log) == (78, True, []), result
    assert not os.path.exists("local.duckdb")  # noqa: PTH110 - a name
