"""A running sandbox, the `elt` command, and the database that it loads."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from pipelines.cli import main
from sandbox import atatus
from sandbox.atatus.state import Sandbox as AtatusSandbox
from sandbox.atribu import FULL_KEY, Settings, create_app, running
from sandbox.atribu.state import Sandbox
from sandbox.atribu.world import World
from sources.rest.catalogue.columns import OWN_COLUMNS
from tests import database

COMMANDS: Final = (
    ("sync", "--resources", "goals"),
    ("verify",),
    ("plan",),
    ("status",),
    ("check",),
    ("forget", "--customer-id", "c1"),
    ("views",),
    ("report",),
)
"""Every command that asks a destination something, in its shortest form."""


@dataclass(frozen=True)
class Result:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """Lines of standard error, but for how much there is to do, and the verdict of a run."""
        return [one for one in self.err.splitlines() if "windows to load" not in one and "; exit code " not in one]


Elt = Callable[..., Result]
Serve = Callable[..., Sandbox]
ServeAtatus = Callable[..., AtatusSandbox]
BroughtAbout = Callable[[str, Callable[[], object]], None]

OWN = {column.name for column in OWN_COLUMNS}

world_of = cache(World)
"""Grown once for all tests of a process: what it has said of a day it goes on saying."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a sandbox and point the configuration at it; quick unless the test sets a limit."""
    with ExitStack() as servers:

        def start(**settings: Any) -> Sandbox:
            chosen = Settings(**{"limit": 1000, "period": 1.0, "levels": "own_ids", **settings})
            app = create_app(chosen)
            url = servers.enter_context(running(app))
            options = {"BASE_URL": url, "API_KEY": FULL_KEY, "RATE_LIMIT": chosen.limit, "RATE_PERIOD": chosen.period}
            for name, value in options.items():
                monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", str(value))
            sandbox: Sandbox = app.state.sandbox
            sandbox.world = world_of(chosen.seed, chosen.first_day, chosen.size)
            return sandbox

        yield start


@pytest.fixture
def serve_atatus(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServeAtatus]:
    """Start an Atatus sandbox with a small world and point the configuration at it."""
    with ExitStack() as servers:

        def start(**settings: Any) -> AtatusSandbox:
            size = atatus.Size(transactions=5, events_per_day=30)
            chosen = atatus.Settings(**{"limit": 1000, "period": 1.0, "size": size, **settings})
            app = atatus.create_app(chosen)
            options = {
                "BASE_URL": servers.enter_context(atatus.running(app)),
                "API_KEY": atatus.READ_KEY,
                "PROJECTS": ",".join(atatus.PROJECTS),
                "RATE_LIMIT": chosen.limit,
                "RATE_PERIOD": chosen.period,
            }
            for name, value in options.items():
                monkeypatch.setenv(f"SOURCES__ATATUS__{name}", str(value))
            sandbox: AtatusSandbox = app.state.sandbox
            return sandbox

        yield start


@pytest.fixture
def elt(capfd: pytest.CaptureFixture[str]) -> Elt:
    """Run the `elt` command as a shell would, in this process."""

    def run(*arguments: str) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main(list(arguments))
        out, err = capfd.readouterr()
        return Result(int(exit_info.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for databases that tests begin with."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def brought_about(files: Path) -> BroughtAbout:
    """Bring about the database of a name, in the test's folder: by a function at first, by a copy from then on."""

    def bring(name: str, function: Callable[[], object]) -> None:
        kept = files / name / "local.duckdb"
        if kept.parent.exists():
            database.copy(kept, Path("local.duckdb"))
        else:
            function()
            kept.parent.mkdir()
            database.copy(Path("local.duckdb"), kept)

    return bring


def rows_of(
    table: str, file: str = "local.duckdb", columns: str = "*", dataset: str = "atribu"
) -> list[dict[str, Any]]:
    """Every row of a table as dictionaries, without the columns that say nothing of the answer."""
    with database.connect(file, read_only=True) as connection:
        found = connection.sql(f'SELECT {columns} FROM "{Path(file).stem}".{dataset}.{table}')  # noqa: S608 - test's own names
        names = found.columns
        return [
            {name: value for name, value in zip(names, row, strict=True) if name not in OWN} for row in found.fetchall()
        ]
