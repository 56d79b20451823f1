"""What was deleted or does not belong together between two runs is noticed; nothing is believed to be there."""

from datetime import date
from typing import Any

import pytest
from dlt.common.versioned_state import compress_state, decompress_state

from tests import database
from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, WINDOW, Machine, served

pytestmark = pytest.mark.untraced


def loaded(machine: Machine, *arguments: str) -> Machine:
    """A machine that has synced once."""
    end = machine.sync_here(*(arguments or ARGUMENTS))
    assert end.code == 0, end
    return machine


def test_without_the_working_folder_the_ledger_comes_back_and_nothing_is_asked_again(
    world: World, machine: MakeMachine
) -> None:
    own = machine(loaded=True)
    spent = world.sandbox.units_spent
    assert not own.working.exists()

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
    assert world.sandbox.units_spent == spent


@pytest.mark.sweep
def test_without_the_file_everything_is_loaded_again(world: World, machine: MakeMachine) -> None:
    own = loaded(machine())
    database.remove(own.file)

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth


@pytest.mark.slow
@pytest.mark.parametrize(
    "dropped",
    [pytest.param(["channels"], marks=pytest.mark.sweep), ["channels", "profile", "sync_runs", "sync_windows"]],
)
def test_tables_that_were_dropped_are_noticed_and_loaded_again(
    world: World, machine: MakeMachine, dropped: list[str]
) -> None:
    own = machine(loaded=True)
    for table in dropped:
        own.query(f"DROP TABLE atribu.{table}", read_only=False)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth
    assert own.outcomes()[-1] == "done"


OF_DLT = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")


@pytest.mark.sweep
@pytest.mark.parametrize(
    "dropped",
    [*(pytest.param([one], marks=pytest.mark.sweep) for one in OF_DLT[1:]), list(OF_DLT), [OF_DLT[0], "channels"]],
    ids="+".join,
)
def test_without_tables_of_dlt_what_nothing_vouches_for_any_more_is_loaded_again(
    world: World, machine: MakeMachine, dropped: list[str]
) -> None:
    own = machine(loaded=True)
    own.query("UPDATE atribu.channels SET revenue = 0", read_only=False)
    for table in dropped:
        own.query(f"DROP TABLE atribu.{table}", read_only=False)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth
    spent = world.sandbox.units_spent
    assert own.sync_here(*ARGUMENTS).code == 0
    assert world.sandbox.units_spent == spent


@pytest.mark.sweep
def test_without_dlts_schema_the_ledger_still_counts_and_later_loads_find_their_tables(
    world: World, machine: MakeMachine
) -> None:
    own = machine(loaded=True)
    own.query("DROP TABLE atribu._dlt_version", read_only=False)
    spent = world.sandbox.units_spent

    assert own.sync_here(*ARGUMENTS).code == 0
    assert world.sandbox.units_spent == spent

    own.options["RESTATEMENT"] = "fixed"
    own.query("UPDATE atribu.channels SET revenue = 0", read_only=False)
    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
    assert own.outcomes()[1:] == ["done", "done"]


def test_a_ledger_of_a_later_version_is_refused(machine: MakeMachine) -> None:
    own = machine(loaded=True)
    before = own.tables()
    (row,) = own.query("SELECT state, version FROM atribu._dlt_pipeline_state ORDER BY version DESC LIMIT 1")
    state: Any = decompress_state(row[0])
    state["sources"]["atribu"]["coverage"]["version"] = 99
    changed = compress_state(state)
    update = f"UPDATE atribu._dlt_pipeline_state SET state = '{changed}' WHERE version = {row[1]}"  # noqa: S608 - dlt's text
    own.query(update, read_only=False)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 78
    assert "99" in end.err
    assert own.tables() == before


def test_the_key_of_another_profile_loads_nothing(machine: MakeMachine) -> None:
    own = machine(loaded=True, restatement="fixed")
    before = own.tables()
    with served(profile_id="ffffffff-0000-4000-8000-000000000000") as (_, url):
        own.url = url

        end = own.sync_here(*ARGUMENTS)

    assert end.code == 78
    assert "ffffffff-0000" in end.err
    assert own.tables() == before


@pytest.mark.sweep
@pytest.mark.parametrize("restatement", [pytest.param("fixed", marks=pytest.mark.sweep), "exact"])
def test_a_clock_that_jumps_back_changes_nothing(world: World, machine: MakeMachine, restatement: str) -> None:
    days = ("--since", "2026-03-12", *WINDOW[4:])
    assert world.sandbox.settings.today == date(2026, 3, 31)
    own = loaded(machine(restatement=restatement), "--today", "2026-03-31", *days)
    before = own.tables()

    end = own.sync_here("--today", "2026-03-20", *days)

    assert end.code == 0, end
    assert own.tables() == before
