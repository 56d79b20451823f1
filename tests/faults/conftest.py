"""One small world for all syncs in processes, and what an undisturbed sync makes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests import database
from tests.processes import ARGUMENTS, Machine, Tables, served


@dataclass(frozen=True)
class World:
    """A sandbox that is served, and what a sync of it comes to.

    Attributes:
        file: the database that it leaves.
        truth: the rows in it.
        units: what it costs.
    """

    sandbox: Sandbox
    url: str
    file: Path
    truth: Tables
    units: int


MakeMachine = Callable[..., Machine]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve the world of the crash tests and sync it once, undisturbed."""
    with served() as (sandbox, url):
        machine = Machine(tmp_path_factory.mktemp("undisturbed"), url)
        end = machine.sync_here(*ARGUMENTS)
        assert end.code == 0, end
        yield World(sandbox, url, machine.file, machine.tables(), sandbox.units_spent)


@pytest.fixture
def machine(world: World, tmp_path: Path) -> MakeMachine:
    """Make the machine of a test; days are asked for once unless it says otherwise.

    `loaded` gives it the file of an undisturbed sync.
    """

    def make(
        *, url: str = world.url, limit: int = 1000, period: float = 6000.0, loaded: bool = False, **options: Any
    ) -> Machine:
        if loaded:
            database.copy(world.file, tmp_path)
        chosen = {"RESTATEMENT": "none", **{name.upper(): value for name, value in options.items()}}
        return Machine(tmp_path, url, options=chosen, limit=limit, period=period)

    return make
