"""How often a server refuses calls of several processes with one key: sharing its rate limit, and each by itself."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running

LIMIT: Final = 60
PERIOD: Final = 2.0
CALLS: Final = 500
ROOT: Final = Path(__file__).parents[2]
SMALL: Final = Size(visits_per_day=1, conversions_per_day=1, campaigns=1, ad_sets=1, ads=1, pages=1, keywords=1)
DAY: Final = {"date_from": "2026-03-01", "date_to": "2026-03-01"}


def refused(processes: int, calls: int, cache: Path, *, limit: int = LIMIT, period: float = PERIOD) -> tuple[int, int]:
    """Let processes make calls; return how many requests the server has got and how many of them it has refused.

    Args:
        processes: that start together.
        calls: of each of them.
        cache: where they may share what they know.
        limit: units per period, of server and processes.
        period: in seconds.
    """
    app = create_app(Settings(limit=limit, period=period, size=SMALL))
    with running(app) as url:
        options = {"BASE_URL": url, "API_KEY": FULL_KEY, "RATE_LIMIT": str(limit), "RATE_PERIOD": str(period)}
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
        environment |= {f"SOURCES__ATRIBU__{name}": value for name, value in options.items()}
        command = [sys.executable, "-m", "tests.benchmarks.processes", "call", str(calls)]
        started = [
            subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
            for _ in range(processes)
        ]
        for one in started:  # all of them have imported what they need
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in started:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in started:
            one.communicate()
            assert one.returncode == 0
        statuses = Counter(entry.status for entry in app.state.sandbox.log)
    return statuses.total(), statuses[429]


def call(calls: int) -> None:
    """Make calls as a sync does, up to eight at once."""
    from sources.atribu.endpoints import ENDPOINTS  # noqa: PLC0415 - importing dlt takes long
    from sources.atribu.source import SOURCE  # noqa: PLC0415 - as above

    session = SOURCE.open_reader(SOURCE.configured()).session
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: session.get(ENDPOINTS["channels"], DAY), range(calls)))


def main(arguments: Sequence[str]) -> None:
    """Print one JSON line: refusals per 1,000 requests."""
    if arguments[:1] == ["call"]:
        call(int(arguments[1]))
        return
    rows = []
    for processes in (1, 2, 3):
        for shared in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                requests, times = refused(processes, CALLS, Path(folder) if shared else Path("/dev/null"))
            rows.append(
                {"processes": processes, "shared": shared, "requests": requests, "per_1000": 1000 * times / requests}
            )
    print(json.dumps({"limit": LIMIT, "period": PERIOD, "rows": rows}))


if __name__ == "__main__":
    main(sys.argv[1:])
