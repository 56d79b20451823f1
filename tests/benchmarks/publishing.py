"""What readers find while a sync lasts long: `python -m tests.benchmarks.publishing 90`, days that it loads.

Two processes open a DuckDB file again and again, up to four times a second: one that which is loaded, the other the
copy for readers that is published beside it. Each time they ask in one statement how many rows the tables have and what
their revenue adds up to. Whole is what was there before the sync and what is there after it; all else is half a sync.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import duckdb

from sandbox.atribu import Settings, create_app, running
from tests.processes import Machine

TODAY: Final = date(2026, 3, 31)
KNOWN_DAYS: Final = 7
LIMIT: Final = 60
"""Units a minute, as a key has them."""

PAUSE: Final = 0.25
PUBLISHED: Final = "published.duckdb"
QUESTION: Final = """
SELECT (SELECT count(*) FROM {0}.overview), (SELECT count(*) FROM {0}.channels), (SELECT count(*) FROM {0}.pages),
       (SELECT count(*) FROM {0}.revenue_cash), (SELECT count(*) FROM {0}.sync_runs),
       (SELECT round(sum(revenue), 2) FROM {0}.channels)
"""


def state_of(file: str) -> str:
    """What a reader finds in a file; an error's name where it cannot be read."""
    try:
        with duckdb.connect(file, read_only=True) as connection:
            (catalog,) = connection.sql("SELECT current_database()").fetchall()[0]
            return str(connection.sql(QUESTION.format(f'"{catalog}".atribu')).fetchall())
    except duckdb.Error as error:
        return type(error).__name__


def read_again_and_again(file: str, done: Any, found: Any) -> None:
    """Open a file until told to stop; give how often what was found."""
    states: Counter[str] = Counter()
    while not done.is_set():
        states[state_of(file)] += 1
        time.sleep(PAUSE)
    found.put((file, dict(states)))


def synced(folder: str, environment: Mapping[str, str], days: int) -> float:
    """Sync so many days; return how many seconds it took."""
    began = time.monotonic()
    since = TODAY - timedelta(days=days - 1)
    command = [str(Path(sys.executable).parent / "elt"), "sync", "atribu", "--since", str(since), "--today", str(TODAY)]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603 - our own
    return time.monotonic() - began


def told(states: Mapping[str, int], whole: set[str]) -> dict[str, int]:
    """What a reader has met, in numbers."""
    refused = sum(count for state, count in states.items() if state.endswith(("Exception", "Error")))
    halves = {state: count for state, count in states.items() if state.startswith("[") and state not in whole}
    return {
        "opened": sum(states.values()),
        "refused": refused,
        "half a sync": sum(halves.values()),
        "different halves": len(halves),
    }


def main(days: int) -> None:
    """Print one JSON line."""
    settings = Settings(first_day=date(2025, 12, 1), today=TODAY, limit=LIMIT, period=60.0)
    context = get_context("spawn")
    with running(create_app(settings)) as url, tempfile.TemporaryDirectory() as folder:
        published = {"DESTINATION__LOCAL__PUBLISH_TO": PUBLISHED}
        environment = Machine(Path(folder), url, limit=LIMIT, period=60.0, environment=published).all_variables()
        synced(folder, environment, KNOWN_DAYS)
        files = [str(Path(folder, name)) for name in ("local.duckdb", PUBLISHED)]
        before, done, found = state_of(files[1]), context.Event(), context.Queue()
        readers = [context.Process(target=read_again_and_again, args=(file, done, found)) for file in files]
        for reader in readers:
            reader.start()
        seconds = synced(folder, environment, days)
        time.sleep(2 * PAUSE)
        done.set()
        states = dict(found.get() for _ in readers)
        whole = {before, state_of(files[1])}
        assert len(whole) == 2, whole
        for reader in readers:
            reader.join()
    print(
        json.dumps({"minutes": round(seconds / 60, 1), **{Path(one).name: told(states[one], whole) for one in files}})
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
