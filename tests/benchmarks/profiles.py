"""What many profiles cost in one process: `python -m tests.benchmarks.profiles duckdb 20 30`, beside one profile alone.

The server runs in a process of its own; every key has a limit of its own there. Each sync is a process, too: its CPU
and its peak memory are those that the operating system tells.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sandbox.atribu import Settings, create_app, running
from tests.benchmarks.home import warehouses
from tests.brands import SMALL, brand, key_of, variables
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse

ROOT: Final = Path(__file__).parents[2]
LIMIT: Final = 60
PERIOD: Final = 30.0
TODAY: Final = date(2026, 3, 31)
RESOURCES: Final = "channels,overview,revenue,quality,devices"


def names_of(count: int) -> list[str]:
    """Names of profiles."""
    return [f"brand{number}" for number in range(count)]


def serve(count: int) -> None:
    """Serve profiles until standard input ends; print the address."""
    brands = {key_of(name): brand(name, seed=7, limit=LIMIT, period=PERIOD) for name in names_of(count)}
    with running(create_app(Settings(keys={}, size=SMALL, brands=brands))) as url:
        print(url, flush=True)
        sys.stdin.read()


@contextmanager
def served(count: int) -> Iterator[str]:
    """Serve profiles in another process."""
    command = [sys.executable, "-m", "tests.benchmarks.profiles", "serve", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:  # noqa: S603 - our own interpreter and module
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate("")


def synced(warehouse: Warehouse, folder: Path, url: str, count: int, days: int) -> dict[str, Any]:
    """Sync profiles in a new process; return what it took, and what every profile came to."""
    machine = warehouse.machine(folder, url, limit=LIMIT, period=PERIOD)
    environment = {**os.environ, **machine.environment, **variables(url, names_of(count), RATE_LIMIT=LIMIT)}
    environment |= {"SOURCES__ATRIBU__RATE_PERIOD": str(PERIOD), "SOURCES__ATRIBU__RESTATEMENT": "none"}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    since = TODAY - timedelta(days - 1)
    command = [sys.executable, "-m", "pipelines.cli", "sync", "atribu", "--all-profiles", "--resources", RESOURCES]
    command += ["--since", str(since), "--today", str(TODAY), *TO_THE_WAREHOUSE]
    began = time.monotonic()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)  # noqa: S603 - as above
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / "said").read_text()
    ((profiles, calls),) = warehouse.ask("SELECT count(DISTINCT profile_id), sum(calls) FROM atribu.sync_runs")
    assert profiles == count
    return {
        "profiles": count,
        "wall": time.monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / 1024,
        "calls": int(calls),
    }


def main(kind: str, count: int, days: int) -> None:
    """Print one JSON line: one profile, many, and what each of the many costs above the one."""
    with tempfile.TemporaryDirectory() as temporary, served(count) as url:
        folder = Path(temporary)
        folder.chmod(0o755)  # the user of the PostgreSQL server has to pass
        with warehouses(kind, folder / "warehouses") as make:
            alone, all_ = (synced(make(f"d{one}"), folder / f"home{one}", url, one, days) for one in (1, count))
    calls, others = all_["calls"] - alone["calls"], count - 1
    each = {
        "mb_per_profile": (all_["mb"] - alone["mb"]) / others,
        "cpu_ms_per_call": 1000 * (all_["cpu"] - alone["cpu"]) / calls,
        "cpu_ms_per_profile": 1000 * (all_["cpu"] - alone["cpu"]) / others,
    }
    print(json.dumps({"destination": kind, "days": days, "alone": alone, "all": all_, "above the one": each}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
