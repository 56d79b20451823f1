"""Several machines that write to one destination: `python -m tests.benchmarks.writers postgres 50 20`.

In each trial of the first number, two or three machines begin at one dataset at random moments: the first with a sync,
the others with a sync or another command. In every other trial one of them is frozen between two transactions until its
lease has run out, and wakes up while others write. After each trial there may be no row that the truth has not, all
rows if the first sync or the one that took over has ended well, and all after one more sync of each.

In each trial of the second number, one machine forgets a person while another syncs. Then both sync everything again:
nobody comes back, and everybody else is as if nothing had happened.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.benchmarks.home import OPTIONS, RESOURCES, TODAY, Make, dice, differing, more, people, warehouses, world
from tests.processes import Ended, Machine, Tables, ended, wait_until
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse

COMMAND: Final = ("--today", str(TODAY), *RESOURCES, *TO_THE_WAREHOUSE)
PACE: Final = {"limit": 60, "period": 12.0}
"""Of machines that meet others: a sync takes some seconds, in a few slices."""

OTHERS: Final = (
    ("sync", *COMMAND),
    ("sync", *COMMAND),
    ("sync", *COMMAND, "--full"),
    ("verify", "--today", str(TODAY), *TO_THE_WAREHOUSE, "--repair"),
    ("check", *TO_THE_WAREHOUSE),
    ("views", *TO_THE_WAREHOUSE),
)
"""What another machine may be at meanwhile."""

LATER: Final = 75
FORGET_TRIES: Final = 60


@dataclass
class Met:
    """What a series of trials has met."""

    trials: int = 0
    commands: dict[str, int] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)
    frozen: int = 0
    rows_compared: int = 0
    rows_never_true: int = 0
    rows_wrong_after_success: int = 0
    rows_wrong_at_the_end: int = 0

    def count(self, end: Ended) -> None:
        """Note how a process has ended; a code that nobody promised is an error."""
        assert end.code in {0, LATER}, end
        self.ended[end.code] = self.ended.get(end.code, 0) + 1


@dataclass
class Trials:
    """A world, and where it is loaded."""

    root: Path
    url: str
    make: Make
    seconds: float = 0.0

    def machine(self, warehouse: Warehouse, name: str, **settings: Any) -> Machine:
        """Make an empty machine."""
        return warehouse.machine(self.root / name, self.url, options=OPTIONS, **settings)

    def undisturbed(self, name: str, person: str | None = None) -> Tables:
        """What one sync comes to, without a person if one is named."""
        warehouse = self.make(name)
        machine = self.machine(warehouse, name, **PACE)
        began = time.monotonic()
        done(machine.sync(*COMMAND))
        self.seconds = time.monotonic() - began
        if person:
            done(machine.run_here(*forgetting(person)))
        return warehouse.tables()

    def meeting(self, number: int, truth: Tables, met: Met) -> None:
        """Let two or three machines meet."""
        chance = dice(1, number)
        warehouse = self.make(f"meeting{number}")
        machines = [self.machine(warehouse, f"m{number}_{one}", **PACE) for one in range(chance.choice((2, 3)))]
        processes: list[subprocess.Popen[str]] = []
        for machine in machines:
            verb, *words = chance.choice(OTHERS) if processes else ("sync", *COMMAND)
            met.commands[verb] = met.commands.get(verb, 0) + 1
            processes.append(machine.start(*words, command=verb))
            time.sleep(chance.uniform(0, self.seconds / 2))
        successor = None
        if number % 2:
            frozen = next((one for one in processes if self._freeze(warehouse, one, chance)), None)
            if frozen:
                met.frozen += 1
                successor = machines[processes.index(frozen) - 1].start(*COMMAND)
                time.sleep(chance.uniform(0, 1.5 * self.seconds))
                frozen.send_signal(signal.SIGCONT)
        ends = [ended(one, 180) for one in [*processes, *([successor] if successor else [])]]
        for end in ends:
            met.count(end)
        found = warehouse.tables()
        met.rows_never_true += len(more(found, truth))
        if ends[0].code == 0 or (successor and ends[-1].code == 0):
            met.rows_wrong_after_success += differing(found, truth)
        for machine in machines:
            done(machine.sync_here(*COMMAND))
        met.trials += 1
        met.rows_compared += sum(map(len, truth.values()))
        met.rows_wrong_at_the_end += differing(warehouse.tables(), truth)

    def _freeze(self, warehouse: Warehouse, process: "subprocess.Popen[str]", chance: Random) -> bool:
        """Stop a process while it holds the lease, and let that run out; return whether it came to that."""
        try:
            wait_until(lambda: warehouse.lease()[2] == process.pid, process)
        except AssertionError:  # it has ended
            return False
        time.sleep(chance.uniform(0, self.seconds / 2))
        return warehouse.let_the_lease_run_out(process)

    def forgetting(self, number: int, person: str, truth: Tables, met: Met) -> None:
        """Let one machine forget somebody while another one syncs."""
        chance = dice(2, number)
        warehouse = self.make(f"forgetting{number}")
        one, other = (self.machine(warehouse, f"f{number}_{name}", **PACE) for name in ("one", "other"))
        done(one.sync_here(*COMMAND))
        process = other.start(*COMMAND, "--full")
        time.sleep(chance.uniform(0, self.seconds))
        for _ in range(FORGET_TRIES):
            end = one.run_here(*forgetting(person))
            met.count(end)
            if end.code == 0:
                break
            time.sleep(0.3)
        else:
            raise AssertionError(end)
        met.count(ended(process, 180))
        for machine in (other, one):
            done(machine.sync_here(*COMMAND, "--full"))
            found = warehouse.tables()
            met.rows_never_true += sum(person in row for rows in found.values() for row in rows)
            met.rows_wrong_at_the_end += differing(found, truth)
        met.trials += 1
        met.rows_compared += 2 * sum(map(len, truth.values()))


def forgetting(person: str) -> tuple[str, ...]:
    """The command that erases somebody."""
    return ("forget", "atribu", "--customer-id", person, "--yes", *TO_THE_WAREHOUSE)


def done(end: Ended) -> None:
    """Make sure that a command has ended well."""
    assert end.code == 0, end


def main(kind: str, meetings: int, forgettings: int) -> None:
    """Run both series; print one line of JSON at the end."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        world() as (sandbox, url),
        warehouses(kind, Path(temporary) / "warehouses") as make,
    ):
        trials = Trials(Path(temporary), url, make)
        truth = trials.undisturbed("undisturbed")
        again = trials.undisturbed("again")
        assert differing(truth, again) == 0, more(truth, again)
        met, forgot = Met(), Met()
        for number in range(meetings):
            trials.meeting(number, truth, met)
            print(f"{number + 1} meetings: {met}", file=sys.stderr, flush=True)
        somebody = people(sandbox)[:3]
        without = [trials.undisturbed(f"without{number}", one) for number, one in enumerate(somebody)]
        for number in range(forgettings):
            which = number % len(somebody)
            trials.forgetting(number, somebody[which], without[which], forgot)
            print(f"{number + 1} forgettings: {forgot}", file=sys.stderr, flush=True)
        print(json.dumps({"destination": kind, "meetings": vars(met), "forgettings": vars(forgot)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
