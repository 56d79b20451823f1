"""Which pages of entities a sync reads: what they cost depends on rows, not on days."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import ceil
from typing import Final

from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.planning.policy import EVER, RECENT_DAYS, SURGE, OpenPages, Policy, Reason, looked_at, why_missing
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.options.common import Restatement
from sources.rest.reading.paging import PAGES_MAX
from sources.rest.reading.tasks import Task
from sources.rest.windows import MAX_DAYS, Window, merged, overlap, split

PAGE_ROWS: Final = 100
"""Rows of a page."""

WHOLE_AFTER_DAYS: Final = 7
"""Days after which the whole horizon is read again where reading it costs too much for every day."""


def entity_tasks(whole: Task, asked: Window, policy: Policy, ledger: Ledger) -> Iterator[Task]:
    """Plan entities: the server may sum figures over the days that are asked for, so the horizon is one question.

    So is a first load, and each stretch before the horizon that is not loaded. A list that an earlier run has begun is
    gone on with; meanwhile, and where reading the horizon costs too much for every day, only its newest pages are read.
    """
    known = ledger.behaviour(whole, policy.grain)
    horizon = policy.horizon(known.checked)
    missing = ledger.missing(whole, policy.grain)
    loaded = ledger.loaded(looked_at(whole, policy, horizon), policy.grain)
    current = [newest] if (newest := overlap(asked, policy.recent)) else []
    stretches = merged([*missing, *loaded, *current])
    begun = [
        one
        for one in policy.open_pages.get((whole.endpoint.name, whole.variant_text), ())
        if any(overlap(one.window, stretch) for stretch in stretches)
    ]
    first_load = not begun and not ledger.loaded(replace(whole, window=Window(EVER, policy.today)), policy.grain)
    done = _days(_complete(one, begun, whole, policy, ledger) for one in begun)
    only = _days([*missing, *current]) if _reads_newest_only(whole, policy, known) else None
    asks = _Questions(whole, policy, ledger)
    for stretch in reversed(stretches):
        inside = None if first_load else overlap(stretch, horizon)
        if inside:
            needed = _days([inside]) - done
            yield from asks.about(inside, needed if only is None else needed & only)
        older = stretch if first_load else _before(stretch, horizon.start)
        for gap in reversed([part for one in missing if older and (part := overlap(one, older))]):
            for part in reversed(merged(Window(day, day) for day in _days([gap]) - done)):
                yield from asks.about(part, _days([part]))
    for one in begun:
        yield asks.task(one.window, one.since, one.after)


class _Questions:
    """Makes the tasks of one variant of an endpoint."""

    def __init__(self, whole: Task, policy: Policy, ledger: Ledger) -> None:
        self._whole = whole
        self._policy = policy
        self._ledger = ledger

    def about(self, days: Window, needed: AbstractSet[Date]) -> Iterator[Task]:
        """Ask for some days at once, for pages back to the first of them that is needed."""
        for window in split(days, _days_at_most(self._whole, self._policy)) if needed else ():
            if min(needed) <= window.end:
                yield self.task(window, min(needed) if min(needed) > window.start else None)

    def task(self, window: Window, since: Date | None, after: tuple[tuple[str, str], ...] = ()) -> Task:
        """Ask for a list, from its beginning or going on."""
        whole, policy, ledger = self._whole, self._policy, self._ledger
        asked = replace(whole, window=Window(max(since or window.start, window.start), window.end))
        again = not ledger.missing(asked, policy.grain) if since else ledger.loaded(asked, policy.grain)
        reason = Reason.AGAIN if again else why_missing(asked.window or window, whole, policy, ledger)
        pages = _pages(whole, asked.window.days if asked.window else 1, policy)
        new, most = _most(replace(whole, window=window), policy, ledger)
        return replace(
            whole,
            window=window,
            since=since,
            after=after,
            reason=reason,
            pages=pages,
            pages_most=None if most is None else max(pages, most),
            new_rows_most=new,
        )


def _reads_newest_only(whole: Task, policy: Policy, known: ServerBehaviour) -> bool:
    """Whether of the horizon only what is new is read."""
    if policy.restatement is Restatement.EXACT:
        is_due = known.checked is None or (policy.today - known.checked).days >= WHOLE_AFTER_DAYS
        return too_dear(whole.endpoint, policy) and not is_due
    return policy.restatement is Restatement.NONE


def _complete(one: OpenPages, begun: Sequence[OpenPages], whole: Task, policy: Policy, ledger: Ledger) -> Window | None:
    """Days that a list leaves nothing to ask about; its last day was not over if nothing newer was asked for since."""
    days, after = one.days, one.window.end.add(days=1)
    newer = ledger.loaded(replace(whole, window=Window(after, after)), policy.grain)
    if one.window.end >= policy.today or newer or any(after in other.window for other in begun):
        return days
    return _before(days, one.window.end)


def _before(window: Window, day: Date) -> Window | None:
    return Window(window.start, min(window.end, day.subtract(days=1))) if window.start < day else None


def _days(windows: Iterable[Window | None]) -> AbstractSet[Date]:
    return {day for window in windows if window for day in window.dates()}


def _pages(whole: Task, days: int, policy: Policy) -> int:
    """Pages that a list is expected to have; one where nobody knows."""
    per_day, _ = _per_day(whole, policy)
    return max(1, ceil((per_day or 0.0) * days / PAGE_ROWS))


def _per_day(whole: Task, policy: Policy) -> tuple[float | None, Collection[Window]]:
    """Rows per day, None where nobody knows; and the days that others have counted, if none are loaded."""
    name = whole.endpoint.name, whole.variant_text
    if name in policy.rows_per_day or name not in policy.counted:
        return policy.rows_per_day.get(name), ()
    return policy.counted[name].per_day, policy.counted[name].days


def _most(task: Task, policy: Policy, ledger: Ledger) -> tuple[int | None, int | None]:
    """New rows and pages that a list has at most, all of it: if rows come in another order, none can be left out.

    Days that are known bring as much as one more day at most, of what happened late.
    """
    window = task.window
    per_day, others = _per_day(task, policy)
    if per_day is None or window is None:
        return None, None
    loaded = ledger.loaded(task, policy.grain)
    counted = (overlap(window, one) for one in others)
    known = sum(one.days for one in merged([*loaded, *filter(None, counted)]))
    rows = per_day * known + SURGE * max(1.0, per_day) * max(1, window.days - known)
    new = rows - per_day * sum(one.days for one in loaded)
    return ceil(new), max(1, ceil(rows / PAGE_ROWS))


def _days_at_most(whole: Task, policy: Policy) -> int:
    """Days that one question asks for: as many as the API takes, and as one list can be read of."""
    rows, _ = _per_day(whole, policy)
    return max(1, min(MAX_DAYS, int(PAGES_MAX * PAGE_ROWS / 2 / rows))) if rows else MAX_DAYS


def _reread_cost(endpoint: Endpoint, policy: Policy) -> int:
    """Units that reading all pages of the horizon again costs."""
    per_day = [rows for (name, _), rows in policy.rows_per_day.items() if name == endpoint.name]
    return sum(endpoint.units * max(1, ceil(rows * policy.horizon_days / PAGE_ROWS)) for rows in per_day)


def too_dear(endpoint: Endpoint, policy: Policy) -> bool:
    """Whether reading all pages of the horizon again costs more than it may."""
    return _reread_cost(endpoint, policy) > policy.reread_units


def refresh_note(endpoint: Endpoint, policy: Policy) -> str:
    """Say that older rows wait for the next time that the whole horizon is read."""
    return (
        f"{endpoint.name}: reading all pages of {policy.horizon_days} days again would cost about"
        f" {_reread_cost(endpoint, policy)} units, more than reread_units ({policy.reread_units}); it is done every"
        f" {WHOLE_AFTER_DAYS} days, and on the others the pages of the newest {RECENT_DAYS} days are read"
    )
