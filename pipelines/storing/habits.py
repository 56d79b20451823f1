"""What syncs have asked for besides what was planned, day by day: read from what every run leaves."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from pendulum import Date

from pipelines.planning.estimate import Habits
from pipelines.planning.policy import Reason
from pipelines.sql.runs import WINDOWS, calls_of_runs
from pipelines.storing.warehouse import Warehouse

DAYS: Final = 7
"""Days of syncs that are looked back upon."""


def habits_of(warehouse: Warehouse, lengths: Mapping[str, float], today: Date) -> Habits:
    """Return what is to be expected of checks that do not add up, and for how many people details become due.

    Args:
        warehouse: where the runs have left their rows.
        lengths: rows of one person's details, by endpoint: runs note how many rows they have read, and not of whom.
        today: day up to which; if a sync has looked at it before, nothing more is to be expected.
    """
    if not warehouse.has(WINDOWS):
        return {}
    runs = warehouse.ask(calls_of_runs(Reason.CHECK, Reason.RESTATED))
    calls: dict[tuple[str, str], dict[Date, float]] = defaultdict(lambda: defaultdict(float))
    days = dict[str, Date]()  # which day a run took for today
    rows: Counter[tuple[str, str]] = Counter()
    for run_id, name, variant, last, count, checks, restated in runs:
        rows[run_id, name] += count or 0
        if last:
            days[run_id] = max(days.get(run_id, last), last)
        if last and (checks or restated):
            calls[name, variant][last] += restated
    for name, length in lengths.items():
        for run_id, day in days.items():
            calls[name, ""][day] += rows[run_id, name] / max(1.0, length)
    return {name: usual for name, found in calls.items() if (usual := _usual(found, today)) is not None}


def _usual(calls: Mapping[Date, float], today: Date) -> int | None:
    """Calls until today, as on the last days of syncs; the first day of all is no measure, because much is learned."""
    before, *taken = sorted(calls)[-DAYS - 1 :]
    if not taken:
        return None
    per_day = sum(calls[day] for day in taken) / (taken[-1] - before).days
    return round(per_day * max(0, (today - taken[-1]).days))
