"""What SIGKILL costs: `python -m tests.benchmarks.kills postgres 200` kills that many commands and compares every row.

Syncs of a few days, of more days, and the erasure of a person are killed at random moments, in a home folder and a
destination of each round, and then run to their ends. Only new windows are asked for (`restatement` is `none`), so that
every unit above those of an undisturbed round was wasted by a kill; whoever is forgotten early costs a few units less.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.benchmarks.home import OPTIONS, RESOURCES, TODAY, Make, dice, differing, people, warehouses, world
from tests.processes import Machine, Tables, ended, killed, seconds_of_work
from tests.warehouses import TO_THE_WAREHOUSE

BEFORE: Final = TODAY - timedelta(days=4)
KILLS: Final = (3, 4)
"""In a round: of the first sync, and of what comes after."""

SIDE_BY_SIDE: Final = 2
SOMEBODY: Final = 3

Command = tuple[str, ...]


@dataclass
class Round:
    """One machine and its destination, from empty to the end.

    Attributes:
        tables: what it has come to.
        kills: processes that were killed.
        loading: how many of them left a load package behind.
    """

    tables: Tables
    kills: int = 0
    loading: int = 0


def sync(today: object) -> Command:
    """A sync as if on a day."""
    return ("sync", "--today", str(today), *RESOURCES, *TO_THE_WAREHOUSE)


def forget(person: str) -> Command:
    """The erasure of somebody."""
    return ("forget", "--customer-id", person, "--yes", *TO_THE_WAREHOUSE)


class Rounds:
    """Rounds against one world; `seconds` is how long their commands take, undisturbed."""

    def __init__(self, root: Path, url: str, make: Make) -> None:
        self._root, self._url, self._make = root, url, make
        self.seconds: dict[str, float] = {}

    def undisturbed(self, number: int, person: str) -> Tables:
        """What a round comes to without a kill."""
        return self._run(f"undisturbed{number}", person, 0, disturb=False).tables

    def disturbed(self, number: int, person: str, seed: int) -> Round:
        """Run a round with kills."""
        return self._run(f"round{number}", person, seed * 100_003 + number, disturb=True)

    def _run(self, name: str, person: str, seed: int, *, disturb: bool) -> Round:
        warehouse = self._make(name)
        own = warehouse.machine(self._root / name, self._url, options=OPTIONS, limit=1000, period=12_000.0)
        chance = dice(seed)
        result = Round({})
        first, others = sync(BEFORE), [forget(person), sync(TODAY)]
        plan = [first] * KILLS[0], [chance.choice(others) for _ in range(KILLS[1])]
        for killing, finishing in zip(plan, ([first], others), strict=True):
            for command in killing if disturb else []:
                result.kills += killed(own, chance, self.seconds[command[0]], *command[1:], command=command[0])
                result.loading += bool(own.pending())
            for command in finishing:
                self._finish(own, command)
        result.tables = warehouse.tables()
        return result

    def _finish(self, own: Machine, command: Command) -> None:
        if command[0] not in self.seconds:
            self.seconds[command[0]] = seconds_of_work(own, *command[1:], command=command[0])
        end = ended(own.start(*command[1:], command=command[0]))
        assert end.code == 0, end


def numbered(pool: ThreadPoolExecutor, rounds: Rounds, somebody: list[str], seed: int) -> Iterator[tuple[Round, int]]:
    """Run rounds for ever, two at a time, each with the number of the person whom it forgets."""
    number = 0
    while True:
        both = range(number, number + SIDE_BY_SIDE)
        found = list(pool.map(lambda one: rounds.disturbed(one, somebody[one % len(somebody)], seed), both))
        yield from zip(found, (one % len(somebody) for one in both), strict=True)
        number += SIDE_BY_SIDE


def main(kind: str, kills: int, seed: int = 1) -> None:
    """Kill, finish, compare; print one line of JSON at the end."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        world() as (sandbox, url),
        warehouses(kind, Path(temporary) / "warehouses") as make,
        ThreadPoolExecutor(SIDE_BY_SIDE) as pool,
    ):
        rounds = Rounds(Path(temporary), url, make)
        somebody = people(sandbox, BEFORE)[:SOMEBODY]
        rounds.undisturbed(len(somebody), somebody[0])  # so that it is known how long commands take
        before, truths, units = sandbox.units_spent, [], []
        for number, person in enumerate(somebody):
            truths.append(rounds.undisturbed(number, person))
            units.append(sandbox.units_spent - before)
            before = sandbox.units_spent
        done, expected, compared, different = Round({}), 0, 0, 0
        for number, (found, which) in enumerate(numbered(pool, rounds, somebody, seed), 1):
            done.kills += found.kills
            done.loading += found.loading
            expected += units[which]
            compared += sum(map(len, truths[which].values()))
            different += differing(found.tables, truths[which])
            print(f"{done.kills} kills, {different} of {compared} rows differ", file=sys.stderr, flush=True)
            if number % SIDE_BY_SIDE == 0 and done.kills >= kills:
                break
        print(
            json.dumps(
                {
                    "destination": kind,
                    "kills": done.kills,
                    "hit_a_load": done.loading,
                    "rounds": number,
                    "rows_compared": compared,
                    "rows_different": different,
                    "units_wasted_per_kill": round((sandbox.units_spent - before - expected) / done.kills, 2),
                    "units_of_a_round": units,
                }
            )
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
