"""The DAGs in a real Airflow: twelve profiles into PostgreSQL, a worker killed, a backfill, a proof.

`python -m tests.benchmarks.airflow`; `make .venv/airflow/ready` installs that Airflow first. Its scheduler, its server
and its database run on this machine; each task has an empty folder of its own, as on another one.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg2

from pipelines.destinations.target import Target
from tests.brands import id_of, key_of, served_brands
from tests.integration.truth import comparable, truth_of
from tests.warehouses import Warehouse, postgres_databases

ROOT: Final = Path(__file__).parents[2]
AIRFLOW: Final = ROOT / ".venv/airflow/bin/airflow"
NAMES: Final = [f"brand{number}" for number in range(12)]
TABLES: Final = ("channels", "revenue", "overview")
TODAY: Final = datetime.now(UTC).date()
FIRST: Final = TODAY - timedelta(12)
BACKFILLED: Final = [TODAY - timedelta(22 - number) for number in range(3)]
PATIENCE: Final = 1200
POLL: Final = 2.0

DAGS: Final = """
from datetime import datetime, timedelta, timezone
from pipelines.airflow_dag import elt_dags

sync, verify = elt_dags(
    "atribu", profiles={names!r}, elt={elt!r}, arguments=("--resources", {resources!r}), schedule="0 0 * * *",
    verify_schedule="0 9 * * 0", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), retries=20,
    retry_delay=timedelta(seconds=30),
)
"""

ENDS: Final = """
import json, sys
import threading, time
from types import SimpleNamespace
from unittest.mock import patch
from airflow.sdk import BaseHook, Connection
from pipelines.airflow_dag import EltOperator

found = {}
for code in (0, 2, 3, 4, 70, 75, 77, 78, 143, "told to end"):
    operator = EltOperator(task_id="sync", elt=sys.argv[1], verb=str(code), source="atribu", destination="warehouse")
    if code == "told to end":
        threading.Timer(3.0, operator.on_kill).start()
    known = Connection(conn_id="c", conn_type="postgres", password="p", host="h")
    with patch.object(BaseHook, "get_connection", return_value=known):
        try:
            operator.execute({"dag_run": SimpleNamespace(run_type="scheduled")})
        except Exception as error:
            found[code] = type(error).__name__
        else:
            found[code] = "success"
