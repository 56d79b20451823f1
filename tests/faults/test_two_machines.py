"""Syncs of several machines into one destination: a home folder each, so that no lock file keeps them apart."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import World
from tests.processes import ARGUMENTS, Machine, ended, wait_until
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse, postgres_databases

pytestmark = pytest.mark.untraced

COMMAND = (*ARGUMENTS, *TO_THE_WAREHOUSE)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Warehouse]:
    """A database that every machine of a test loads into."""
    with postgres_databases(tmp_path / "postgres") as database:
        yield database("shared")


@pytest.fixture
def machines(world: World, shared: Warehouse, tmp_path: Path) -> tuple[Machine, Machine]:
    """A machine that takes its time, and a quick one."""
    slow = shared.machine(tmp_path / "slow", world.url, limit=10, period=4.0)
    return slow, shared.machine(tmp_path / "quick", world.url)


@pytest.mark.slow
def test_a_run_that_was_thought_dead_writes_nothing_over_its_successor(
    shared: Warehouse, machines: tuple[Machine, Machine]
) -> None:
    slow, quick = machines
    first = slow.start(*COMMAND)
    wait_until(lambda: shared.lease()[2] == first.pid, first)

    refused = quick.sync(*COMMAND)
    assert (refused.code, f"process {first.pid} on " in refused.err) == (75, True), refused.err

    wait_until(lambda: "atribu.channels" in shared.columns(), first)
    assert shared.let_the_lease_run_out(first)
    second = quick.sync(*COMMAND)
    assert second.code == 0, second.err
    truth = shared.tables(exact=True)
    assert shared.lease()[:2] == (2, None)

    first.send_signal(signal.SIGCONT)
    late = ended(first)
    assert (late.code, "has taken this dataset over" in late.err) == (75, True), late
    assert shared.tables(exact=True) == truth

    # what it had read and not loaded is of before
    assert slow.sync(*COMMAND).code == 0
    assert shared.tables(exact=True) == truth


@pytest.mark.sweep
def test_a_killed_run_keeps_its_own_machine_from_nothing_and_others_for_a_while(
    shared: Warehouse, machines: tuple[Machine, Machine]
) -> None:
    slow, quick = machines
    first = slow.start(*COMMAND)
    wait_until(lambda: shared.lease()[2] == first.pid, first)
    first.kill()
    ended(first)

    refused = quick.sync(*COMMAND)
    assert (refused.code, "free again at 20" in refused.err) == (75, True), refused.err
    own = slow.start(*COMMAND)
    wait_until(lambda: shared.lease()[2] == own.pid, own)
    own.terminate()
    ended(own)
    assert shared.lease()[1] is None
    assert quick.sync(*COMMAND).code == 0
