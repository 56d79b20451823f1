"""Lakes whose writers are killed, or meet each other: no transaction spans two tables there."""

import signal
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.destinations.lake_files import read_numbered, write_numbered
from tests.faults.conftest import World
from tests.lakes import TO_THE_LAKE, Lake, duckdb_tables
from tests.processes import ARGUMENTS, Machine, Tables, ended, served, wait_until

pytestmark = [pytest.mark.untraced, pytest.mark.duckdb_file("lakes are compared with one")]

COMMAND = (*ARGUMENTS, *TO_THE_LAKE)
EVERYTHING: dict[str, Any] = {"limit": 100_000, "period": 60.0}

DYING = """
import os, signal
os.environ["LOAD__WORKERS"] = "1"  # one table after the other
from dlt.common.destination.client import RunnableLoadJob
release, seen = RunnableLoadJob._release, []
def die(job, state):
    if job._file_path.endswith(".reference"):
        seen.append(job)
        if len(seen) == {place}:
            os.kill(os.getpid(), signal.SIGKILL)
    release(job, state)
RunnableLoadJob._release = die
"""
"""Kills a sync when so many tables are written and dlt has not noted the last of them yet."""

SIGKILLED = -9
SOONER, LATER = date(2026, 3, 21), date(2026, 3, 31)
RESTATED = (*ARGUMENTS[2:], *TO_THE_LAKE)


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "place", "home"), [("delta", 2, "another"), ("iceberg", 3, "its own")])
def test_killed_between_two_tables_while_the_past_changes_the_next_run_leaves_the_truth(
    tmp_path: Path, kind: str, place: int, home: str
) -> None:
    lake = Lake(kind, str(tmp_path / "lake"))
    options = {"RESTATEMENT": "exact", "HORIZON_DAYS": 20}
    with served() as (sandbox, url):
        file, one, other = (tmp_path / name for name in ("file", "one", "other"))
        file.mkdir()
        undisturbed = Machine(file, url, options=options, **EVERYTHING)
        machine = lake.machine(one, url, options=options, **EVERYTHING)
        for today in (SOONER, LATER):
            sandbox.settings.today = today
            assert undisturbed.sync_here("--today", str(today), *ARGUMENTS[2:]).code == 0
            if today == SOONER:
                assert machine.sync_here("--today", str(today), *RESTATED).code == 0
        before = lake.tables()

        assert machine.sync("--today", str(LATER), *RESTATED, code=DYING.format(place=place)).code == SIGKILLED
        if home == "another":
            let_the_lease_run_out(lake)
            machine = lake.machine(other, url, options=options, **EVERYTHING)
        end = machine.sync_here("--today", str(LATER), *RESTATED)

    assert end.code == 0, end
    assert lake.tables() == duckdb_tables(undisturbed) != before


@pytest.mark.sweep
def test_of_two_writers_one_waits_and_one_that_was_thought_dead_writes_nothing_more(
    world: World, tmp_path: Path
) -> None:
    lake = Lake("delta", str(tmp_path / "lake"))
    slow = lake.machine(tmp_path / "slow", world.url, options={"RESTATEMENT": "none"}, limit=10, period=4.0)
    quick = lake.machine(tmp_path / "quick", world.url, options={"RESTATEMENT": "none"}, **EVERYTHING)
    first = slow.start(*COMMAND)
    wait_until(lambda: "channels" in lake.names("atribu"), first)

    refused = quick.sync_here(*COMMAND)
    assert (refused.code, f"process {first.pid} on " in refused.err) == (75, True), refused

    first.send_signal(signal.SIGSTOP)
    let_the_lease_run_out(lake)
    second = quick.sync_here(*COMMAND)
    assert second.code == 0, second
    first.send_signal(signal.SIGCONT)
    late = ended(first, timeout=180)

    assert (late.code, "has taken this dataset over" in late.err) == (75, True), late
    assert lake.tables() == truth(world)
    assert slow.sync_here(*COMMAND).code == 0
    assert lake.tables() == truth(world)


def truth(world: World) -> Tables:
    """What an undisturbed sync comes to."""
    return duckdb_tables(Machine(world.file.parent, world.url))


def let_the_lease_run_out(lake: Lake) -> None:
    """Do what five minutes of silence do."""
    files, root = lake.files()
    folder = f"{root}/atribu/run_lease"
    number, table = read_numbered(files, folder)
    place = table.schema.get_field_index("held_until")
    past = pa.array(["2020-01-01T00:00:00+00:00"] * table.num_rows, table.schema.field(place).type)
    write_numbered(files, folder, table.set_column(place, table.schema.field(place), past), number + 1)
