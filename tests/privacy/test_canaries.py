"""What the server says of people, and what it says in anger, is found nowhere but where it was asked for."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from sandbox.atribu import Canaries, Fault
from sandbox.atribu.canaries import MARKS
from sandbox.atribu.state import Sandbox
from tests import database
from tests.privacy.conftest import OPTIONS, Elt, Home, sync
from tests.privacy.people import GOALS, PERSONAL, cells_of, leaks, rows_of
from tests.processes import COPIED, Machine

pytestmark = pytest.mark.untraced

SIGKILLED = -9
ABOUT = (("status", "--json"), ("plan", "--json", "--include-pii"), ("check", "--include-pii"))
DYING = """
import os, signal
from dlt.common.destination.client import RunnableLoadJob
release = RunnableLoadJob._release
def die(job, state):
    if job._load_table["name"] == {table!r} and job._file_path.endswith({kind!r}):
        os.kill(os.getpid(), signal.SIGKILL)
    release(job, state)
RunnableLoadJob._release = die
"""
"""Kills a sync when the database has done a job and dlt has not noted it yet."""


@pytest.fixture
def planted(sandbox: Sandbox) -> Sandbox:
    """The small world with canaries everywhere."""
    sandbox.settings.canaries = Canaries()
    return sandbox


def after_the_probe(query: Mapping[str, str]) -> bool:
    """Whether a call asks for days when there was somebody."""
    return query["date_from"] > "2001"


def of_goal(goal: str, kind: Any) -> Fault:
    """A fault of the customers of one goal, for ever."""
    return Fault("customers", kind, times=None, match=lambda query: query.get("goal") == goal)


@pytest.mark.parametrize("policy", [pytest.param("drop", marks=pytest.mark.sweep), "hash"])
def test_after_success_and_after_failures_that_cost_only_themselves_nothing_is_found(
    planted: Sandbox, elt: Elt, home: Home, policy: str
) -> None:
    done = sync(elt, planted, pii_policy=policy)
    assert done.code == 0, done
    assert all(rows_of(table) for table in (*PERSONAL, "sync_runs", "sync_windows", "journeys__read"))
    assert not home.leaks()

    planted.settings.today = date(2026, 3, 16)
    kinds = {"payment_received": "html", "closed_won": "truncated", "order_placed": "400"}
    planted.faults += [of_goal(goal, kind) for goal, kind in kinds.items()]
    planted.faults += [
        Fault("visitors", "503", times=None),
        Fault("customers/*/journey", "wrong_type"),
        Fault("customers/*/journey", "missing_data", times=None),
    ]
    failed = sync(elt, planted, pii_policy=policy, goals=",".join([*kinds, "lead_created"]))
    assert failed.code == 4, failed
    assert failed.err.count("failed:") == len(kinds) + 1, failed
    assert "people not read; asked again from 2026-03-17" in failed.err
    for command, *arguments in ABOUT if policy == "hash" else ():
        assert elt(command, *arguments, pii_policy=policy).code in (0, 4, 75)  # a check meets the same faults
    assert not home.leaks()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("401", 77),
        pytest.param("403", 77, marks=pytest.mark.sweep),
        ("redirect", 78),
        pytest.param("429", 75, marks=pytest.mark.sweep),
        pytest.param("reset", 75, marks=pytest.mark.sweep),
        pytest.param("slow", 75, marks=pytest.mark.sweep),
        pytest.param("204", 4, marks=pytest.mark.sweep),
        ("unknown_field", 0),
    ],
)
def test_after_failures_that_end_a_run_nothing_is_found(
    planted: Sandbox, elt: Elt, home: Home, kind: Any, code: int
) -> None:
    planted.faults.append(Fault("visitors", kind, times=None, seconds=5, match=after_the_probe))
    done = sync(elt, planted, resources="visitors", request_timeout=0.5 if kind == "slow" else 30)
    assert done.code == code, done
    assert not home.leaks()


@pytest.mark.slow
def test_names_of_fields_are_no_way_out_either(planted: Sandbox, elt: Elt, home: Home) -> None:
    planted.settings.canaries = Canaries(field_names=True)
    done = sync(elt, planted)
    assert done.code == 0, done
    assert not home.leaks()


@pytest.mark.sweep
def test_kept_people_are_in_the_tables_and_nowhere_else(planted: Sandbox, elt: Elt, home: Home) -> None:
    assert sync(elt, planted, pii_policy="keep").code == 0
    planted.faults += [of_goal(GOALS[0], "html"), Fault("visitors", "500", times=None)]
    assert sync(elt, planted, "--full", pii_policy="keep").code == 4
    for command, *arguments in ABOUT:
        assert elt(command, *arguments, pii_policy="keep").code in (0, 4, 75)  # a check meets the same faults

    assert not home.leaks(but=(home.file,))
    found = {kind for cell in cells_of(home.file) for kind in Canaries.found_in(cell)}
    assert found == set(MARKS) - {"host"}
    for table in ("sync_runs", "sync_windows", "journeys__read"):
        assert not Canaries.found_in(str(rows_of(table)))


@pytest.mark.sweep
def test_a_table_that_takes_no_names_does_not_tell_them(planted: Sandbox, elt: Elt, home: Home) -> None:
    assert sync(elt, planted, resources="visitors", pii_policy="keep").code == 0
    with database.connect(home.file) as connection:
        connection.execute("DELETE FROM atribu_pii.visitors")
        connection.execute("ALTER TABLE atribu_pii.visitors ALTER name TYPE INTEGER USING 1")
    assert sync(elt, planted, "--full", resources="visitors", pii_policy="keep").code == 70
    assert not leaks(said="\n".join(home.said))
    # what could not be loaded waits in the working folder, and is gone with the next run
    with database.connect(home.file) as connection:
        connection.execute("DROP TABLE atribu_pii.visitors")
    assert sync(elt, planted, resources="visitors", pii_policy="keep").code == 0
    assert not home.leaks(but=(home.file,))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "kind"),
    [("customers", (*COPIED, ".reference")), pytest.param("journeys", (".sql",), marks=pytest.mark.sweep)],
)
def test_a_process_that_is_killed_while_it_loads_leaves_nothing_behind(
    planted: Sandbox, sandbox_url: str, home: Home, table: str, kind: tuple[str, ...]
) -> None:
    machine = Machine(home.working, sandbox_url, OPTIONS | {"PII_POLICY": "hash"}, limit=1_000_000, period=1.0)
    arguments = ("--today", str(planted.settings.today), "--resources", "customers,journeys")
    end = machine.sync(*arguments, code=DYING.format(table=table, kind=kind))

    assert end.code == SIGKILLED, end
    assert list(machine.working.glob("pipelines/elt-*/atribu_pii/load/normalized/*/*_jobs/*"))
    home.said += [end.out, end.err]
    assert not home.leaks()
