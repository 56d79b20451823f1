"""What PostgreSQL alone can: be reached without a password, and find the rows of a day by an index."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from tests.integration.conftest import Elt, Serve
from tests.postgres import postgres_server

pytestmark = pytest.mark.untraced

TO_IT = ("--destination", "warehouse")
SYNC = ("sync", "atribu", "--since", "2026-03-04", "--resources", "channels,goals", *TO_IT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server whose socket asks for no password: its address, and its folder."""
    folder = tmp_path_factory.mktemp("pg")
    (folder.parent / "service").write_text(f"[there]\nhost={folder}\nuser=postgres\ndbname=postgres\n")
    with postgres_server(folder) as (address, _):
        yield address, str(folder)


@pytest.mark.parametrize(
    ("address", "environment"),
    [
        pytest.param("postgresql:///postgres?host={}&user=postgres", {}, id="socket"),
        pytest.param("postgresql://postgres@/postgres?host={}", {}, id="user"),
        pytest.param("postgresql:///postgres", {"PGHOST": "{}", "PGUSER": "postgres"}, id="PGHOST"),
        pytest.param("", {"PGHOST": "{}", "PGUSER": "postgres", "PGDATABASE": "postgres"}, id="PGDATABASE"),
        pytest.param("postgresql://?service=there", {"PGSERVICEFILE": "{}/../service"}, id="service"),
        pytest.param("", {"PGSERVICE": "there", "PGSERVICEFILE": "{}/../service"}, id="PGSERVICE"),
    ],
)
def test_what_libpq_finds_out_need_not_be_given(
    serve: Serve,
    elt: Elt,
    monkeypatch: pytest.MonkeyPatch,
    server: tuple[str, str],
    *,
    address: str,
    environment: dict[str, str],
) -> None:
    serve(today=date(2026, 3, 5))
    if address:
        monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", address.format(server[1]))
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(server[1]))

    result = elt("check", "atribu", *TO_IT)

    assert result.code == 0, result.err
    assert "takes rows" in result.out


def test_a_password_comes_from_the_file_of_passwords(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, server: tuple[str, str], tmp_path: Path
) -> None:
    serve(today=date(2026, 3, 5))
    address, folder = server
    with closing(psycopg2.connect(address)) as connection, connection:
        connection.cursor().execute("CREATE ROLE loader SUPERUSER LOGIN PASSWORD 'of the file'")
        rules = Path(folder) / "pg_hba.conf"
        rules.write_text("local all loader scram-sha-256\n" + rules.read_text())
        connection.cursor().execute("SELECT pg_reload_conf()")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", f"postgresql://loader@/postgres?host={folder}")
    passwords = tmp_path / "passwords"
    monkeypatch.setenv("PGPASSFILE", str(passwords))

    refused = elt("check", "atribu", *TO_IT)
    passwords.write_text("*:*:postgres:loader:of the file\n")
    passwords.chmod(0o600)
    result = elt("check", "atribu", *TO_IT)

    assert (refused.code, "no password supplied" in refused.err) == (78, True), refused.err
    assert result.code == 0, result.err


@pytest.mark.slow
def test_tables_with_days_have_an_index_from_the_second_sync_on(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, server: tuple[str, str]
) -> None:
    sandbox = serve(today=date(2026, 3, 5))
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", f"postgresql://postgres@/postgres?host={server[1]}")
    for day in (5, 6, 7):
        sandbox.settings.today = date(2026, 3, day)
        result = elt(*SYNC, "--today", f"2026-03-0{day}")
        assert result.code == 0, result.err

    with closing(psycopg2.connect(server[0])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename, indexdef FROM pg_indexes WHERE indexname LIKE '%by_merge_key' ORDER BY 1")
        found = dict(cursor.fetchall())
    assert list(found) == ["channels"]
    assert found["channels"].endswith("(profile_id, date, grain)")
