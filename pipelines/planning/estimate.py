"""What a plan costs, resource by resource; nothing is asked of the API."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Final

from pendulum import Date

from pipelines.planning.entity_pages import PAGE_ROWS
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import cost
from pipelines.planning.policy import Policy, Reason
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import ForEach
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, by_grain, overlap, split

COUNT: Final = "count"
"""Reason of a series that is asked for and not loaded: it counts the rows of another endpoint."""

GROWTH: Final = 2
"""Times that the details of somebody become as long, at most, as they are loaded."""

GROUPS_ASSUMED: Final = 1
"""Calls that a task is assumed to need while its ids are not known."""

IdCount = Callable[[Task], int | None]
"""How many ids a task asks for; None where nobody knows yet."""

MostIds = Callable[[ForEach], int | None]
"""How many ids a task asks for at most; None where nothing bounds them."""

CallsBefore = Callable[[Task], int]
"""How many calls a check may need at most before it begins, besides those of its search."""

Habits = Mapping[tuple[str, str], int]
"""Calls that are to be expected besides those of the plan, as earlier syncs went, by resource and variant."""

NO_HABITS: Final[Habits] = {}


@dataclass(kw_only=True)
class Line:
    """What a plan asks of one variant of a resource.

    Attributes:
        windows: tasks.
        calls: requests that they need, those that ask for ids first included.
        units: what these cost, as far as it is known, if nothing has changed.
        units_expected: what is to be expected as earlier syncs went; None where they tell nothing.
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
    units_expected: int | None = None
    units_min: int = 0
    units_max: int | None = 0
    first_day: Date | None = None
    last_day: Date | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    scope: str | None = None
    pii: tuple[str, ...] = ()
    assumed: bool = False

    def expect(self, units: int, habits: Habits) -> None:
        """Note what comes on top as earlier syncs went, if they tell; a call costs so many units."""
        usual = habits.get((self.resource, self.variant))
        self.units_expected = self.units_expected if usual is None else units * usual


def estimate(
    tasks: Iterable[Task],
    ids: IdCount,
    *,
    grain: Grain = Grain.DAY,
    most_ids: MostIds = lambda _: None,
    habits: Habits = NO_HABITS,
    before: CallsBefore = lambda _: 0,
    perhaps: Iterable[Task] = (),
) -> list[Line]:
    """Add up what tasks cost per resource and variant, in the order of the tasks.

    Args:
        tasks: what a sync would do.
        ids: how many ids a task asks for, where it asks for ids.
        grain: length of the windows of aggregate rows.
        most_ids: how many ids a task asks for at most, where it asks for ids.
        habits: what checks that did not add up have asked for.
        before: how many calls a check may need before it begins.
        perhaps: what a sync would do besides if something has changed; that counts for the upper bound only.
    """
    lines: dict[tuple[str, str], Line] = {}
    asked: set[tuple[object, ...]] = set()
    for task in tasks:
        endpoint, line = task.endpoint, _line_of(task, lines)
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
        line.assumed |= bool(endpoint.cursor or endpoint.pages)  # nobody knows how many pages there are
        line.calls += groups if endpoint.for_each else task.calls
        units = cost([task], groups) - known_by
        line.units += units
        least, most = _bounds(task, units, groups, grain=grain, most_ids=most_ids, before=before)
        line.units_min += least
        line.units_max = None if most is None or line.units_max is None else line.units_max + most
        if task.reason == Reason.CHECK:
            line.expect(endpoint.units, habits)
        line.reasons[str(task.reason)] = line.reasons.get(str(task.reason), 0) + 1
        if task.window:
            line.first_day = min(task.window.start, line.first_day or task.window.start)
            line.last_day = max(task.window.end, line.last_day or task.window.end)
    for task in perhaps:
        line = _line_of(task, lines)
        line.units_max = None if line.units_max is None else line.units_max + cost([task])
        line.expect(task.endpoint.units, habits)
    for line in lines.values():
        if line.units_expected is not None:  # until here, what comes on top
            line.units_expected = _at_most(line.units + line.units_expected, line.units_max)
    return list(lines.values())


def _line_of(task: Task, lines: dict[tuple[str, str], Line]) -> Line:
    endpoint, variant = task.endpoint, task.variant_text
    line = Line(resource=endpoint.name, variant=variant, scope=endpoint.scope, pii=personal(endpoint))
    return lines.setdefault((endpoint.name, variant), line)


