"""What SIGKILL costs: `python -m tests.benchmarks.kills 200` kills that many syncs and compares every cell.

Only new windows are asked for (`restatement` is `none`, all days are old), so that every unit above those of an
undisturbed run was wasted by a kill.
"""

import json
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.processes import ARGUMENTS, Machine, Tables, killed, seconds_of_work, served

KILLS_A_ROUND: Final = 4
SIDE_BY_SIDE: Final = 2


@dataclass
class Killed:
    """What a series of kills has met.

    Attributes:
        kills: processes that were killed.
        loading: how many left a load package behind for the next run.
    """

    kills: int = 0
    loading: int = 0


def machine(folder: Path, url: str) -> Machine:
    """An empty machine whose slices hold five units."""
    folder.mkdir()
    return Machine(folder, url, options={"RESTATEMENT": "none"}, limit=1000, period=12_000.0)


def kill_and_finish(own: Machine, chance: random.Random, seconds: float) -> Killed:
    """Kill syncs into one destination, then run one to its end."""
    result = Killed()
    while result.kills < KILLS_A_ROUND and killed(own, chance, seconds, *ARGUMENTS):
        result.kills += 1
        result.loading += bool(own.pending())
    end = own.sync(*ARGUMENTS)
    assert end.code == 0, end
    return result


def differing(here: Tables, there: Tables, columns: dict[str, int]) -> int:
    """Cells of rows that only one side has."""
    found = 0
    for name in here.keys() | there.keys():
        left, right = list(here.get(name, [])), list(there.get(name, []))
        for row in here.get(name, []):
            if row in right:
                right.remove(row)
                left.remove(row)
        found += (len(left) + len(right)) * columns[name]
    return found


def main(kills: int, seed: int = 1) -> None:
    """Kill, finish, compare; print one line of JSON at the end."""
    with tempfile.TemporaryDirectory() as temporary, served() as (sandbox, url):
        root = Path(temporary)
        first = machine(root / "undisturbed", url)
        seconds = seconds_of_work(first, *ARGUMENTS)
        units, truth = sandbox.units_spent, first.tables()
        columns = {
            name: int(count)
            for name, count in first.query(
                "SELECT table_name, COUNT(*) FROM information_schema.columns WHERE table_schema = 'atribu' GROUP BY 1"
            )
        }
        total, rounds, compared, different = Killed(), 0, 0, 0

        def one(number: int) -> tuple[Killed, Tables]:
            own = machine(root / str(number), url)
            chance = random.Random(seed * 100_003 + number)  # noqa: S311 - no secret
            return kill_and_finish(own, chance, seconds), own.tables()

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            while total.kills < kills:
                for found, tables in pool.map(one, range(rounds, rounds + SIDE_BY_SIDE)):
                    total.kills += found.kills
                    total.loading += found.loading
                    compared += sum(len(rows) * columns[name] for name, rows in truth.items())
                    wrong = differing(tables, truth, columns)
                    different += wrong
                    rounds += 1
                print(f"{total.kills} kills, {different} cells differ", file=sys.stderr)
        wasted = sandbox.units_spent - units * (rounds + 1)
        print(
            json.dumps(
                {
                    "kills": total.kills,
                    "hit_a_load": total.loading,
                    "runs_to_the_end": rounds,
                    "cells_compared": compared,
                    "cells_different": different,
                    "units_wasted_per_kill": round(wasted / total.kills, 2),
                    "units_of_a_slice": first.slice_units,
                    "units_of_a_run": units,
                }
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
