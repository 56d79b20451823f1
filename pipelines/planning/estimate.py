"""What a plan costs, resource by resource; nothing is asked of the API."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from pendulum import Date

from pipelines.planning.plan import cost
from pipelines.planning.policy import Reason
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, by_grain, split

COUNT: Final = "count"
"""Reason of a series that is asked for and not loaded: it counts the rows of another endpoint."""

SEARCH_CALLS: Final = 4
"""Most calls per window of a check that does not add up: each is read, each range is halved, and both once more where
sums contradict themselves."""

GROUPS_ASSUMED: Final = 1
"""Calls that a task is assumed to need while its ids are not known."""

NO_CAPS: Final[Mapping[str, int | None]] = {}

IdCount = Callable[[Task], int | None]
"""How many ids a task asks for; None where nobody knows yet."""


@dataclass(kw_only=True)
class Line:
    """What a plan asks of one variant of a resource.

    Attributes:
        windows: tasks.
        calls: requests that they need, those that ask for ids first included.
        units: what these cost, as far as it is known.
        units_min: what they cost at least, if no call fails.
        units_max: what they cost at most, if no call is repeated; None where nothing bounds it.
        first_day: first day asked for; None where there are no dates.
        last_day: last day asked for.
        reasons: why, and how many windows each.
        scope: what the key must be allowed; None where the vendor does not say.
        pii: columns that hold personal data.
        assumed: the ids to ask for are not known, so that calls and units may be more.
    """

    resource: str
    variant: str
    windows: int = 0
    calls: int = 0
    units: int = 0
    units_min: int = 0
    units_max: int | None = 0
    first_day: Date | None = None
    last_day: Date | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    scope: str | None = None
    pii: tuple[str, ...] = ()
    assumed: bool = False


def estimate(
    tasks: Iterable[Task], ids: IdCount, *, grain: Grain = Grain.DAY, caps: Mapping[str, int | None] = NO_CAPS
) -> list[Line]:
    """Add up what tasks cost per resource and variant, in the order of the tasks.

    Args:
        tasks: what a sync would do.
        ids: how many ids a task asks for, where it asks for ids.
        grain: length of the windows of aggregate rows.
        caps: most rows that an endpoint can have, which bounds the ids that it gives.
    """
    lines: dict[tuple[str, str], Line] = {}
    asked: set[tuple[object, ...]] = set()
    for task in tasks:
        endpoint = task.endpoint
        line = lines.setdefault(
            (endpoint.name, task.variant_text),
            Line(resource=endpoint.name, variant=task.variant_text, scope=endpoint.scope, pii=personal(endpoint)),
        )
        groups, known_by = 1, 0
        if endpoint.for_each:
            count = ids(task)
            groups = GROUPS_ASSUMED if count is None else ceil(count / endpoint.for_each.per_call)
            line.assumed |= count is None
            parent = (endpoint.for_each.endpoint, task.window, task.ids_variant)
            known_by = int(parent in asked)  # a task before it has asked for the same ids
            line.calls += bool(endpoint.for_each.endpoint) - known_by
            asked |= {parent} if endpoint.for_each.endpoint else set()
        line.windows += 1
        line.assumed |= endpoint.cursor is not None  # nobody knows how many pages there are
        line.calls += groups if endpoint.for_each else task.pages
        units = cost([task], groups) - known_by
        line.units += units
        least, most = _bounds(task, units, groups, grain=grain, caps=caps)
        line.units_min += least
        line.units_max = None if most is None or line.units_max is None else line.units_max + most
        line.reasons[str(task.reason)] = line.reasons.get(str(task.reason), 0) + 1
        if task.window:
            line.first_day = min(task.window.start, line.first_day or task.window.start)
            line.last_day = max(task.window.end, line.last_day or task.window.end)
    return list(lines.values())


def _bounds(
    task: Task, units: int, groups: int, *, grain: Grain, caps: Mapping[str, int | None]
) -> tuple[int, int | None]:
    """What a task costs at least and at most, None where nothing bounds it."""
    endpoint, for_each = task.endpoint, task.endpoint.for_each
    if any(value.startswith("(") for _, value in task.variant):  # stands for values that the API tells
        return 0, None
    if task.paged:
        return endpoint.units, None
    if task.reason == Reason.CHECK and task.window and not endpoint.by_day:
        windows = len(list(by_grain(task.window, grain)))
        return units, SEARCH_CALLS * windows * endpoint.units
    if for_each and for_each.endpoint:
        cap, alone = caps.get(for_each.endpoint), units - groups * endpoint.units
        return alone, alone + ceil(cap / for_each.per_call) * endpoint.units if cap else None
    return units, units


def counting_lines(tasks: Iterable[Task]) -> list[Line]:
    """Return what it costs to ask how many rows of entities there must be: one range over all days that are read."""
    days: dict[str, list[Window]] = {}
    tasks = list(tasks)
    whole = not any(task.endpoint.counted_by and (task.after or task.since) for task in tasks)
    for task in tasks:
        if task.endpoint.counted_by and task.window:
            days.setdefault(task.endpoint.counted_by.endpoint, []).append(task.window)
    lines = []
    for name, windows in days.items():
        first, last = min(one.start for one in windows), max(one.end for one in windows)
        calls = len(list(split(Window(first, last))))
        reasons = {COUNT: calls}
        lines.append(
            Line(
                resource=name,
                variant=COUNT,
                calls=calls,
                units=calls,
                units_min=calls if whole else 0,
                units_max=2 * calls,  # what differs is read and counted once more
                reasons=reasons,
                first_day=first,
                last_day=last,
            )
        )
    return lines


def details_line(endpoint: Endpoint, calls: int) -> Line:
    """Return what the details cost that are due now; what a sync loads before them may add to it."""
    return Line(
        resource=endpoint.name,
        variant="",
        windows=calls,
        calls=calls,
        units=endpoint.units * calls,
        units_max=None,
        reasons={Reason.CHANGED: calls} if calls else {},
        scope=endpoint.scope,
        pii=personal(endpoint),
        assumed=True,
    )


def personal(endpoint: Endpoint) -> tuple[str, ...]:
    """Columns of an endpoint's tables that hold personal data."""
    return tuple(dict.fromkeys(one.name for columns in endpoint.tables.values() for one in columns if one.pii))
