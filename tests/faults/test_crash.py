"""Processes that are killed with SIGKILL: the next run to the end leaves what an undisturbed one would have left."""

import random

import pytest

from tests import database
from tests.faults.conftest import MakeMachine, World
from tests.processes import ARGUMENTS, COPIED, Machine, killed

pytestmark = pytest.mark.untraced

DYING = """
import os, signal
os.environ["LOAD__WORKERS"] = "1"  # no other job is half done, which would have to be read again
from dlt.common.destination.client import RunnableLoadJob
release, seen = RunnableLoadJob._release, []
def die(job, state):
    if job._load_table["name"] == "channels" and job._file_path.endswith({kind!r}):
        seen.append(job)
        if len(seen) == {place}:
            os.kill(os.getpid(), signal.SIGKILL)
    release(job, state)
RunnableLoadJob._release = die
"""
"""Kills a sync when the database has done a job and dlt has not noted it yet."""

DYING_LEFT_OUT = """
import os, signal
from pipelines.running import run
blank = run.blank_left_out
def blank_and_die(*given):
    blank(*given)
    os.kill(os.getpid(), signal.SIGKILL)
run.blank_left_out = blank_and_die
"""
"""Kills a sync when a column that is left out has become null, and nothing was read yet."""

MERGED = (".sql", ".reference")  # of a lake
SIGKILLED = -9


def die_loading(machine: Machine, kind: tuple[str, ...], slice_: int) -> None:
    """Let a sync die in the load of its n-th slice with channels."""
    assert machine.sync(*ARGUMENTS, code=DYING.format(kind=kind, place=slice_)).code == SIGKILLED
    assert len(machine.pending()) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("restatement", ["none", "fixed"])
def test_killed_at_random_moments_and_run_to_the_end_the_tables_are_the_truth(
    world: World, machine: MakeMachine, restatement: str
) -> None:
    own = machine(restatement=restatement)
    chance = random.Random(restatement)  # noqa: S311 - no secret

    kills = sum(killed(own, chance, 2.0, *ARGUMENTS) for _ in range(3))
    end = own.sync(*ARGUMENTS)

    assert kills
    assert end.code == 0, end
    assert own.tables() == world.truth


@pytest.mark.sweep
def test_rows_that_a_killed_process_had_just_copied_are_not_doubled(world: World, machine: MakeMachine) -> None:
    own = machine()
    die_loading(own, COPIED, 2)

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth


@pytest.mark.slow
def test_a_package_that_was_being_merged_is_finished_and_not_asked_for_again(
    world: World, machine: MakeMachine
) -> None:
    own, before = machine(), world.sandbox.units_spent
    die_loading(own, MERGED, 2)

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth
    assert world.sandbox.units_spent - before == world.units
    rows = sum(len(rows) for table, rows in own.tables().items() if table != "profile")  # it comes from no answer
    counted = own.query("SELECT outcome, row_count FROM atribu.sync_runs ORDER BY started_at")
    assert counted == [("killed", rows), ("done", 0)], "what a package holds is counted by the run that has made it"


@pytest.mark.sweep
def test_a_column_that_had_become_null_when_a_sync_was_killed_comes_back(world: World, machine: MakeMachine) -> None:
    own = machine()
    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth

    own.options["LEAVE_OUT"] = "overview.roas"
    assert own.sync(*ARGUMENTS, code=DYING_LEFT_OUT).code == SIGKILLED
    assert own.query("SELECT count(roas) FROM atribu.overview") == [(0,)]
    del own.options["LEAVE_OUT"]

    assert own.sync_here(*ARGUMENTS).code == 0
    assert own.tables() == world.truth


@pytest.mark.sweep
def test_a_package_that_waits_for_a_file_that_was_deleted_brings_no_ledger_without_its_rows(
    world: World, machine: MakeMachine
) -> None:
    own = machine()
    die_loading(own, MERGED, 2)
    database.remove(own.file)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth


@pytest.mark.sweep
def test_a_working_folder_that_was_being_written_is_given_up(world: World, machine: MakeMachine) -> None:
    own = machine()
    die_loading(own, MERGED, 1)
    (state,) = own.working.glob("pipelines/elt-*/atribu/state.json")
    state.write_text(state.read_text()[:40])

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", pytest.param(b"{]\xff", marks=pytest.mark.sweep)], ids=["empty", "garbage"])
@pytest.mark.parametrize(
    ("died", "pattern"),
    [
        (MERGED, "load/normalized/*/*_jobs/*{rows}"),
        *(
            pytest.param(died, pattern, marks=pytest.mark.sweep)
            for died, pattern in (
                (COPIED, "load/normalized/*/*_jobs/*{rows}"),
                (MERGED, "load/normalized/*/*_jobs/*.sql"),
                (MERGED, "load/normalized/*/schema.json"),
                (MERGED, "load/normalized/*/load_package_state.json"),
                (MERGED, "load/.version"),
                (MERGED, "schemas/atribu.schema.json"),
            )
        ),
    ],
)
def test_files_of_a_working_folder_that_were_damaged_keep_nobody_from_the_truth(
    world: World, machine: MakeMachine, died: tuple[str, ...], pattern: str, content: bytes
) -> None:
    if content and pattern.endswith(".sql"):
        pytest.skip("text in a statement's file is for the database to judge")
    own = machine()
    die_loading(own, died, 2)
    ends = COPIED if pattern.endswith("{rows}") else ("",)
    patterns = [f"pipelines/elt-*/atribu/{pattern.format(rows=one)}" for one in ends]
    damaged = [file for one in patterns for file in own.working.glob(one)]
    assert damaged
    for file in damaged:
        file.write_bytes(content)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth


@pytest.mark.slow
@pytest.mark.database("statements in files of a package")
def test_a_package_that_no_database_takes_is_set_aside_and_read_again(world: World, machine: MakeMachine) -> None:
    own = machine()
    die_loading(own, MERGED, 2)
    (file,) = list(own.working.glob("pipelines/elt-*/atribu/load/normalized/*/*_jobs/channels*.sql"))[:1]
    file.write_text("SELECT 'jane@example.com' FROM nowhere WHERE;")
    (working,) = own.working.glob("pipelines/elt-*/atribu")
    for year in (2020, 2021, 2022):
        (own.working / "pipelines/elt-set-aside" / working.parent.name / f"{year}0101T000000-x").mkdir(parents=True)

    end = own.sync_here(*ARGUMENTS)

    assert end.code == 0, end
    assert own.tables() == world.truth
    *kept, folder = sorted(own.working.glob("pipelines/elt-set-aside/*/*"))
    assert [one.name[:4] for one in kept] == ["2021", "2022"]
    assert f"set aside in {folder}" in end.err.replace("\n", " ")
    assert "jane" not in end.err
    assert any(one.suffix == ".sql" and "jane" in one.read_text() for one in folder.rglob("*"))
    assert {one.stat().st_mode & 0o777 for one in (folder, *folder.rglob("*"))} == {0o700, 0o600}
    assert own.sync_here(*ARGUMENTS).err.count("set aside") == 0
