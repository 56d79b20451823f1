"""CPU of a sync that finds nothing new, beside `import dlt`: each in processes of its own, the best of several."""

import json
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Final

from sandbox.atribu import Settings, create_app, running
from tests.processes import SMALL, Machine

TIMES: Final = 5
TODAY: Final = date(2026, 3, 31)


def seconds(command: list[str], folder: str, environment: dict[str, str]) -> float:
    """CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603 - our own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print one JSON line."""
    settings = Settings(first_day=date(2025, 12, 1), today=TODAY, size=SMALL, limit=100_000, period=1.0)
    with running(create_app(settings)) as url, tempfile.TemporaryDirectory() as folder:
        options = {"START_DATE": "2026-03-01", "HORIZON_DAYS": 30}
        environment = Machine(Path(folder), url, options, limit=100_000, period=1.0).all_variables()
        sync = [str(Path(sys.executable).parent / "elt"), "sync", "atribu", "--today", str(TODAY)]
        for _ in range(2):
            seconds(sync, folder, environment)
        found = {
            "sync": min(seconds(sync, folder, environment) for _ in range(TIMES)),
            "import dlt": min(seconds([sys.executable, "-c", "import dlt"], folder, environment) for _ in range(TIMES)),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
