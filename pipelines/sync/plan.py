"""What a sync asks for, and why: a pure function of today, configuration and coverage."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil
from typing import Final

from pendulum import Date

from sources.rest.catalogue import Endpoint, Kind
from sources.rest.coverage import Coverage, Known, Restatement
from sources.rest.tasks import Task, Values, windows_of
from sources.rest.windows import MAX_DAYS, Grain, Window, align, by_grain, merged, overlap, spans, split

RECENT_DAYS: Final = 7
"""Days whose numbers everybody waits for: they are loaded before anything older is looked at."""

LADDER: Final = (1, 2, 3, 7, 14, 30, 60, 90)
"""Ages in days at which a window is read again that cannot be checked by sums."""


FIRST_LOOK_DAYS: Final = 7
"""Days of entities asked for in one chain of pages before anybody knows how many rows a day has."""

PAGES_AT_ONCE: Final = 20
"""Pages that one chain should have: at three units each, what a minute brings."""

PAGE_ROWS: Final = 100
"""Rows of a page."""

EVER: Final = Date(1970, 1, 1)
"""A first day before everything that can be loaded."""


class Reason(StrEnum):
    """Why a task is asked for."""

    NEW = "new"  # not loaded yet, recent or still changing
    HINT = "hint"  # cheap series over the horizon: they tell which days moved
    CHECK = "check"  # does a range still add up
    RESTATED = "restated"  # found to have changed
    AGAIN = "again"  # policy says so
    LADDER = "ladder"  # cannot be checked by sums, and old enough to be read again
    GAP = "gap"  # missing between days that are loaded
    HISTORY = "history"  # older than everything that is loaded
    SNAPSHOT = "snapshot"  # the present state


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a sync goes about the past.

    Attributes:
        today: the day that is still changing.
        horizon_days: days before today whose numbers may still change.
        restatement: what is done about them.
        grain: length of the windows of aggregate rows.
        values: values of the query parameters that multiply calls.
        looks_back: no first day was asked for, so that loaded days of the horizon are looked at wherever it begins.
        keeps_start: no first day is configured either, so that what was loaded says where the range begins.
        tolerance: share by which the sum of a value over the horizon may be out; what is less waits for its rung.
        rows_per_day: rows that a day of an entity has, by endpoint and variant, as far as some are loaded.
        reread_units: units that reading all pages of the horizon again may cost per endpoint.
    """

    today: Date
    horizon_days: int
    restatement: Restatement
    grain: Grain
    values: Values
    looks_back: bool = True
    keeps_start: bool = False
    tolerance: float = 0.0
    rows_per_day: Mapping[tuple[str, str], float] = field(default_factory=dict)
    reread_units: int = 600

    def horizon(self, checked: Date | None) -> Window:
        """Days whose numbers may have changed since they were checked: after a pause it reaches further back."""
        since = min(checked or self.today, self.today)
        return Window(since.subtract(days=self.horizon_days), self.today)

    @property
    def recent(self) -> Window:
        """Days that are loaded first."""
        return Window(self.today.subtract(days=RECENT_DAYS - 1), self.today)


