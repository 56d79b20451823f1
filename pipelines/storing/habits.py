"""What syncs have asked for besides what was planned, day by day: read from what every run leaves."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Final

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from pendulum import Date

from pipelines.planning.estimate import Habits
from pipelines.planning.policy import Reason
from pipelines.sql.reading import rows
from pipelines.sql.runs import WINDOWS, calls_of_runs
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Type

DAYS: Final = 7
"""Days of syncs that are looked back upon."""


LOADS: Final = 20
"""Last loads that say how long the next ones take: a run has a quick one at its end, and slow ones."""

_NOTED: Final = 0.001
"""Seconds up to which a load was none, but a note of a run that has changed nothing (`pipelines/storing/noting.py`)."""

_PACKAGES: Final = "_dlt_loads"
"""dlt's table of its load packages."""


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


def seconds_of_a_load(warehouse: Warehouse) -> float:
    """Return how many seconds a load into a dataset takes, as the last ones of all profiles went; 0 without any.

    The id of a load package is the moment at which it was begun, in seconds since 1970.
    """
    if not warehouse.has(_PACKAGES):
        return 0.0
    columns = {"load_id": Type.TEXT, "inserted_at": Type.TIMESTAMP}
    try:
        loads = warehouse.ask(rows(_PACKAGES, columns, newest_by="inserted_at", limit=LOADS))
    except DatabaseUndefinedRelation:  # a lake keeps it as files that are no table
        return 0.0
    lasted: list[float] = [ended.timestamp() - float(began) for began, ended in loads]
    return median([one for one in lasted if one > _NOTED] or [0.0])


def _usual(calls: Mapping[Date, float], today: Date) -> int | None:
    """Calls until today, as on the last days of syncs; the first day of all is no measure, because much is learned."""
    before, *taken = sorted(calls)[-DAYS - 1 :]
    if not taken:
        return None
    per_day = sum(calls[day] for day in taken) / (taken[-1] - before).days
    return round(per_day * max(0, (today - taken[-1]).days))
