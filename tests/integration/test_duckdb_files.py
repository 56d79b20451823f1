"""A DuckDB file may have any name, be a link, and is rewritten as it was."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from dlt.common.schema import Schema

from pipelines.destinations.destination import Destination
from pipelines.destinations.duckdb_file import DuckDbFile, catalog_of, rewritten
from pipelines.destinations.named import factory_of
from pipelines.destinations.target import Target
from tests.integration.conftest import Elt, Serve

pytestmark = pytest.mark.duckdb_file("names and kinds of files")

ROOT = Path(__file__).parents[2]
TARGET = Target("atribu", "local", "atribu")
GONE = "somebody who wants to be forgotten"
ONE_DAY = ("--today", "2026-03-31", "--since", "2026-03-31", "--resources", "goals")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a.b.duckdb", id="dots"),
        pytest.param("my.data", id="other-ending"),
        pytest.param(".hidden", id="hidden"),
        pytest.param("Main.duckdb", id="reserved"),
        pytest.param("x y'z", id="blank-and-quote"),
    ],
)
def test_the_name_of_a_database_is_the_one_that_duckdb_gives(tmp_path: Path, name: str) -> None:
    with duckdb.connect(str(tmp_path / name)) as connection:
        ((known,),) = connection.execute("SELECT current_database()").fetchall()

    assert catalog_of(tmp_path / name) == known


@pytest.mark.parametrize("name", ["a;b.duckdb", "a\nb.duckdb", "a?b.duckdb", "Information_Schema.duckdb"])
def test_a_name_that_no_database_can_have_is_refused_before_anything_is_opened(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(tmp_path / name))
    result = elt("status", "atribu")
    assert (result.code, "before the first dot of its name; give it another" in result.err) == (78, True), result
    assert not (tmp_path / name).exists()


def test_a_name_that_is_too_long_is_to_be_changed(elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(tmp_path / ("x" * 250)))
    result = elt("status", "atribu")
    assert (result.code, "File name too long" in result.err) == (78, True), result


def test_a_pipe_is_refused_and_not_waited_for(elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.duckdb")
    for path in (tmp_path / "pipe.duckdb", "/dev/null"):
        monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(path))
        result = elt("status", "atribu")
        assert (result.code, "is a device, pipe or socket; give a file" in result.err) == (78, True), result


def test_a_link_where_the_copy_of_a_rewrite_would_lie_leads_to_nothing_that_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    file = tmp_path / "local.duckdb"
    with_free_blocks(file)
    rewritten(file).symlink_to("precious")

    factory_of(TARGET).rewrite()

    assert (tmp_path / "precious").read_text() == "precious"
    assert GONE.encode() not in file.read_bytes()
    assert not rewritten(file).is_symlink()


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(
    ("name", "linked"),
    [
        ("a.b.duckdb", "link.db"),
        *(pytest.param(name, None, marks=pytest.mark.sweep) for name in ("my.data", "main.duckdb", "x y'z.duckdb")),
    ],
)
def test_a_file_by_any_name_is_loaded_into_and_read(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, *, name: str, linked: str | None
) -> None:
    tmp_path = Path.cwd()
    serve()
    if linked:
        (tmp_path / linked).symlink_to(name)
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(tmp_path / (linked or name)))

    for command in (("sync", "atribu", *ONE_DAY), ("status", "atribu"), ("sync", "atribu", *ONE_DAY)):
        result = elt(*command)
        assert result.code == 0, result.err

    with duckdb.connect(str(tmp_path / name), read_only=True) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables() WHERE table_name = 'goals'").fetchall()
    assert not linked or (tmp_path / linked).is_symlink()


def with_free_blocks(file: Path, version: str = "v1.0.0") -> None:
    """A file for readers of an earlier version, in which a row was deleted and can still be read."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS made (STORAGE_VERSION '{version}')")
        connection.execute("PRAGMA force_compression='uncompressed'")
        connection.execute("CREATE TABLE made.people AS SELECT range AS id, 'x' || range AS name FROM range(50000)")
        connection.execute(f"INSERT INTO made.people VALUES (-1, '{GONE}')")  # noqa: S608 - test's own words
        connection.execute("CHECKPOINT made")
        connection.execute("DELETE FROM made.people WHERE id < 0")
    assert GONE.encode() in file.read_bytes()


def storage_version_of(file: Path) -> str:
    with duckdb.connect(str(file), read_only=True) as connection:
        ((tags,),) = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    return str(tags["storage_version"])


@pytest.mark.parametrize("version", ["v1.0.0", "v1.4.0"])
def test_a_link_is_followed_and_what_is_rewritten_stays_readable_for_whom_it_was(tmp_path: Path, version: str) -> None:
    real = tmp_path / "the.real.data"
    with_free_blocks(real, version)
    real.chmod(0o640)
    (tmp_path / "local.duckdb").symlink_to(real)

    factory_of(TARGET).rewrite()

    assert (tmp_path / "local.duckdb").is_symlink()
    assert GONE.encode() not in real.read_bytes()
    assert storage_version_of(real) == f"{version}+"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["local.duckdb", "the.real.data"]
    with duckdb.connect(str(real), read_only=True) as connection:
        assert connection.execute("SELECT count(*), max(name) FROM people").fetchall() == [(50_000, "x9999")]


DYING = """
import os, signal
from pathlib import Path
os.umask(0o077)
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from pipelines.destinations.named import factory_of
from pipelines.destinations.target import Target
factory_of(Target("atribu", "local", "atribu")).rewrite()
"""


def test_a_rewrite_that_was_killed_leaves_nothing_to_others_and_is_done_by_the_next_run(
    elt: Elt, tmp_path: Path
) -> None:
    file = tmp_path / "local.duckdb"
    with_free_blocks(file)
    file.chmod(0o644)
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", DYING], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    left = rewritten(file)
    assert left.stat().st_size > 0
    assert left.stat().st_mode & 0o777 == 0o600
    ignored = subprocess.run(  # noqa: S603 - fixed words
        ["/usr/bin/env", "git", "check-ignore", "--no-index", left.name], cwd=ROOT, capture_output=True, check=False
    )
    assert ignored.returncode == 0

    assert elt("status", "atribu").code == 0
    assert left.stat().st_size == 0
    assert GONE.encode() in file.read_bytes()

    destination = Destination(TARGET)
    with destination.lock():
        destination.open()
    assert not left.exists()
    assert GONE.encode() not in file.read_bytes()


def test_the_copy_of_a_rewrite_that_is_under_way_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "local.duckdb"
    with_free_blocks(file)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", hold, str(rewritten(file))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        size = rewritten(file).stat().st_size

        assert isinstance(factory_of(TARGET), DuckDbFile)

        assert rewritten(file).stat().st_size == size > 0
        holder.communicate("")


@pytest.mark.slow
@pytest.mark.usefixtures("elt")
def test_threads_that_open_and_close_a_file_at_once_are_in_nobodys_way() -> None:
    destination = Destination(TARGET)

    def open_and_close(_: int) -> None:
        with destination._client_of(Schema("x")) as client:  # noqa: SLF001 - what dlt is given
            client.execute_sql("SELECT 1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_and_close, range(400)))
