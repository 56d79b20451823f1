"""Which DuckDB file a command uses where nobody names one."""

from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import Elt, Serve, ServeAtatus

pytestmark = pytest.mark.duckdb_file("which file is taken")

ONE_DAY = ("--today", "2026-03-31", "--since", "2026-03-31")


@pytest.mark.slow
def test_what_the_sandbox_makes_up_stays_in_a_file_of_its_own(elt: Elt, serve: Serve) -> None:
    assert elt("sync", "atribu", "--sandbox", *ONE_DAY, "--resources", "goals").code == 0
    assert [file.name for file in Path().glob("*.duckdb")] == ["sandbox.duckdb"]

    serve()
    assert "nothing is loaded yet" in elt("status", "atribu").out
    assert "goals" in elt("status", "atribu", "--destination", "sandbox").out
    made_up = Path("sandbox.duckdb").read_bytes()
    assert elt("sync", "atribu", *ONE_DAY, "--resources", "goals").code == 0
    assert Path("sandbox.duckdb").read_bytes() == made_up


@pytest.mark.sweep
def test_the_sandbox_has_its_destination_where_the_file_of_destinations_lacks_it(elt: Elt) -> None:
    Path("destinations.toml").write_text('[destination.local]\ndestination_type = "duckdb"\n')

    assert elt("sync", "atribu", "--sandbox", *ONE_DAY, "--resources", "goals").code == 0
    assert Path("sandbox.duckdb").exists()


@pytest.mark.sweep
def test_sources_share_a_file_and_their_tables_can_be_joined(elt: Elt, serve: Serve, serve_atatus: ServeAtatus) -> None:
    serve()
    serve_atatus()
    assert elt("sync", "atribu", *ONE_DAY, "--resources", "channels").code == 0
    assert elt("sync", "atatus", *ONE_DAY).code == 0

    with duckdb.connect("local.duckdb", read_only=True) as connection:
        joined = "SELECT count(*) FROM atribu.channels JOIN atatus.transaction_stats USING (date)"
        ((rows,),) = connection.execute(joined).fetchall()
    assert rows > 0


@pytest.mark.sweep
def test_the_file_of_an_earlier_version_goes_on_being_used_and_is_named(
    elt: Elt, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve()
    with monkeypatch.context() as earlier:
        earlier.setenv("DESTINATION__LOCAL__CREDENTIALS", "atribu.duckdb")
        assert elt("sync", "atribu", *ONE_DAY, "--resources", "channels").code == 0
    first = sandbox.units_spent

    again = elt("sync", "atribu", *ONE_DAY, "--resources", "channels")

    assert again.code == 0
    assert "atribu.duckdb is loaded into, as by an earlier version" in again.err
    assert sandbox.units_spent - first <= 1
    assert [file.name for file in Path().glob("*.duckdb")] == ["atribu.duckdb"]
    assert elt("sync", "atribu", "--sandbox", *ONE_DAY, "--resources", "goals").code == 0
    assert Path("sandbox.duckdb").exists()
