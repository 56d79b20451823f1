"""Somebody changes the lease's table by hand: runs stop with advice and write nothing beside each other."""

import pytest
from dlt.common.schema import Schema

from pipelines.destinations.destination import Destination
from pipelines.destinations.lease import LeaseLostError
from pipelines.destinations.lease_table import Held
from pipelines.destinations.target import Target
from sources.rest.errors import ConfigurationError
from tests import database

TARGET = Target("atribu", "local", "atribu")


def changed(statement: str) -> None:
    with database.connect("local.duckdb") as connection:
        connection.execute(statement)


@pytest.mark.usefixtures("elt")
@pytest.mark.parametrize(
    ("statement", "error"),
    [
        pytest.param("DROP TABLE atribu.run_lease", LeaseLostError, id="dropped"),
        pytest.param("DELETE FROM atribu.run_lease", LeaseLostError, id="emptied"),
        pytest.param("UPDATE atribu.run_lease SET holder = 'somebody'", LeaseLostError, id="given-away"),
        pytest.param("UPDATE atribu.run_lease SET lease_number = NULL", ConfigurationError, id="without-a-number"),
    ],
)
def test_a_run_whose_lease_was_changed_writes_nothing_more(statement: str, error: type[Exception]) -> None:
    destination = Destination(TARGET)
    with destination.lock():
        destination.open()
        changed(statement)
        with destination._client_of(Schema("x")) as client, pytest.raises(error):  # noqa: SLF001 - what dlt is given
            client.execute_sql("CREATE TABLE more (number INT)")


@pytest.mark.usefixtures("elt")
@pytest.mark.parametrize("number", ["NULL", str(2**63 - 1), "-1"])
def test_a_number_that_no_run_has_written_is_told(number: str) -> None:
    with Destination(TARGET).lock():
        pass
    for _ in range(2):
        destination = Destination(TARGET)
        with destination.lock():
            destination.open()
    changed(f"UPDATE atribu.run_lease SET lease_number = {number}")  # noqa: S608 - a number
    destination = Destination(TARGET)
    with destination.lock(), pytest.raises(ConfigurationError, match="the table run_lease of dataset atribu holds"):
        destination.open()


@pytest.mark.parametrize("until", ["", "soon", "P1D", "2020-01-01/2199-01-01"])
def test_a_moment_that_nobody_can_read_is_over(until: str) -> None:
    assert not Held(1, "somebody", until=until).is_current
