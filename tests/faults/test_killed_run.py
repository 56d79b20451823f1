"""A run that is killed has left its row, and is told from one that is at work."""

import json
from typing import Any

import pytest

from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, Machine, ended, wait_until

pytestmark = pytest.mark.untraced


def last_run(machine: Machine) -> dict[str, Any]:
    """What `elt status` says of the last run; None of it where there is no row yet."""
    end = machine.run_here("status", "atribu", "--json")
    assert end.code == 0, end
    runs: list[dict[str, Any]] = json.loads(end.out)["runs"]
    return runs[0] if runs else {}


@pytest.mark.sweep
def test_a_run_is_running_then_killed_with_the_units_of_its_commits(world: World, machine: MakeMachine) -> None:
    own, before = machine(limit=10, period=120.0), world.sandbox.units_spent
    process = own.start(*ARGUMENTS)
    wait_until(lambda: world.sandbox.units_spent == before + own.limit, process)
    wait_until(lambda: last_run(own).get("units", 0) >= own.slice_units, process)
    at_work = last_run(own)
    assert (at_work["outcome"], at_work["exit_code"], at_work["ended_at"]) == ("running", None, None)

    process.kill()
    ended(process)

    assert last_run(own) == at_work | {"outcome": "killed"}
    assert machine().sync_here(*ARGUMENTS).code == 0
    outcomes = own.query("SELECT outcome, exit_code, units >= 5 FROM atribu.sync_runs ORDER BY started_at")
    assert outcomes == [("killed", None, True), ("done", 0, True)]
