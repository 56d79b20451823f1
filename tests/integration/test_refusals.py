"""The same cause has the same exit code and the same advice, whichever command meets it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg2
import pytest

from pipelines.destinations.verdicts import verdict_of
from sandbox.atribu import FULL_KEY
from tests import database
from tests.integration.conftest import COMMANDS, Elt
from tests.processes import Machine, served
from tests.refusing_servers import Answer, answering, going_away, of_the_web, refusing, with_ssl, without_ssl

LOADED: Final = ("goals,visitors", "--include-pii", "--since", "2026-03-31", "--today", "2026-03-31")
CREDENTIALS: Final = "check host, database, user, password and certificates under credentials"
DAMAGED: Final = "the file is damaged: put back a copy, or give the path of a new one"
NOTED: Final = "what dlt has noted of the dataset"
BYTES: Final = pytest.mark.duckdb_file("damages its bytes")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and an API that nobody asks."""
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file that a sync has loaded, people too."""
    with served(first_day=date(2026, 3, 25), today=date(2026, 3, 31)) as (_, url):
        machine = Machine(tmp_path_factory.mktemp("loaded"), url, options={"INCLUDE_PII": "true"})
        end = machine.sync_here("--resources", *LOADED)
        assert end.code == 0, end
        return machine.file


def told(elt: Elt, command: tuple[str, ...], name: str) -> tuple[int, str]:
    """Exit code and only line of a command, but for its time."""
    result = elt(command[0], "atribu", *command[1:], "--destination", name)
    assert "Traceback" not in result.err
    (line,) = result.said or [""]
    return result.code, line.partition(" ")[2]


def overwritten(start: int, count: int) -> Callable[[Path], None]:
    """Write over bytes of a file."""

    def change(file: Path) -> None:
        with file.open("r+b") as opened:
            opened.seek(start)
            opened.write(b"\xff" * count)

    return change


def cut_off(file: Path) -> None:
    os.truncate(file, 12288)  # the headers of a DuckDB file


def of_sqlite(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (a)")


def leading_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def changed(*statements: str) -> Callable[[Path], None]:
    """Change both datasets of a file by statements."""

    def change(file: Path) -> None:
        with database.connect(file) as connection:
            for dataset in ("atribu", "atribu_pii"):
                connection.execute(f"USE {file.stem}.{dataset}")
                for statement in statements:
                    connection.execute(statement)

    return change


@pytest.mark.slow
@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(overwritten(4096, 8192), DAMAGED, id="headers", marks=BYTES),
        pytest.param(overwritten(12288 + 64, 200_000), DAMAGED, id="block", marks=[BYTES, pytest.mark.sweep]),
        pytest.param(cut_off, DAMAGED, id="cut-off", marks=[BYTES, pytest.mark.sweep]),
        pytest.param(
            of_sqlite, "it is an SQLite file: give the path of another", id="sqlite", marks=[BYTES, pytest.mark.sweep]
        ),
        pytest.param(
            leading_to_itself, "Too many levels of symbolic links", id="link", marks=[BYTES, pytest.mark.sweep]
        ),
        pytest.param(changed("UPDATE _dlt_pipeline_state SET state = 'x'"), NOTED, id="state"),
        pytest.param(
            changed("UPDATE _dlt_pipeline_state SET state = '{}'"), NOTED, id="empty-state", marks=pytest.mark.sweep
        ),
        pytest.param(changed("UPDATE _dlt_version SET schema = 'x'"), NOTED, id="schema", marks=pytest.mark.sweep),
        pytest.param(
            changed("UPDATE _dlt_version SET schema = replace(schema, '\"engine_version\":', '\"engine_version\":9')"),
            "update this program if a later version has loaded it",
            id="later-schema",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            changed("ALTER TABLE run_lease DROP COLUMN pid"),
            "somebody has taken a column from a table: put it back, or drop the table",
            id="column",
        ),
    ],
)
def test_every_command_refuses_a_damaged_database_for_good(
    elt: Elt, loaded: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], says: str
) -> None:
    file = Path.cwd() / loaded.name
    if not database.is_elsewhere(file):
        monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(file))
    for command in COMMANDS:
        file.unlink(missing_ok=True)
        database.copy(loaded, file)
        change(file)

        code, line = told(elt, command, "local")

        assert code == 78, (command, line)
        assert says in line, (command, line)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("answer", "query", "code", "says"),
    [
        pytest.param(
            without_ssl,
            "?sslmode=require",
            78,
            f"server does not support SSL, but SSL was required; {CREDENTIALS}",
            id="no-ssl",
        ),
        pytest.param(
            refusing("53300", "sorry, too many clients already"),
            "",
            75,
            "too many clients already; run again later",
            id="full",
        ),
    ],
)
def test_every_command_says_the_same_of_a_server_that_lets_nobody_in(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, *, answer: Answer, query: str, code: int, says: str
) -> None:
    with answering(answer) as port:
        monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", f"postgresql://u:x@127.0.0.1:{port}/d{query}")
        found = {told(elt, command, "warehouse") for command in COMMANDS}

    ((one, line),) = found
    assert one == code
    assert says in line


@pytest.mark.parametrize(
    ("answer", "query", "later"),
    [
        pytest.param(without_ssl, "sslmode=verify-full", False, id="no-ssl"),
        pytest.param(with_ssl, "sslmode=verify-full&sslrootcert=/nowhere/root.crt", False, id="no-root-certificate"),
        pytest.param(with_ssl, "sslmode=require", True, id="cut-off-in-handshake"),
        pytest.param(of_the_web, "sslmode=prefer", False, id="web"),
        pytest.param(of_the_web, "sslmode=disable", False, id="web-without-ssl"),
        pytest.param(going_away, "", True, id="cut-off"),
        pytest.param(without_ssl, "gssencmode=require", False, id="gss"),
        pytest.param(without_ssl, "service=nosuch", False, id="unknown-service"),
        *(
            pytest.param(refusing(state, text), "", later, id=text[:40].replace(" ", "-"))
            for state, text, later in (
                ("53300", "remaining connection slots are reserved for roles with SUPERUSER", True),
                ("57P03", "the database system is starting up", True),
                ("57P03", "the database system is shutting down", True),
                ("57P03", "the database system is not yet accepting connections", True),
                ("55000", 'database "d" is not currently accepting connections', True),
                ("08P01", "query_wait_timeout", True),
                ("08P01", "server login has been failing, try again later (server_login_retry)", True),
                ("08P01", "unsupported startup parameter in options: search_path", False),
                ("08P01", "no such database: d", False),
                ("08P01", "no such user: u", False),
                ("08P01", "SASL authentication failed", False),
                ("XX000", "Tenant or user not found", False),
                ("XX000", "Endpoint ID is not specified. Either please upgrade the client library", False),
                ("28000", 'no pg_hba.conf entry for host "h", user "u", database "d", no encryption', False),
                ("28000", "connection requires a valid client certificate", False),
                ("28000", "The connection is insecure (try using `sslmode=require`)", False),
                ("28P01", 'password authentication failed for user "u"', False),
                ("22023", 'invalid value for parameter "TimeZone": "Mars"', False),
            )
        ),
    ],
)
def test_what_is_said_before_anybody_is_let_in_tells_whether_to_wait(
    answer: Answer, query: str, *, later: bool
) -> None:
    with answering(answer) as port, pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(f"postgresql://u:x@127.0.0.1:{port}/d?{query}")

    verdict = verdict_of(caught.value)

    assert verdict
    assert verdict.advice == ("" if later else CREDENTIALS)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.filterwarnings("ignore:implicitly coercing SELECT")
@pytest.mark.parametrize(
    ("kind", "address", "says"),
    [
        pytest.param("duckdb", "/proc/there.duckdb", "the folder /proc cannot be written", id="duckdb-folder"),
        pytest.param(
            "sqlalchemy",
            "sqlite:////nowhere/there.db",
            "the folder /nowhere cannot be written",
            id="sqlite-no-folder",
        ),
        pytest.param(
            "sqlalchemy", "sqlite:////proc/there.db", "the folder /proc cannot be written", id="sqlite-folder"
        ),
        pytest.param(
            "sqlalchemy",
            "nosuch://u:x@h/d",
            "Can't load plugin: sqlalchemy.dialects:nosuch; give an address",
            id="dialect",
        ),
    ],
)
def test_every_command_refuses_an_address_that_cannot_work(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, kind: str, address: str, says: str
) -> None:
    Path("destinations.toml").write_text(f'[destination.there]\ndestination_type = "{kind}"\n')
    monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS", address)

    found = {told(elt, command, "there") for command in COMMANDS}

    ((code, line),) = found
    assert code == 78
    assert says in line


@pytest.mark.untraced
def test_a_driver_whose_library_is_missing_is_told_apart_from_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "psycopg2.py").write_text("raise ImportError('libpq.so.5: cannot open shared object file')\n")
    root = Path(__file__).parents[2]
    environment: dict[str, Any] = {
        "PYTHONPATH": f"{tmp_path}:{root}",
        "SOURCES__ATRIBU__API_KEY": FULL_KEY,
        "DESTINATION__WAREHOUSE__CREDENTIALS": "postgresql://u:x@127.0.0.1:1/d",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "status", "atribu", "--destination", "warehouse"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78, done.stderr
    assert "it is installed and cannot be imported (libpq.so.5" in done.stderr


@pytest.mark.duckdb_file("where it lies")
@pytest.mark.sweep
@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["duckdb", "sqlalchemy"])
def test_a_disk_that_is_full_in_the_middle_of_a_sync_is_a_matter_of_later(tmp_path: Path, kind: str) -> None:
    scheme, limit = ("sqlite:///", 30_000) if kind == "sqlalchemy" else ("", 20_000)
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    address = {"DESTINATION__LOCAL__CREDENTIALS": f"{scheme}{tmp_path / 'local.duckdb'}"}
    (tmp_path / "destinations.toml").write_text(f'[destination.local]\ndestination_type = "{kind}"\n')
    with served() as (_, url):
        machine = Machine(tmp_path, url, environment=address)

        end = machine.sync("--resources", "goals", code=full)
        again = machine.sync("--resources", "goals")

    assert end.code == 75, end
    assert "Traceback" not in end.err
    assert again.code == 0, again
