"""What a commit into a lake's table costs, and a look at it, when many came before: `... lake_versions 300`."""

import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from pipelines.destinations.lake_tables import Merge
from tests.lake_database import lake_tables
from tests.lakes import FORMATS

TABLE = "sync_runs"
BY_RUN = Merge(key=("profile_id", "run_id"), unique=True)
EVERY = 100


def main() -> None:
    """Print a line per format and hundred commits of a row each; seconds are of CPU."""
    for kind in FORMATS:
        with tempfile.TemporaryDirectory(prefix="elt-versions-") as folder:
            tables, spent = lake_tables(kind, Path(folder)), 0.0
            for number in range(1, int(sys.argv[1]) + 1):
                row = pa.table(
                    {"profile_id": ["p"], "run_id": [f"{number:05d}"], "units": pa.array([number], pa.int64())}
                )
                began = time.process_time()
                tables.load(TABLE, row, BY_RUN)
                spent += time.process_time() - began
                if number % EVERY:
                    continue
                began = time.process_time()
                found = tables.snapshot(TABLE)
                assert found is not None
                assert found.read().num_rows == number
                looked = time.process_time() - began
                size = sum(one.stat().st_size for one in Path(folder).rglob("*") if one.is_file())
                print(
                    f"{kind}, {number} commits: the last {EVERY} took {spent / EVERY * 1000:.0f} ms each, a look at all"
                    f" rows {looked * 1000:.0f} ms, {size / 1e6:.1f} MB with every earlier version",
                    flush=True,
                )
                spent = 0.0


if __name__ == "__main__":
    main()
