"""What `elt copy` takes: `python -m tests.benchmarks.copying duckdb 300000`, rows per second and peak memory.

Windows of `pages` are made up in a DuckDB file that a sync has loaded; the copy is a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from tests.benchmarks.home import warehouses
from tests.processes import Machine, served

ROOT: Final = Path(__file__).parents[2]
TODAY: Final = "2026-03-31"
PER_DAY: Final = 1000
FILL: Final = """
INSERT INTO atribu.pages BY NAME
SELECT * EXCLUDE (day, number) REPLACE (DATE '1990-01-01' + CAST(day AS INTEGER) AS date, 'page ' || number AS value)
FROM (SELECT * FROM atribu.pages LIMIT 1), range(?) AS days(day), range(?) AS numbers(number)
"""


def main(kind: str, rows: int) -> None:
    """Print one JSON line."""
    with tempfile.TemporaryDirectory() as temporary, served(today=date(2026, 3, 31)) as (_, url):
        folder = Path(temporary)
        folder.chmod(0o755)  # the user of the PostgreSQL server has to pass
        with warehouses(kind, folder / "warehouses") as make:
            target = make("target")
            (folder / "home").mkdir()
            machine = Machine(folder / "home", url)
            chosen = ("--today", TODAY, "--since", "2026-03-30", "--resources", "pages")
            assert machine.sync_here(*chosen).code == 0
            with duckdb.connect(str(machine.file)) as connection:
                connection.execute(FILL, [rows // PER_DAY, PER_DAY])
                ((stored,),) = connection.execute("SELECT count(*) FROM atribu.pages").fetchall()
            kinds = {"local": "duckdb", "target": kind}
            sections = [f'[destination.{name}]\ndestination_type = "{one}"\n' for name, one in kinds.items()]
            (machine.folder / "destinations.toml").write_text("".join(sections))
            environment = {
                **os.environ,
                "DESTINATION__TARGET__CREDENTIALS": target.credentials,
                "DLT_DATA_DIR": str(machine.working),
                "PYTHONPATH": str(ROOT),
            }
            began = time.monotonic()
            command = [sys.executable, "-m", "pipelines.cli", "copy", "atribu", "--from", "local", "--to", "target"]
            with (folder / "said").open("w") as said:
                process = subprocess.Popen(command, cwd=machine.folder, env=environment, stdout=said, stderr=said)  # noqa: S603 - our own interpreter and module
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, (folder / "said").read_text()
            seconds = time.monotonic() - began
            assert target.ask("SELECT count(*) FROM atribu.pages") == [(stored,)]
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({"rows": stored, "seconds": seconds, "cpu": cpu, "peak_mb": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
