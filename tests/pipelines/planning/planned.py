"""Four endpoints, ledgers of what was loaded of them, and plans as text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import Plan
from pipelines.planning.policy import Policy
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

TODAY = Date(2026, 3, 31)
VALUES = {"model": ("linear",), "level": ("ad",)}
POLICY = Policy(today=TODAY, horizon_days=90, restatement=Restatement.EXACT, grain=Grain.DAY, values=VALUES)
SERIES, CHANNELS, OVERVIEW, GOALS = (ENDPOINTS[name] for name in ("timeseries", "channels", "overview", "goals"))
ALL = (SERIES, OVERVIEW, CHANNELS, GOALS)
CHECKED = ServerBehaviour(checked=TODAY)


def days(start: str, end: str = "2026-03-31") -> Window:
    return Window(Date.fromisoformat(start), Date.fromisoformat(end))


def ledger_of(
    windows: Iterable[Window], known: ServerBehaviour = CHECKED, *, grain: Grain = Grain.DAY, today: Date = TODAY
) -> Ledger:
    """Everything of the four endpoints was loaded over some ranges."""
    ledger = Ledger()
    for endpoint in ALL:
        whole = Task(endpoint, variant=(("model", "linear"),) if endpoint.variant_columns else ())
        for window in windows:
            ledger.add(replace(whole, window=window), grain, today)
        if endpoint.dated:
            ledger.learn(whole, grain, known)
    return ledger


def told(tasks: Iterable[Task]) -> list[str]:
    return [f"{task.reason}: {task}" for task in tasks]


def day_tasks(reason: str, start: str, end: str, names: Sequence[str] = ("overview linear", "channels")) -> list[str]:
    """One task a day and name, newest day first."""
    return [f"{reason}: {name} {day}" for day in list(days(start, end).dates())[::-1] for name in names]


def settled(done: Plan, ledger: Ledger, policy: Policy) -> None:
    """Note a plan as done, as a run does."""
    for task in done.tasks:
        ledger.add(task, policy.grain, policy.today)
    for whole in done.fully_checked:
        known = ledger.behaviour(whole, policy.grain)
        ledger.learn(whole, policy.grain, replace(known, checked=policy.today))
