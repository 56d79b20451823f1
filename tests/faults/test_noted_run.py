"""A run that has changed no table says so in one transaction; what ends it meanwhile leaves all of that, or nothing."""

import pytest

from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, Machine

pytestmark = [pytest.mark.slow, pytest.mark.untraced]

KILLED_AT = """
import os
from pipelines.destinations import destination
execute, left = destination.execute, [{statements}]
def killed(client, statement):
    execute(client, statement)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), 9)
destination.execute = killed
"""

KILLED_AFTER = """
import os
from pipelines.destinations.destination import Destination
write = Destination.write
def killed(self, statements):
    write(self, statements)
    os.kill(os.getpid(), 9)
Destination.write = killed
"""

AWAY = """
from pipelines.destinations import destination
from pipelines.destinations.waiting import DestinationBusyError
def away(client, statement):
    raise DestinationBusyError("away")
destination.execute = away
"""


def outcomes(machine: Machine) -> list[str]:
    """How runs have ended, first the first one."""
    return [one for (one,) in machine.query("SELECT outcome FROM atribu.sync_runs ORDER BY started_at")]


def packages(machine: Machine) -> int:
    """How many packages dlt knows as loaded."""
    ((count,),) = machine.query("SELECT count(*) FROM atribu._dlt_loads")
    return int(count)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param(KILLED_AT.format(statements=1), "killed", id="its row is deleted", marks=pytest.mark.sweep),
        pytest.param(KILLED_AT.format(statements=3), "killed", id="all is written"),
        pytest.param(KILLED_AFTER, "done", id="all is committed"),
    ],
)
def test_a_kill_leaves_all_that_is_said_of_a_run_or_nothing(
    world: World, machine: MakeMachine, code: str, outcome: str
) -> None:
    own = machine()
    assert own.sync_here(*ARGUMENTS).code == 0
    before = packages(own)

    assert own.sync(*ARGUMENTS, code=code).code == -9

    assert outcomes(own) == ["done", "running" if outcome == "killed" else "done"]
    assert packages(own) - before == (outcome == "done")
    assert own.sync_here(*ARGUMENTS).code == 0
    assert outcomes(own) == ["done", outcome, "done"]
    assert own.tables() == world.truth


def test_what_is_said_of_a_run_waits_in_a_package_where_the_destination_does_not_answer(
    world: World, machine: MakeMachine
) -> None:
    own = machine()
    assert own.sync_here(*ARGUMENTS).code == 0
    before = packages(own)

    assert own.sync(*ARGUMENTS, code=AWAY).code == 75

    assert outcomes(own) == ["done", "running"]
    assert own.sync_here(*ARGUMENTS).code == 0
    assert outcomes(own) == ["done", "done", "done"]
    assert packages(own) - before == 2
    assert own.tables() == world.truth
