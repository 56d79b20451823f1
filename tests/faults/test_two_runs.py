"""Two syncs into one destination: one works, the other leaves at once and says who is in its way."""

import re

import pytest

from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, ended, wait_until

pytestmark = pytest.mark.untraced


@pytest.mark.slow
def test_the_second_of_two_syncs_names_the_first_and_the_first_goes_on(world: World, machine: MakeMachine) -> None:
    own = machine(limit=10, period=4.0)
    first = own.start(*ARGUMENTS)
    wait_until(lambda: own.is_held_by(first), first)

    second = own.sync(*ARGUMENTS)

    assert first.poll() is None
    assert second.code == 75
    assert re.search(rf"process {first.pid} since 20\d\d-\d\d-\d\dT", second.err), second.err
    assert ended(first).code == 0
    assert own.tables() == world.truth


@pytest.mark.slow
def test_the_lock_of_a_killed_process_is_in_nobodys_way(world: World, machine: MakeMachine) -> None:
    own = machine()
    first = own.start(*ARGUMENTS)
    wait_until(lambda: own.is_held_by(first), first)
    first.kill()
    ended(first)

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
