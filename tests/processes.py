"""Syncs as real processes against a sandbox of this one, and what they leave in the DuckDB file."""

import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from pipelines.cli import main
from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from tests import database

TIMEOUT: Final = 60.0
SMALL: Final = Size(visits_per_day=20, conversions_per_day=3, campaigns=2, ad_sets=1, ads=1, pages=5, keywords=5)
WINDOW: Final = ("--since", "2026-03-12", "--until", "2026-03-20", "--resources", "revenue,channels,overview")
ARGUMENTS: Final = ("--today", "2026-03-31", *WINDOW)
"""Old days only: with `restatement` as `none` they are asked for once and never again."""

COPIED: Final = (".parquet", ".insert_values", ".insert_values.gz")
"""Ends of the names of dlt's files with rows; which of them there are, the destination decides."""

STARTING: Final = 0.1
"""Share of kills that hit a process before it has begun to work."""

ABOUT_RUNS: Final = {"forgotten_people", "run_lease", "sync_runs", "sync_windows", "restatements"}
"""Tables that tell of runs and so differ between them."""

Tables = dict[str, list[str]]
"""Table -> its rows as text, sorted."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass
class Machine:
    """A folder, a configuration, and syncs that run in it.

    `options` are those of `[sources.atribu]`; `limit` and `period` are the client's: a whole limit leaves at once, and
    a slice is what a minute brings back.
    """

    folder: Path
    url: str
    options: dict[str, Any] = field(default_factory=dict)
    limit: int = 1000
    period: float = 6000.0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return self.folder / "local.duckdb"

    @property
    def working(self) -> Path:
        """What dlt keeps on the machine."""
        return self.folder / "dlt"

    @property
    def slice_units(self) -> int:
        """Units of one commit."""
        return min(600, max(1, round(self.limit * 60 / self.period)))

    def start(self, *arguments: str, code: str | None = None, command: str = "sync") -> subprocess.Popen[str]:
        """Start a command, a sync unless told otherwise; `code` runs in its process before the command does."""
        program = ["-c", f"{code}\nfrom pipelines.cli import main\nmain()"] if code else ["-m", "pipelines.cli"]
        root = Path(__file__).parents[1]
        return subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, *program, command, "atribu", *arguments],
            cwd=self.folder,
            env=self.all_variables() | {"PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sync(self, *arguments: str, code: str | None = None) -> Ended:
        """Run a sync to its end, in a process of its own."""
        return ended(self.start(*arguments, code=code))

    def sync_here(self, *arguments: str) -> Ended:
        """Run a sync to its end in this process, which has imported dlt already."""
        return self.run_here("sync", "atribu", *arguments)

    def run_here(self, *arguments: str) -> Ended:
        """Run a command to its end in this process."""
        out, err = io.StringIO(), io.StringIO()
        with patch.dict(os.environ, self.all_variables(), clear=True), chdir(self.folder):
            try:
                with redirect_stdout(out), redirect_stderr(err):
                    main(list(arguments))
            except SystemExit as end:
                return Ended(int(end.code or 0), out.getvalue(), err.getvalue())
        raise AssertionError("the command did not exit")

    def all_variables(self) -> dict[str, str]:
        """Variables of the environment in which a command runs."""
        options = {
            "BASE_URL": self.url,
            "API_KEY": FULL_KEY,
            "RATE_LIMIT": self.limit,
            "RATE_PERIOD": self.period,
            **self.options,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SOURCES", "DESTINA"))}
        chosen = {f"SOURCES__ATRIBU__{name}": str(value) for name, value in options.items()}
        return {
            **inherited,
            **chosen,
            **database.settings_of(self.folder),
            **self.environment,
            "DLT_DATA_DIR": str(self.working),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    def pending(self) -> list[Path]:
        """Load packages that were extracted and not loaded."""
        folders = ("normalize/extracted", "load/normalized")
        return [
            package
            for one in folders
            for package in self.working.glob(f"pipelines/elt-*/atribu/{one}/*")
            if (package / "new_jobs").is_dir()
        ]

    def is_held_by(self, process: "subprocess.Popen[str]") -> bool:
        """Whether a process was the last to take a lock of this home folder."""
        return any(_pid(file.read_text()) == process.pid for file in self.working.glob("pipelines/elt-*.lock"))

    def tables(self) -> Tables:
        """Every row of every table that holds data."""
        return {
            table: sorted(map(repr, self.query(f"SELECT {', '.join(names)} FROM atribu.{table}")))  # noqa: S608 - names of the database
            for table, names in self._columns().items()
        }

    def _columns(self) -> dict[str, list[str]]:
        """Table -> its columns, as far as they hold what was answered."""
        found: dict[str, list[str]] = {}
        for table, column in self.query(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'atribu' ORDER BY 1, 2"
        ):
            if table.startswith("_dlt") or table in ABOUT_RUNS:
                continue
            if column == "_deleted" or not column.startswith("_"):
                found.setdefault(table, []).append(f'"{column}"')
        return found

    def query(self, sql: str, *, read_only: bool = True) -> list[tuple[Any, ...]]:
        """Ask the DuckDB file, as a person would."""
        with database.connect(self.file, read_only=read_only) as connection:
            return connection.execute(sql).fetchall()

    def outcomes(self) -> list[str]:
        """Outcomes of the runs, oldest first."""
        return [row[0] for row in self.query("SELECT outcome FROM atribu.sync_runs ORDER BY ended_at")]


def _pid(text: str) -> int | None:
    try:
        return int(json.loads(text)["pid"])
    except ValueError:  # nobody has taken it yet, or somebody takes it at this moment
        return None


def ended(process: "subprocess.Popen[str]", timeout: float = TIMEOUT) -> Ended:
    """Wait for a process and return how it ended."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err)