@dataclass(frozen=True)
class Plan:
    """Tasks in the order in which they are worth most to the user.

    Attributes:
        recent: what is new this week, and what one call answers for long.
        again: loaded windows that are read again.
        checks: loaded ranges that have to add up; each answers for many windows and is not loaded itself.
        history: the rest, newest first.
        settles: variants of which everything that may have changed is looked at.
        details: endpoints whose calls depend on what is loaded by then.
        notes: what the plan leaves for later, in sentences.
    """

    recent: list[Task]
    again: list[Task]
    checks: list[Task]
    history: list[Task]
    settles: list[Task]
    details: list[Endpoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def tasks(self) -> list[Task]:
        """Every task, in order."""
        return [*self.recent, *self.again, *self.checks, *self.history]


def plan(endpoints: Iterable[Endpoint], asked: Window, policy: Policy, coverage: Coverage) -> Plan:
    """Plan a sync of some days.

    Args:
        endpoints: what to load.
        asked: days to load.
        policy: how to go about the past.
        coverage: what was loaded before.
    """
    endpoints = list(endpoints)
    details = [row for row in endpoints if row.kind is Kind.DETAIL]
    wholes = [
        _begun(Task(row, asked if row.dated else None, one), policy, coverage)
        for row in endpoints
        if row not in details
        for one in row.variants(policy.values)
    ]
    tasks = [task for whole in wholes for task in _tasks(whole, policy, coverage)]
    groups: dict[str, list[Task]] = {"recent": [], "again": [], "checks": [], "history": []}
    for task in tasks:
        recent = task.window is None or overlap(task.window, policy.recent) is not None
        group = _GROUP.get(Reason(task.reason), "recent" if recent else "history")
        groups[group].append(task)
    ordered = {name: group if name == "checks" else _newest_first(group) for name, group in groups.items()}
    return Plan(
        **ordered,
        settles=[whole for whole in wholes if _settles(whole, policy, coverage)],
        details=details,
        notes=[_climbing(row, policy) for row in endpoints if row.kind is Kind.ENTITY and _too_dear(row, policy)],
    )


def proof_plan(endpoints: Iterable[Endpoint], asked: Window, policy: Policy, coverage: Coverage) -> Plan:
    """Plan a proof that everything loaded of some days is what the API says; each call proves up to 366 days."""
    again: list[Task] = []
    checks: list[Task] = []
    for whole in (Task(row, asked, one) for row in endpoints if row.dated for one in row.variants(policy.values)):
        for stretch in coverage.loaded(_aligned(whole, policy), policy.grain):
            loaded = replace(whole, window=stretch)
            if whole.endpoint.by_day:
                again += [replace(whole, window=window, reason=Reason.CHECK) for window in split(stretch)]
            elif whole.endpoint.additive and not coverage.missing(loaded, policy.grain):
                windows = by_grain(stretch, policy.grain)
                checks += [replace(whole, window=window, reason=Reason.CHECK) for window in spans(windows)[::-1]]
    return Plan(recent=[], again=again, checks=checks, history=[], settles=[])


def slices(tasks: Sequence[Task], units: int) -> Iterator[list[Task]]:
    """Cut tasks into groups that are loaded and committed together, each about `units` units dear."""
    group: list[Task] = []
    for task in tasks:
        if group and cost([*group, task]) > units:
            yield group
            group = []
        group.append(task)
    if group:
        yield group


def cost(tasks: Iterable[Task], groups: int = 1) -> int:
    """Units that tasks cost, with `groups` calls for those that ask for several ids.

    Ids are asked for once per range, however many tasks need them.
    """
    total, asked = 0, set()
    for task in tasks:
        for_each = task.endpoint.for_each
        total += task.endpoint.units * (groups if for_each else task.pages)
        if for_each and for_each.endpoint and (for_each.endpoint, task.window, task.ids_where) not in asked:
            asked.add((for_each.endpoint, task.window, task.ids_where))
            total += 1
    return total


def _begun(whole: Task, policy: Policy, coverage: Coverage) -> Task:
    """A range that begins where loading began, if nobody said where: after a pause no day is left out between."""
    if whole.window is None or not policy.keeps_start:
        return whole
    loaded = coverage.loaded(replace(whole, window=Window(EVER, whole.window.end)), policy.grain)
    start = min([whole.window.start, *(one.start for one in loaded)])
    return replace(whole, window=Window(start, whole.window.end))


def _tasks(whole: Task, policy: Policy, coverage: Coverage) -> Iterator[Task]:
    if whole.window is None:
        yield replace(whole, reason=Reason.SNAPSHOT)
    elif whole.endpoint.by_day:
        yield from _series(whole, whole.window, policy, coverage)
    elif whole.endpoint.any_range:
        yield from _entities(whole, whole.window, policy, coverage)
    else:
        yield from _aggregate(whole, whole.window, policy, coverage)


def _series(whole: Task, asked: Window, policy: Policy, coverage: Coverage) -> Iterator[Task]:
    """A call answers for up to 366 days, so the horizon costs as much as a day."""
    missing = coverage.missing(whole, policy.grain)
    horizon = policy.horizon(coverage.known(whole, policy.grain).checked)
    look = policy.recent if policy.restatement is Restatement.NONE else horizon
    again = [
        part
        for one in coverage.loaded(_looked_at(whole, policy, horizon), policy.grain)
        if (part := overlap(one, look))
    ]
    current = overlap(asked, policy.recent)
    for stretch in reversed(merged([*missing, *again, *([current] if current else [])])):
        for window in split(stretch):
            hint = coverage.loaded(replace(whole, window=window), policy.grain)
            reason = Reason.HINT if hint else _why_missing(window, whole, policy, coverage)
            yield replace(whole, window=window, reason=reason)


def _entities(whole: Task, asked: Window, policy: Policy, coverage: Coverage) -> Iterator[Task]:
    """A chain of pages costs by its rows, so long ranges are asked for at once, as long as a slice can hold them."""
    known = coverage.known(whole, policy.grain)
    horizon = policy.horizon(known.checked)
    missing = coverage.missing(whole, policy.grain)
    loaded = coverage.loaded(_looked_at(whole, policy, horizon), policy.grain)
    stale = [part for one in loaded if (part := overlap(one, horizon))]
    if policy.restatement is Restatement.NONE:
        stale = []
    elif policy.restatement is Restatement.EXACT and _too_dear(whole.endpoint, policy):
        climbing = [Window(day, day) for part in stale for day in part.dates()]
        # vanished rows show only where a day is asked for together with those beside it
        around = [
            Window(day.start.subtract(days=1), day.end.add(days=1))
            for day in climbing
            if _climbs(day, known.checked, policy.today)
        ]
        stale = [part for one in merged(around) for other in stale if (part := overlap(one, other))]
    current = overlap(asked, policy.recent)
    for stretch in reversed(merged([*missing, *stale, *([current] if current else [])])):
        for window in split(stretch, _chain_days(whole, policy)):
            again = coverage.loaded(replace(whole, window=window), policy.grain)
            reason = Reason.AGAIN if again else _why_missing(window, whole, policy, coverage)
            yield replace(whole, window=window, reason=reason, pages=_pages(whole, window.days, policy))


def _pages(whole: Task, days: int, policy: Policy) -> int:
    """Pages that a chain is expected to have; one, where nobody knows."""
    rows = policy.rows_per_day.get((whole.endpoint.name, whole.variant_text), 0.0)
    return max(1, ceil(rows * days / PAGE_ROWS))


def _chain_days(whole: Task, policy: Policy) -> int:
    """Days that one chain of pages is about."""
    rows = policy.rows_per_day.get((whole.endpoint.name, whole.variant_text))
    if rows is None:
        return FIRST_LOOK_DAYS
    return max(1, min(MAX_DAYS, int(PAGES_AT_ONCE * PAGE_ROWS / rows))) if rows else MAX_DAYS


def _reread_cost(endpoint: Endpoint, policy: Policy) -> int:
    """Units that reading all pages of the horizon again costs."""
    per_day = [rows for (name, _), rows in policy.rows_per_day.items() if name == endpoint.name]
    return sum(endpoint.units * max(1, ceil(rows * policy.horizon_days / PAGE_ROWS)) for rows in per_day)


def _too_dear(endpoint: Endpoint, policy: Policy) -> bool:
    return _reread_cost(endpoint, policy) > policy.reread_units


def _climbing(endpoint: Endpoint, policy: Policy) -> str:
    rungs = ", ".join(map(str, LADDER))
    return (
        f"{endpoint.name}: reading all pages of {policy.horizon_days} days again would cost about"
        f" {_reread_cost(endpoint, policy)} units, more than reread_units ({policy.reread_units}); days older than a"
        f" week are read again at the age of {rungs} days"
    )


def _aggregate(whole: Task, asked: Window, policy: Policy, coverage: Coverage) -> Iterator[Task]:
    known = coverage.known(whole, policy.grain)
    horizon = policy.horizon(known.checked)
    settled: list[Window] = []
    scope = _looked_at(whole, policy, horizon).window or asked
    for window in windows_of(whole.endpoint, scope, policy.grain, policy.today):
        if window is None:
            continue
        task = replace(whole, window=window)
        if coverage.missing(task, policy.grain) and not overlap(window, asked):
            continue
        if coverage.missing(task, policy.grain):
            yield replace(task, reason=_why_missing(window, whole, policy, coverage))
        elif not overlap(window, horizon) or policy.restatement is Restatement.NONE:
            continue
        elif policy.restatement is Restatement.FIXED or _contradicts(whole.endpoint, known):
            yield replace(task, reason=Reason.AGAIN)
        elif known.capped or not whole.endpoint.additive:
            if _climbs(window, known.checked, policy.today):
                yield replace(task, reason=Reason.LADDER)
        else:
            settled.append(window)
            if policy.tolerance and _climbs(window, known.checked, policy.today):
                yield replace(task, reason=Reason.LADDER)
    yield from (replace(whole, window=window, reason=Reason.CHECK) for window in reversed(spans(settled)))


def _settles(whole: Task, policy: Policy, coverage: Coverage) -> bool:
    """Whether a range holds every loaded window whose numbers may have changed."""
    if whole.window is None or policy.restatement is Restatement.NONE:
        return False
    horizon = policy.horizon(coverage.known(whole, policy.grain).checked)
    stale = coverage.loaded(replace(whole, window=horizon), policy.grain)
    looked_at = _looked_at(whole, policy, horizon).window or whole.window
    return all(looked_at.start <= one.start and one.end <= looked_at.end for one in stale)


def _looked_at(whole: Task, policy: Policy, horizon: Window) -> Task:
    """The days of which loaded windows are looked at again: what was asked for, and the horizon if all was."""
    window = whole.window or horizon
    if policy.looks_back:
        window = Window(min(window.start, horizon.start), window.end)
    return _aligned(replace(whole, window=window), policy)


def _aligned(whole: Task, policy: Policy) -> Task:
    """A task over whole windows of the grain, where its endpoint has any."""
    if whole.window is None or whole.endpoint.any_range:
        return whole
    return replace(whole, window=align(whole.window, policy.grain, policy.today))


def _contradicts(endpoint: Endpoint, known: Known) -> bool:
    """Whether nothing of an endpoint adds up on this server, although the catalogue says that it does."""
    return bool(endpoint.additive) and known.not_additive.issuperset(endpoint.additive)


def _climbs(window: Window, checked: Date | None, today: Date) -> bool:
    """Whether a window has reached a rung of the ladder since it was last looked at."""
    age = (today - window.end).days
    then = (checked - window.end).days if checked else 0
    return any(then < rung <= age for rung in LADDER)


def _why_missing(window: Window, whole: Task, policy: Policy, coverage: Coverage) -> Reason:
    loaded = coverage.loaded(replace(whole, window=Window(EVER, policy.today)), policy.grain)
    if window.end >= policy.recent.start or not loaded or window.start > loaded[-1].end:
        return Reason.NEW if window.end >= policy.recent.start else Reason.HISTORY
    return Reason.GAP if window.start > loaded[0].start else Reason.HISTORY


def _newest_first(tasks: list[Task]) -> list[Task]:
    """Newest windows first; within a window, what one call answers for long goes first, then the catalogue's order."""

    def key(task: Task) -> tuple[bool, int]:
        cheap = task.window is None or task.endpoint.by_day
        return not cheap, -task.window.end.toordinal() if task.window and not cheap else 0

    return sorted(tasks, key=key)


_GROUP: Final = {Reason.HINT: "recent", Reason.CHECK: "checks", Reason.AGAIN: "again", Reason.LADDER: "again"}