print(json.dumps(found))
"""
"""What the operator makes of each exit code: a stand-in for `elt` ends with the code that it is given as its verb."""


class Airflow:
    """An Airflow in a folder, with a database of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.home = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        chosen = {
            "CORE__DAGS_FOLDER": folder / "dags",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__LOAD_EXAMPLES": False,
            "CORE__PARALLELISM": 4,
            "CORE__FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
            "API__HOST": "127.0.0.1",
            "API__PORT": port,
            "API__WORKERS": 1,
            "API__SECRET_KEY": secrets.token_hex(16),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "DATABASE__SQL_ALCHEMY_CONN": database,
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 30,
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
            "DAG_PROCESSOR__REFRESH_INTERVAL": 10,
            "USAGE_DATA_COLLECTION__ENABLED": False,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SOURCES", "DESTINA"))}
        self.environment = {**inherited, "AIRFLOW_HOME": str(folder), "NO_PROXY": "127.0.0.1"}
        self.environment |= {f"AIRFLOW__{name}": str(value) for name, value in chosen.items()}

    def say(self, *words: str) -> str:
        """Run a command of Airflow; return what it prints."""
        done = subprocess.run(  # noqa: S603 - our own words
            [AIRFLOW, *words], env=self.environment, cwd=self.home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"airflow {' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout + done.stderr

    def ends(self) -> Mapping[str, str]:
        """Return what a task comes to, by exit code of its command."""
        stand_in = self.home / "elt"
        stand_in.write_text('#!/bin/sh\n[ "$1" = "told to end" ] || exit "$1"\ntrap "exit 143" TERM\nsleep 60 & wait\n')
        stand_in.chmod(0o700)
        python = AIRFLOW.with_name("python")
        done = subprocess.run(  # noqa: S603 - our own words
            [python, "-c", ENDS, stand_in], env=self.environment, capture_output=True, text=True, check=True
        )
        found: Mapping[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run server, scheduler and whoever reads the DAGs, while the block does."""
        with ExitStack() as stack:
            for part in ("api-server", "scheduler", "dag-processor"):
                said = stack.enter_context((self.home / f"{part}.log").open("w"))
                process = subprocess.Popen(  # noqa: S603 - our own words
                    [AIRFLOW, part],
                    env=self.environment,
                    cwd=self.home,
                    stdout=said,
                    stderr=said,
                    text=True,
                    start_new_session=True,
                )
                stack.callback(_end, process)
            yield


def _end(process: "subprocess.Popen[str]") -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(true: Callable[[], Any], what: str) -> Any:
    """Wait until something has come about; return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"it did not come about: {what}")
        time.sleep(POLL)
    return found


def prepared(folder: Path, database: str, marketing: Warehouse, url: str) -> Airflow:
    """Make an Airflow that knows the DAGs, a connection and a pool per key, and the destination."""
    airflow = Airflow(folder, database)
    (folder / "dags").mkdir(parents=True)
    (folder / "config").mkdir()
    elt = str(ROOT / ".venv/bin/elt")
    (folder / "dags/elt.py").write_text(DAGS.format(names=NAMES, elt=elt, resources=",".join(TABLES)))
    (folder / "config/airflow_local_settings.py").write_text(
        "from pipelines.running.orchestrated import task_instance_mutation_hook\n"
    )
    options = {"base_url": url, "rate_limit": 1000, "rate_period": 6000.0, "start_date": str(FIRST)}
    connections = {
        f"elt_atribu_{name}": {"conn_type": "generic", "password": key_of(name), "extra": json.dumps(options)}
        for name in NAMES
    }
    address = {"conn_type": "postgres", "extra": json.dumps({"credentials": marketing.credentials})}
    pools = {f"elt_atribu_{name}": {"slots": 1, "description": "a key", "include_deferred": False} for name in NAMES}
    (folder / "connections.json").write_text(json.dumps({**connections, "elt_warehouse": address}))
    (folder / "pools.json").write_text(json.dumps(pools))
    airflow.say("db", "migrate")
    airflow.say("connections", "import", str(folder / "connections.json"))
    airflow.say("pools", "import", str(folder / "pools.json"))
    return airflow


def differing(warehouse: Warehouse, brands: Mapping[str, Any], first: date, last: date) -> list[str]:
    """Profiles and tables whose rows of some days are not the server's truth."""
    found, columns = [], warehouse.columns()
    for name, sandbox in brands.items():
        for table in TABLES:
            names = columns[f"atribu.{table}"]
            rows = warehouse.ask(
                f"SELECT {', '.join(names)} FROM atribu.{table} WHERE profile_id = '{id_of(name)}'"  # noqa: S608 - names of the database
                f" AND date BETWEEN '{first}' AND '{last}'"
            )
            loaded = [dict(zip((one.strip('"') for one in names), row, strict=True)) for row in rows]
            truth = truth_of(sandbox, table, first, last)
            known = {one for row in truth for one in row if one != "grain"}
            if comparable(loaded, known) != comparable(truth, known):
                found.append(f"{name}.{table}")
    return found


def killed_worker(warehouse: Warehouse) -> str:
    """Kill a task in the middle, with the command that it runs and the process that watches it; return the profile."""
    ledgers = {Target("atribu", "", "atribu").with_ledger_of(id_of(name)).ledger_id: name for name in NAMES}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(psycopg2.Error):  # nothing is there yet
            loaded = {profile for (profile,) in warehouse.ask("SELECT profile_id FROM atribu.sync_windows")}
            for ledger, pid in warehouse.ask("SELECT ledger_id, pid FROM atribu.run_lease WHERE pid IS NOT NULL"):
                if id_of(ledgers[ledger]) in loaded:
                    task = _parent(pid)
                    for one in (pid, task, _parent(task)):
                        os.kill(one, signal.SIGKILL)
                    return ledgers[ledger]
        time.sleep(0.05)
    raise RuntimeError("nobody was at work")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def main() -> None:
    """Print one JSON line."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # the user of the PostgreSQL server has to pass
        make = stack.enter_context(postgres_databases(folder / "postgres"))
        metadata, marketing = make("airflow"), make("marketing")
        brands, url = stack.enter_context(served_brands(NAMES, today=TODAY, latency=0.3))
        database = f"postgresql+psycopg2://postgres@/airflow?host={folder / 'postgres'}"
        airflow = prepared(folder / "airflow", database, marketing, url)
        print(json.dumps(tried(airflow, metadata, marketing, brands)))


def tried(
    airflow: Airflow, metadata: Warehouse, marketing: Warehouse, brands: Mapping[str, Any]
) -> Mapping[str, object]:
    """Sync with a worker killed, backfill, prove; return what came of it."""

    def states(dag: str, kind: str = "") -> Counter[str]:
        rows = metadata.ask(
            "SELECT t.state FROM task_instance t JOIN dag_run r USING (dag_id, run_id)"  # noqa: S608 - our own words
            f" WHERE dag_id = '{dag}' AND r.run_type = '{kind}'"
        )
        return Counter(str(state) for (state,) in rows)

    def ended(dag: str, kind: str, runs: int) -> Counter[str] | None:
        found = states(dag, kind)
        over = {"success", "failed", "upstream_failed", "skipped"}
        return found if found.total() >= runs * len(NAMES) and found.keys() <= over else None

    with airflow.running():
        wait_until(lambda: metadata.ask("SELECT 1 FROM dag WHERE dag_id = 'elt_sync_atribu'"), "the DAGs are read")
        airflow.say("dags", "unpause", "elt_sync_atribu")
        began = time.monotonic()
        killed = killed_worker(marketing)
        airflow.say(
            "backfill",
            "create",
            "--dag-id",
            "elt_sync_atribu",
            "--from-date",
            str(BACKFILLED[0]),
            "--to-date",
            str(BACKFILLED[-1]),
            "--max-active-runs",
            "1",
        )
        synced = wait_until(lambda: ended("elt_sync_atribu", "scheduled", 1), "the sync ends")
        seconds = time.monotonic() - began
        pools = metadata.ask("SELECT DISTINCT map_index, pool FROM task_instance WHERE task_id = 'sync' ORDER BY 1")
        tries = metadata.ask(
            f"SELECT try_number FROM task_instance WHERE map_index = {NAMES.index(killed)}"  # noqa: S608 - a number
            " AND dag_id = 'elt_sync_atribu'"
        )
        backfilled = wait_until(lambda: ended("elt_sync_atribu", "backfill", len(BACKFILLED)), "the backfill ends")
    yesterday = TODAY - timedelta(1)
    outcomes = marketing.ask("SELECT profile_id, outcome FROM atribu.sync_runs")
    own = Counter(outcome for profile, outcome in outcomes if profile == id_of(killed))
    proof = airflow.say("dags", "test", "elt_verify_atribu")
    return {
        "exit codes": airflow.ends(),
        "sync": synced,
        "seconds": round(seconds),
        "killed": killed,
        "tries of it": [number for (number,) in tries],
        "its runs": own,
        "pools": [pool for _, pool in pools] == [f"elt_atribu_{name}" for name in NAMES],
        "wrong": differing(marketing, brands, FIRST, yesterday),
        "backfill": backfilled,
        "wrong in the backfill": differing(marketing, brands, BACKFILLED[0], BACKFILLED[-1]),
        "loaded before it": marketing.ask(
            f"SELECT count(*) FROM atribu.revenue WHERE date < '{FIRST}'"  # noqa: S608 - days
            f" AND date NOT BETWEEN '{BACKFILLED[0]}' AND '{BACKFILLED[-1]}'"
        )[0][0],
        "proved equal": proof.count("everything that was compared is equal"),
    }


if __name__ == "__main__":
    main()
