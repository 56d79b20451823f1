"""A notebook that reads the DuckDB file is waited for; if it stays, it is named, and nothing that was read is lost."""

import time

import pytest

from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, ended, reader_of, served, wait_until

pytestmark = [pytest.mark.untraced, pytest.mark.duckdb_file("a reader that holds it")]

SLOW = 0.2
WHILE = 1.0


@pytest.mark.sweep
def test_a_reader_that_stays_is_named_and_one_that_closes_is_waited_for(world: World, machine: MakeMachine) -> None:
    own = machine(loaded=True, restatement="fixed", wait_for_destination=0.5)
    with reader_of(own) as reader:
        began = time.monotonic()
        end = own.sync(*ARGUMENTS)
        gave_up_after = time.monotonic() - began
        own.options["WAIT_FOR_DESTINATION"] = 60
        process = own.start(*ARGUMENTS)
        time.sleep(gave_up_after + WHILE)
        assert process.poll() is None

    assert end.code == 75
    assert f"PID {reader.pid}" in end.err
    assert ended(process).code == 0
    assert own.tables() == world.truth


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("loaded", "stays"),
    [
        pytest.param(False, True, marks=pytest.mark.sweep),
        (True, False),
        pytest.param(True, True, marks=pytest.mark.sweep),
    ],
)
def test_a_reader_that_comes_in_the_middle_loses_nothing(
    world: World, machine: MakeMachine, *, loaded: bool, stays: bool
) -> None:
    with served() as (sandbox, url):
        restatement = "fixed" if loaded else "none"
        wait = 0.5 if stays else 60
        own = machine(
            url=url, period=12_000.0, loaded=loaded, restatement=restatement, max_in_flight=1, wait_for_destination=wait
        )
        sandbox.settings.latency = SLOW
        process = own.start(*ARGUMENTS)
        wait_until(lambda: sandbox.units_spent > 7, process)
        with reader_of(own) as reader:
            if stays:
                end = ended(process)
                assert end.code == 75, end
                assert f"PID {reader.pid}" in end.err
            else:
                time.sleep(WHILE)
                assert process.poll() is None
        sandbox.settings.latency = 0.0
        assert (own.sync(*ARGUMENTS) if stays else ended(process)).code == 0

        assert own.tables() == world.truth
        assert loaded or sandbox.units_spent == world.units