def _bounds(
    task: Task, units: int, groups: int, *, grain: Grain, most_ids: MostIds, before: CallsBefore
) -> tuple[int, int | None]:
    """What a task costs at least and at most, None where nothing bounds it."""
    endpoint, for_each = task.endpoint, task.endpoint.for_each
    if any(value.startswith("(") for _, value in task.variant):  # stands for values that the API tells
        return 0, None
    if endpoint.pages:
        return units, None
    if task.paged:
        again = 2 if endpoint.counted_by else 1  # what is not as long as it is counted is read once more
        return endpoint.units, task.pages_most and again * task.pages_most * endpoint.units
    if task.reason == Reason.CHECK and task.window and not endpoint.by_day:
        windows = len(list(by_grain(task.window, grain)))
        cut_off = 2 * windows if endpoint.cap else 0  # a list that is cut off is asked for in halves of its range
        return units, (before(task) + search_calls(windows) + cut_off) * _window_units(endpoint, task.window)
    if for_each and for_each.endpoint:
        most, alone = most_ids(for_each), units - groups * endpoint.units
        return alone, most and alone + ceil(most / for_each.per_call) * endpoint.units
    return units, units


def _window_units(endpoint: Endpoint, window: Window) -> int:
    """What the dearest question of a search costs: a single day, where days are asked for in parts."""
    dates, day = endpoint.date_range, Window(window.start, window.start)
    return endpoint.units * (dates.calls(day) if dates else 1)


def search_calls(windows: int) -> int:
    """Return how many calls a check over some windows makes at most, the first one included.

    If every window has changed, each is read, and a range is asked about in two parts only if neither is a single
    window. If the sums contradict themselves then, all windows and the range are asked for once more.
    """
    return 1 if windows == 1 else 1 + windows + max(0, windows // 2 - 1) + windows + 1


def calls_before(policy: Policy, ledger: Ledger) -> CallsBefore:
    """Return what counts the calls that ask an old verdict again, and those of a search that goes on."""
    verdicts = set[tuple[str, str]]()

    def count(check: Task) -> int:
        windows = list(by_grain(check.window, policy.grain)) if check.window else []
        known = policy.believed(check.endpoint, ledger.behaviour(check, policy.grain))
        variant = (check.endpoint.name, check.variant_text)
        calls = 0
        if policy.doubts(known) and len(windows) > 1 and variant not in verdicts:
            verdicts.add(variant)  # of a range that is proved in parts the first one asks for all of them
            calls += search_calls(2)
        differs = ledger.suspect(check, policy.grain).differs
        suspect = sum(1 for one in windows if differs and overlap(one, differs))
        if suspect:
            calls += ceil(log2(suspect)) + search_calls(ceil(suspect / 2)) + search_calls(2)
        return calls

    return count


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


def details_line(
    endpoint: Endpoint,
    due: Sequence[int],
    others: Sequence[int],
    newcomers: int | None,
    *,
    settled: bool,
    usual: int | None = None,
) -> Line:
    """Return what the details cost that are due now; what a sync loads before them may add to it.

    Args:
        endpoint: what is asked for.
        due: rows that are loaded of each person whose details are due.
        others: rows that are loaded of everybody else.
        newcomers: people at most who are not loaded yet; None where nothing bounds them.
        settled: nothing is loaded before, so that nobody else becomes due.
        usual: people more whose details are to be expected, as earlier syncs went.
    """
    calls = sum(_pages(rows) for rows in due)
    longer = sum(_pages(GROWTH * rows) for rows in (due if settled else [*due, *others]))
    more = 0 if settled else newcomers
    most = None if more is None else endpoint.units * (longer + more)
    return Line(
        resource=endpoint.name,
        variant="",
        windows=len(due),
        calls=calls,
        units=endpoint.units * calls,
        units_expected=None if usual is None else _at_most(endpoint.units * (calls + usual), most),
        units_min=endpoint.units * len(due) if settled else 0,  # others may vanish from the lists
        units_max=most,
        reasons={Reason.CHANGED: len(due)} if due else {},
        scope=endpoint.scope,
        pii=personal(endpoint),
        assumed=not settled,
    )


def newcomers(tasks: Iterable[Task], parents: str) -> int | None:
    """Return how many people lists may bring at most who are not loaded yet; None where nothing bounds them."""
    bounds = [task.new_rows_most for task in tasks if task.endpoint.name == parents]
    known = [one for one in bounds if one is not None]
    return sum(known) if len(known) == len(bounds) else None


def _at_most(units: int, most: int | None) -> int:
    return units if most is None else min(units, most)


def _pages(rows: int) -> int:
    return max(1, ceil(rows / PAGE_ROWS))


def personal(endpoint: Endpoint) -> tuple[str, ...]:
    """Columns of an endpoint's tables that hold personal data."""
    return tuple(dict.fromkeys(one.name for columns in endpoint.tables.values() for one in columns if one.pii))
