"""What a sync asks for, and why: a pure function of today, configuration and ledger."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pendulum import Date

from pipelines.planning.entity_pages import entity_tasks, refresh_note, too_dear
from pipelines.planning.learned import cut_off
from pipelines.planning.ledger import Ledger
from pipelines.planning.policy import EVER, Policy, Reason, aligned, looked_at, refresh_due, why_missing
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task
from sources.rest.windows import MAX_DAYS, Window, align, by_grain, merged, overlap, spans, split


@dataclass(frozen=True)
class Plan:
    """Tasks in the order in which they are worth most to the user.

    Attributes:
        recent: what is new this week, and what one call answers for long.
        again: loaded windows that are read again.
        checks: loaded ranges that have to add up; each answers for many windows and is not loaded itself.
        history: the rest, newest first.
        late: what was read today already, then what failed when it was asked for last: after everything else, so that
            each run gets somewhere.
        late_checks: ranges that were proved today already.
        unproved: loaded windows that no sum proves; each is read again if its days turn out to have changed elsewhere.
        waiting: windows that have failed in several runs, and the day from which on each is asked for again.
        fully_checked: variants of which this plan looks at everything that may have changed.
        details: endpoints whose calls depend on what is loaded by then.
        notes: what the plan leaves for later, in sentences.
    """

    recent: list[Task]
    again: list[Task]
    checks: list[Task]
    history: list[Task]
    fully_checked: list[Task]
    late: list[Task] = field(default_factory=list)
    late_checks: list[Task] = field(default_factory=list)
    unproved: list[Task] = field(default_factory=list)
    waiting: list[tuple[Task, Date]] = field(default_factory=list)
    details: list[Endpoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def repeats_today(self) -> bool:
        """Whether everything that there is to do was done today already, or has failed when it was asked for last."""
        return not (self.recent or self.again or self.checks or self.history)

    @property
    def tasks(self) -> list[Task]:
        """Every task that is certain, in order."""
        return [*self.recent, *self.again, *self.checks, *self.history, *self.late, *self.late_checks]


def plan(endpoints: Iterable[Endpoint], asked: Window, policy: Policy, ledger: Ledger) -> Plan:
    """Plan a sync of some days.

    Args:
        endpoints: what to load.
        asked: days to load.
        policy: how to go about the past.
        ledger: what was loaded before.
    """
    endpoints = list(endpoints)
    details = [row for row in endpoints if row.kind is Kind.DETAIL]
    wholes = [
        _from_first_loaded(Task(row, asked if row.dated else None, one), policy, ledger)
        for row in endpoints
        if row not in details
        for one in row.variants(policy.values)
    ]
    tasks = [task for whole in wholes for task in _tasks(whole, policy, ledger)]
    groups: dict[str, list[Task]] = {
        name: [] for name in ("recent", "again", "checks", "history", "late", "late_checks", "unproved")
    }
    waiting: list[tuple[Task, Date]] = []
    failed: list[Task] = []
    for task in tasks:
        recent = task.window is None or overlap(task.window, policy.recent) is not None
        group = _GROUP.get(Reason(task.reason), "recent" if recent else "history")
        if task.reason == Reason.RESTATED and not ledger.has_moved(task, policy.grain):
            group = "unproved"
        again = None if policy.full or group == "checks" else ledger.waits(task, policy.grain, policy.today)
        if group == "unproved":
            groups[group] += [] if again else [task]
        elif again:
            waiting.append((task, again))
        elif group != "checks" and ledger.has_failed(task, policy.grain):
            failed.append(task)
        elif ledger.was_read(task, policy.grain, policy.today, proved=group == "checks"):
            groups["late_checks" if group == "checks" else "late"].append(task)
        else:
            groups[group].append(task)
    partly = {(task.endpoint.name, task.variant) for task in tasks if task.since}
    ordered = {name: group if "checks" in name else _newest_first(group) for name, group in groups.items()}
    ordered["late"] += _newest_first(failed)
    return Plan(
        **ordered,
        waiting=waiting,
        fully_checked=[
            whole
            for whole in wholes
            if _is_fully_checked(whole, policy, ledger) and (whole.endpoint.name, whole.variant) not in partly
        ],
        details=details,
        notes=[note for whole in wholes for note in _cut_off(whole, policy, ledger)]
        + [refresh_note(row, policy) for row in endpoints if row.kind is Kind.ENTITY and too_dear(row, policy)],
    )


def proof_plan(endpoints: Iterable[Endpoint], asked: Window, policy: Policy, ledger: Ledger) -> Plan:
    """Plan a proof that everything loaded of some days is what the API says; each call proves up to 366 days."""
    again: list[Task] = []
    checks: list[Task] = []
    wholes = [Task(row, asked, one) for row in endpoints if row.dated for one in row.variants(policy.values)]
    for whole in wholes:
        for stretch in ledger.loaded(aligned(whole, policy), policy.grain):
            loaded = replace(whole, window=stretch)
            if whole.endpoint.by_day:
                again += [replace(whole, window=window, reason=Reason.CHECK) for window in split(stretch)]
            elif whole.endpoint.additive and not ledger.missing(loaded, policy.grain):
                known = policy.believed(whole.endpoint, ledger.behaviour(whole, policy.grain))
                windows = [window for window in by_grain(stretch, policy.grain) if not known.is_cut(window)]
                parts = spans(windows, known.whole_days or MAX_DAYS)
                checks += [replace(whole, window=window, reason=Reason.CHECK) for window in parts[::-1]]
    notes = [note for whole in wholes for note in _cut_off(whole, policy, ledger)]
    return Plan(recent=[], again=again, checks=checks, history=[], fully_checked=[], notes=notes)


def slices(tasks: Sequence[Task], units: int) -> Iterator[list[Task]]:
    """Cut tasks into slices, each of about `units` units: what is loaded and committed together."""
    group: list[Task] = []
    for task in tasks:
        if group and cost([*group, task]) > units:
            yield group
            group = []
        group.append(task)
    if group:
        yield group


def cost(tasks: Iterable[Task], groups: int = 1) -> int:
    """Return the units that tasks cost, with `groups` calls for each that asks for several ids.

    Ids are asked for once per range, however many tasks need them.
    """
    total, asked = 0, set()
    for task in tasks:
        for_each = task.endpoint.for_each
        total += task.endpoint.units * (groups if for_each else task.calls)
        if for_each and for_each.endpoint and (for_each.endpoint, task.window, task.ids_variant) not in asked:
            asked.add((for_each.endpoint, task.window, task.ids_variant))
            total += 1
    return total


def _from_first_loaded(whole: Task, policy: Policy, ledger: Ledger) -> Task:
    """Begin where loading once began, if no first day is given: after a pause no day is left out."""
    if whole.window is None or not policy.keeps_start:
        return whole
    loaded = ledger.loaded(replace(whole, window=Window(EVER, whole.window.end)), policy.grain)
    start = min([whole.window.start, *(one.start for one in loaded)])
    return replace(whole, window=Window(start, whole.window.end))


def _tasks(whole: Task, policy: Policy, ledger: Ledger) -> Iterator[Task]:
    if whole.window is None:
        yield replace(whole, reason=Reason.SNAPSHOT)
    elif whole.endpoint.by_day:
        yield from _series(whole, whole.window, policy, ledger)
    elif whole.endpoint.range_independent:
        yield from entity_tasks(whole, whole.window, policy, ledger)
    else:
        yield from _aggregate(whole, whole.window, policy, ledger)


def _series(whole: Task, asked: Window, policy: Policy, ledger: Ledger) -> Iterator[Task]:
    """Plan a series: one call answers for up to 366 days, so the whole horizon costs as much as a day."""
    missing = ledger.missing(whole, policy.grain)
    horizon, lacks = _horizon(whole, policy, ledger), _lacks(whole, policy, ledger)
    look = policy.recent if policy.restatement is Restatement.NONE and not lacks else horizon
    again = [
        part for one in ledger.loaded(looked_at(whole, policy, horizon), policy.grain) if (part := overlap(one, look))
    ]
    current = overlap(asked, policy.recent)
    for stretch in reversed(merged([*missing, *again, *([current] if current else [])])):
        for window in split(stretch):
            hint = ledger.loaded(replace(whole, window=window), policy.grain)
            reason = Reason.HINT if hint else why_missing(window, whole, policy, ledger)
            yield replace(whole, window=window, reason=reason)


def _aggregate(whole: Task, asked: Window, policy: Policy, ledger: Ledger) -> Iterator[Task]:
    before = ledger.behaviour(whole, policy.grain)
    known, horizon = policy.believed(whole.endpoint, before), _horizon(whole, policy, ledger)
    doubted, otherwise = policy.doubts(known), policy.asks_otherwise(whole.endpoint, before)
    lacks = policy.lacks(whole.endpoint, before)
    settled: list[Window] = []
    scope = looked_at(whole, policy, horizon).window or asked
    # what is loaded before the horizon may be years
    looked = [*ledger.missing(replace(whole, window=scope), policy.grain), overlap(scope, horizon)]
    ranges = merged(align(one, policy.grain, policy.today) for one in looked if one)
    for window in (one for part in reversed(ranges) for one in by_grain(part, policy.grain)):
        task = replace(whole, window=window)
        if ledger.missing(task, policy.grain) and not overlap(window, asked):
            continue
        if ledger.missing(task, policy.grain):
            yield replace(task, reason=why_missing(window, whole, policy, ledger))
        elif not overlap(window, horizon) or (policy.restatement is Restatement.NONE and not lacks):
            continue
        elif (
            policy.restatement is Restatement.FIXED
            or known.contradicts(whole.endpoint.additive)
            or lacks  # sums cannot tell which windows
            or (otherwise and before.is_cut(window))  # nothing else would tell whether it is as it is asked for now
        ):
            yield replace(task, reason=Reason.AGAIN)
            settled += [window] if doubted and policy.restatement is Restatement.EXACT else []
        elif known.is_cut(window) or not whole.endpoint.additive:
            if otherwise or refresh_due(window, known.checked, policy.today):
                yield replace(task, reason=Reason.REFRESH)
            elif known.is_cut(window):
                yield replace(task, reason=Reason.RESTATED)
        else:
            settled.append(window)
            if policy.tolerance and refresh_due(window, known.checked, policy.today):
                yield replace(task, reason=Reason.REFRESH)
    parts = spans(settled, known.whole_days or MAX_DAYS)
    yield from (replace(whole, window=window, reason=Reason.CHECK) for window in reversed(parts))


def _horizon(whole: Task, policy: Policy, ledger: Ledger) -> Window:
    """Days that may not be as the API says: all that are loaded, if they were asked for otherwise or lack a column."""
    known = ledger.behaviour(whole, policy.grain)
    loaded = ledger.loaded(replace(whole, window=Window(EVER, policy.today)), policy.grain)
    if loaded and (policy.asks_otherwise(whole.endpoint, known) or policy.lacks(whole.endpoint, known)):
        return Window(min(loaded[0].start, policy.today), policy.today)
    return policy.horizon(known.checked)


def _lacks(whole: Task, policy: Policy, ledger: Ledger) -> bool:
    return policy.lacks(whole.endpoint, ledger.behaviour(whole, policy.grain))


def _is_fully_checked(whole: Task, policy: Policy, ledger: Ledger) -> bool:
    """Whether the plan looks at every loaded window whose numbers may have changed."""
    if whole.window is None:
        return False
    if policy.restatement is Restatement.NONE and not _lacks(whole, policy, ledger):
        return False
    horizon = _horizon(whole, policy, ledger)
    stale = ledger.loaded(replace(whole, window=horizon), policy.grain)
    seen = looked_at(whole, policy, horizon).window or whole.window
    return all(seen.start <= one.start and one.end <= seen.end for one in stale)


def _cut_off(whole: Task, policy: Policy, ledger: Ledger) -> Iterator[str]:
    """Say which windows nothing proves, because their own lists are cut off."""
    known = policy.believed(whole.endpoint, ledger.behaviour(whole, policy.grain))
    scope = looked_at(whole, policy, policy.horizon(known.checked)).window
    cut = [part for one in known.cut if scope and (part := overlap(one, scope))]
    if cut:
        yield cut_off(str(replace(whole, window=None)), cut)


def _newest_first(tasks: list[Task]) -> list[Task]:
    """Newest windows first; before them what one call answers for long; otherwise the order of the catalogue."""

    def key(task: Task) -> tuple[bool, int]:
        cheap = task.window is None or task.endpoint.by_day
        return not cheap, -task.window.end.toordinal() if task.window and not cheap else 0

    return sorted(tasks, key=key)


_GROUP: Final = {
    Reason.HINT: "recent",
    Reason.CHECK: "checks",
    Reason.AGAIN: "again",
    Reason.REFRESH: "again",
    Reason.RESTATED: "again",
}
