"""The list of people who stay out: it only grows, whoever writes, and a gap in it is seen."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.planning.ledger import Ledger
from pipelines.sql.writing import insert
from pipelines.storing.commit import Committer
from pipelines.storing.forgotten_people import TABLE, keep_out
from pipelines.storing.warehouse import Warehouse
from sandbox.atribu.state import Sandbox
from sources.rest.privacy.forgotten import Forgotten
from tests import database
from tests.privacy.conftest import Elt, Home, sync
from tests.privacy.test_forgetting import Person, somebody, traces

pytestmark = pytest.mark.untraced


@pytest.fixture
def person(sandbox: Sandbox, elt: Elt) -> Person:
    """Somebody who is loaded."""
    assert sync(elt, sandbox).code == 0
    return somebody(sandbox)


def forget(elt: Elt, person: Person) -> None:
    done = elt("forget", "--customer-id", person["customer_profile_id"], "--yes")
    assert done.code == 0, done


def change(home: Home, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with database.connect(home.file) as connection:
        return connection.execute(sql, values).fetchall()


@pytest.mark.slow
def test_a_list_that_lost_somebody_lets_no_sync_run(sandbox: Sandbox, elt: Elt, home: Home, person: Person) -> None:
    forget(elt, person)
    marks = change(home, "SELECT salt, mark, forgotten_at, profile_id FROM atribu_pii.forgotten_people")
    change(home, "DELETE FROM atribu_pii.forgotten_people")

    refused = sync(elt, sandbox, "--full")
    assert refused.code == 78
    assert f"it lists 0 of at least {len(marks)} marks" in refused.err
    assert not traces(person, home)

    for one in marks:
        columns = "(salt, mark, forgotten_at, profile_id)"
        change(home, f"INSERT INTO atribu_pii.forgotten_people {columns} VALUES ($1, $2, $3, $4)", *one)  # noqa: S608 - ours
    assert sync(elt, sandbox, "--full").code == 0
    assert not traces(person, home)


@pytest.mark.sweep
def test_a_machine_that_has_loaded_before_neither_brings_anybody_back_nor_shortens_the_list(
    sandbox: Sandbox, elt: Elt, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(home.temporary / "other")
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DLT_DATA_DIR", other)
        assert sync(elt, sandbox).code == 0
    forget(elt, person)
    marks = change(home, f"SELECT mark FROM atribu_pii.{TABLE} ORDER BY 1")  # noqa: S608 - our own name
    monkeypatch.setenv("DLT_DATA_DIR", other)

    assert sync(elt, sandbox, "--full").code == 0

    assert not traces(person, home)
    assert change(home, f"SELECT mark FROM atribu_pii.{TABLE} ORDER BY 1") == marks  # noqa: S608 - as above


@pytest.mark.sweep
def test_a_run_that_meets_somebody_new_on_the_list_loads_nothing_more(
    sandbox: Sandbox, elt: Elt, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(elt, person)
    ((salt,),) = change(home, f"SELECT DISTINCT salt FROM atribu_pii.{TABLE}")  # noqa: S608 - our own name
    check = Committer._keep_out_the_forgotten  # noqa: SLF001 - only a run that has lost its lease comes to this

    def meanwhile(self: Committer) -> None:
        row = {"salt": salt, "mark": "of somebody else", "forgotten_at": "2026-03-12"}
        self._warehouse.change(insert(TABLE, row))
        check(self)

    before = change(home, "SELECT max(_loaded_at) FROM atribu_pii.visitors")
    monkeypatch.setattr(Committer, "_keep_out_the_forgotten", meanwhile)

    stopped = sync(elt, sandbox, "--full")

    assert stopped.code == 75, stopped
    assert "forgotten" in stopped.err
    assert change(home, "SELECT max(_loaded_at) FROM atribu_pii.visitors") == before


@pytest.mark.sweep
def test_a_list_in_the_ledger_of_layout_2_moves_to_its_table(
    sandbox: Sandbox, elt: Elt, home: Home, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists: list[Forgotten] = []
    to_state = Ledger.to_state

    def of_layout_2(ledger: Ledger) -> Mapping[str, Any]:
        state = {**to_state(ledger), "version": 2}
        state.pop("kept_out", None)
        return {**state, "forgotten": {"salt": lists[0].salt, "marks": sorted(lists[0].marks)}}

    def noted(warehouse: Warehouse, forgotten: Forgotten) -> None:
        lists.append(forgotten)
        keep_out(warehouse, forgotten)

    with monkeypatch.context() as earlier:
        earlier.setattr(Ledger, "to_state", of_layout_2)
        earlier.setattr("pipelines.commands.forget.keep_out", noted)
        forget(elt, person)
    change(home, f"DROP TABLE atribu_pii.{TABLE}")

    for _ in range(2):
        assert sync(elt, sandbox, "--full").code == 0
        assert not traces(person, home)
        found = change(home, f"SELECT salt, mark FROM atribu_pii.{TABLE}")  # noqa: S608 - our own name
        assert sorted(found) == sorted((lists[0].salt, mark) for mark in lists[0].marks)