def wait_until(true: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait until something has come about; give up when the process that should bring it has ended."""
    deadline = time.monotonic() + TIMEOUT
    while not true():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the process ended early: {ended(process)}")
        if time.monotonic() > deadline:
            raise AssertionError("it did not come about")
        time.sleep(0.005)


@contextmanager
def served(**settings: Any) -> Iterator[tuple[Sandbox, str]]:
    """Serve a small sandbox that never refuses a call; give it and its address."""
    app = create_app(Settings(**{"limit": 1_000_000, "period": 1.0, "size": SMALL, "levels": "own_ids", **settings}))
    with running(app) as url:
        yield app.state.sandbox, url


@contextmanager
def reader_of(machine: Machine) -> Iterator["subprocess.Popen[str]"]:
    """Hold the DuckDB file open for reading in another process, as a notebook does."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", _HOLD, str(machine.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.communicate("")


_HOLD: Final = """
import sys, time, duckdb
while True:
    try:
        connection = duckdb.connect(sys.argv[1], read_only=True)
        break
    except duckdb.IOException:
        time.sleep(0.002)
print('held', flush=True)
sys.stdin.read()
"""


def seconds_of_work(machine: Machine, *arguments: str, command: str = "sync") -> float:
    """Run a command to its end and return how long it took from taking the lock."""
    process = machine.start(*arguments, command=command)
    wait_until(lambda: machine.is_held_by(process), process)
    began = time.monotonic()
    end = ended(process)
    assert end.code == 0, end
    return time.monotonic() - began


def killed(machine: Machine, chance: random.Random, seconds: float, *arguments: str, command: str = "sync") -> bool:
    """Start a command and kill it at a random moment; return whether it was still running then."""
    process = machine.start(*arguments, command=command)
    if chance.random() > STARTING:
        wait_until(lambda: machine.is_held_by(process), process)
    time.sleep(chance.uniform(0, seconds))
    running = process.poll() is None
    process.kill()
    end = ended(process)
    assert running or end.code == 0, end
    return running
