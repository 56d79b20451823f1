"""How true the time left is that a progress bar shows: `python -m tests.benchmarks.time_left 3 10`.

A first load of so many days of so many profiles into one DuckDB file, then daily syncs while the past changes. Each
profile is asked every half second what it shows; when it has ended, the clock says what was true. A figure is right if
it is within a quarter of the truth. The server runs in a process of its own and keeps a limit for each key.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sandbox.atribu import Settings, Size, create_app, running
from tests.brands import SMALL, brand, key_of, variables

ROOT: Final = Path(__file__).parents[2]
LIMIT: Final = 60
TODAY: Final = date(2026, 3, 31)
DAILY: Final = 3
"""Daily syncs after the first load."""

WITHIN: Final = 0.25
LOOK: Final = """
import json, os, time
from pipelines.telling import progress
said = open(os.environ["SAID"], "a", buffering=1)
def look(self):
    work = self._work
    if work:
        said.write(json.dumps([self._name, time.monotonic(), work.units, work.left, work.seconds_left]) + "\\n")
def end(self):
    said.write(json.dumps([self._name, time.monotonic(), 0, 0, None]) + "\\n")
progress.LOOK_SECONDS = 0.5
progress.ProfileProgress.look = look
progress.ProfileProgress.end = end
from pipelines.cli import main
main()
"""


def names_of(count: int) -> list[str]:
    """Names of profiles."""
    return [f"brand{number}" for number in range(count)]


def serve(count: int, period: float) -> None:
    """Serve profiles; print the address, and take each line of standard input for the day that it is."""
    brands = {
        key_of(name): brand(name, seed=seed, limit=LIMIT, period=period, size=Size())
        for seed, name in enumerate(names_of(count), 2)
    }
    with running(create_app(Settings(keys={}, size=SMALL, brands=brands))) as url:
        print(url, flush=True)
        for line in sys.stdin:
            for one in brands.values():
                one.today = date.fromisoformat(line.strip())
            print("moved", flush=True)


@contextmanager
def served(count: int, period: float) -> Iterator[tuple[str, Callable[[date], None]]]:
    """Serve profiles in another process; give the address, and what moves the day there."""
    command = [sys.executable, "-m", "tests.benchmarks.time_left", "serve", str(count), str(period)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:  # noqa: S603 - our own interpreter and module
        assert server.stdin is not None
        assert server.stdout is not None
        said, told = server.stdout, server.stdin

        def move(day: date) -> None:
            told.write(f"{day}\n")
            told.flush()
            said.readline()

        try:
            yield said.readline().strip(), move
        finally:
            server.communicate("")


def synced(folder: Path, options: Mapping[str, str], today: date) -> list[list[Any]]:
    """Sync all profiles in a new process; return what each has shown and when."""
    said = folder / f"said-{today}"
    environment = {**os.environ, **options, "PYTHONPATH": str(ROOT)}
    environment |= {"DLT_DATA_DIR": str(folder / "dlt"), "XDG_CACHE_HOME": str(folder / "cache"), "SAID": str(said)}
    command = [sys.executable, "-c", LOOK, "sync", "atribu", "--all-profiles", "--today", str(today)]
    with (folder / f"log-{today}").open("w") as log:
        code = subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False).returncode  # noqa: S603 - as above
    assert code == 0, (folder / f"log-{today}").read_text()
    return [json.loads(line) for line in said.read_text().splitlines()]


def shares(shown: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return for each profile how long it took, and in which share of that time the time left was right."""
    runs = defaultdict(list)
    for name, moment, _, _, left in shown:
        runs[name].append((moment, left))
    found = {}
    for name, looks in sorted(runs.items()):
        end = looks[-1][0]
        right = [abs(left - (end - moment)) <= WITHIN * (end - moment) for moment, left in looks[:-1]]
        found[name.strip(": ")] = {"seconds": round(end - looks[0][0]), "right": round(sum(right) / len(right), 2)}
    return found


def main(count: int, days: int, period: float = 60.0, keep: str = "") -> None:
    """Print a JSON line for each sync."""
    with tempfile.TemporaryDirectory() as temporary, served(count, period) as (url, move):
        folder = Path(keep or temporary)
        folder.mkdir(exist_ok=True)
        options = variables(url, names_of(count), RATE_LIMIT=LIMIT, RATE_PERIOD=period)
        options["SOURCES__ATRIBU__START_DATE"] = str(TODAY - timedelta(days - 1))
        for after in range(DAILY + 1):
            today = TODAY + timedelta(after)
            move(today)
            print(json.dumps({"today": str(today), **shares(synced(folder, options, today))}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), float(sys.argv[3]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]), float((sys.argv[3:4] or ["60"])[0]), *sys.argv[4:5])
