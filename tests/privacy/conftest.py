"""One small world of people for all tests of this folder, and the `elt` command in a home of its own."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main
from sandbox.atribu import FULL_KEY, Settings
from sandbox.atribu.state import Sandbox
from tests import database
from tests.privacy.people import GOALS, SECRET, SMALL, leaks
from tests.processes import served

TODAY = date(2026, 3, 12)
OPTIONS = {
    "START_DATE": "2026-03-01",
    "HORIZON_DAYS": 14,
    "GOALS": ",".join(GOALS),
    "PII_SECRET": SECRET,
    "MAX_TRIES": 1,
    "INCLUDE_PII": "true",
}


@dataclass(frozen=True)
class Result:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return self.out + self.err


Elt = Callable[..., Result]


@dataclass
class Home:
    """The places of one test on a machine that is otherwise empty."""

    working: Path
    home: Path
    temporary: Path
    said: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return self.working / "local.duckdb"

    def leaks(self, *, but: tuple[Path, ...] = ()) -> Mapping[str, list[str]]:
        """Where canaries are found: on the disk, or in anything that was printed."""
        places = (self.working, self.home, self.temporary, Path(os.environ["DLT_DATA_DIR"]))
        return leaks(*places, but=but, said="\n".join(self.said))


@pytest.fixture(scope="session")
def served_people() -> Iterator[tuple[Sandbox, str]]:
    """Serve a small world."""
    with served(first_day=date(2026, 3, 1), today=TODAY, size=SMALL) as both:
        yield both


@pytest.fixture
def sandbox(served_people: tuple[Sandbox, str], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The small world as it was at first, and a configuration that leads to it."""
    found, url = served_people
    found.faults.clear()
    found.log.clear()
    settings, plain = found.settings, Settings()
    settings.today, settings.paging, settings.canaries = TODAY, plain.paging, None
    settings.keys = plain.keys
    options = {"BASE_URL": url, "API_KEY": FULL_KEY, "RATE_LIMIT": settings.limit, "RATE_PERIOD": settings.period}
    for name, value in {**options, **OPTIONS}.items():
        monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", str(value))
    return found


@pytest.fixture
def sandbox_url(served_people: tuple[Sandbox, str]) -> str:
    """Where the small world is served."""
    return served_people[1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give the test a home, and a place for temporary files."""
    own = Home(tmp_path / "working", tmp_path / "home", tmp_path / "temporary")
    for place in (own.working, own.home, own.temporary):
        place.mkdir()
    monkeypatch.chdir(own.working)
    for name, value in database.settings_of(own.working).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(own.home))
    monkeypatch.setenv("TMPDIR", str(own.temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return own


@pytest.fixture
def elt(capfd: pytest.CaptureFixture[str], home: Home, monkeypatch: pytest.MonkeyPatch) -> Elt:
    """Run the `elt` command as a shell would, in this process."""

    def run(command: str, *arguments: str, stdin: str = "", **options: Any) -> Result:
        capfd.readouterr()
        with monkeypatch.context() as changed:
            changed.setattr(sys, "stdin", io.StringIO(stdin))
            for name, value in options.items():
                changed.setenv(f"SOURCES__ATRIBU__{name.upper()}", str(value))
            with pytest.raises(SystemExit) as exit_info:
                main([command, "atribu", *arguments])
        result = Result(int(exit_info.value.code or 0), *capfd.readouterr())
        home.said.append(result.said)
        return result

    return run


def sync(
    elt: Elt, sandbox: Sandbox, *arguments: str, resources: str = "customers,visitors,journeys", **options: Any
) -> Result:
    """Run a sync of personal data on the day of the sandbox."""
    asked = ["--today", str(sandbox.settings.today), *arguments]
    return elt("sync", *asked, *(["--resources", resources] if resources else []), **options)
