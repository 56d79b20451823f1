"""SIGTERM and SIGINT end a run soon and cleanly, whatever it is doing."""

import signal
import subprocess
import time

import pytest

from sandbox.atribu import Fault
from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, ended, reader_of, served, wait_until

pytestmark = pytest.mark.untraced

SOON = 15.0
CODES = {signal.SIGTERM: (143, "terminated"), signal.SIGINT: (130, "interrupted")}
SIGNALLED = """
import os
from dlt.common.destination.client import RunnableLoadJob
run = RunnableLoadJob.run_managed
def signalled(job, *arguments):
    if job._load_table["name"] == "channels":
        os.kill(os.getpid(), {number})
    run(job, *arguments)
RunnableLoadJob.run_managed = signalled
"""
"""Signals a sync while it loads."""
EARLY = """
import os
from pipelines.destinations.destination import Destination
opened = Destination.opened
def signalled(destination):
    os.kill(os.getpid(), {number})
    return opened(destination)
Destination.opened = signalled
"""
"""Signals a sync that holds the lock and has not looked at its destination yet."""

BOTH = pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.sweep)],
    ids=lambda number: number.name,
)


def stopped(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Wait for a process that was signalled to end soon, with the exit code of its signal."""
    end = ended(process, SOON)
    assert end.code == CODES[number][0], end
    assert "Traceback" not in end.err


@pytest.mark.sweep
@BOTH
def test_a_signal_ends_a_run_that_waits_for_the_rate_limit(
    world: World, machine: MakeMachine, number: signal.Signals
) -> None:
    own, before = machine(limit=10, period=120.0), world.sandbox.units_spent
    process = own.start(*ARGUMENTS)
    wait_until(lambda: world.sandbox.units_spent == before + own.limit, process)
    time.sleep(1)

    process.send_signal(number)

    stopped(process, number)
    assert own.outcomes() == [CODES[number][1]]
    assert own.pending() == []
    own.limit = 1000
    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
    assert world.sandbox.units_spent - before == world.units


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("number", "loaded"), [pytest.param(signal.SIGTERM, True, marks=pytest.mark.sweep), (signal.SIGINT, False)]
)
def test_a_signal_before_the_destination_is_open_ends_a_run_that_has_asked_for_nothing(
    world: World, machine: MakeMachine, number: signal.Signals, *, loaded: bool
) -> None:
    own, before = machine(loaded=loaded, restatement="fixed"), world.sandbox.units_spent
    earlier = own.outcomes() if loaded else []

    stopped(own.start(*ARGUMENTS, code=EARLY.format(number=int(number))), number)

    assert own.outcomes() == [*earlier, CODES[number][1]]
    assert world.sandbox.units_spent == before
    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth


@pytest.mark.sweep
def test_a_signal_ends_a_run_whose_calls_hang(world: World, machine: MakeMachine) -> None:
    with served() as (sandbox, url):
        own = machine(url=url)
        sandbox.faults.append(Fault("channels", "slow", times=None, seconds=40.0))
        process = own.start(*ARGUMENTS)
        wait_until(lambda: any(asked.path == "channels" for asked in sandbox.log), process)

        process.send_signal(signal.SIGTERM)

        stopped(process, signal.SIGTERM)
        assert own.outcomes() == ["terminated"]
        sandbox.faults.clear()
        assert own.sync_here(*ARGUMENTS).code == 0
        assert own.tables() == world.truth


@pytest.mark.slow
@BOTH
def test_a_signal_while_a_slice_is_loaded_ends_the_run_after_it(
    world: World, machine: MakeMachine, number: signal.Signals
) -> None:
    own, before = machine(), world.sandbox.units_spent

    stopped(own.start(*ARGUMENTS, code=SIGNALLED.format(number=int(number))), number)

    assert own.outcomes() == [CODES[number][1]]
    assert own.pending() == []
    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
    assert world.sandbox.units_spent - before == world.units


@pytest.mark.duckdb_file("a reader that holds it")
@pytest.mark.sweep
def test_a_signal_ends_a_run_that_waits_for_the_file(world: World, machine: MakeMachine) -> None:
    with served() as (sandbox, url):
        own = machine(url=url, period=12_000.0, max_in_flight=1, wait_for_destination=100)
        sandbox.settings.latency = 0.2
        process = own.start(*ARGUMENTS)
        wait_until(lambda: sandbox.units_spent > 7, process)
        with reader_of(own):
            time.sleep(3)
            process.send_signal(signal.SIGTERM)
            stopped(process, signal.SIGTERM)
        sandbox.settings.latency = 0.0

        assert own.sync_here(*ARGUMENTS).code == 0
        assert own.tables() == world.truth
