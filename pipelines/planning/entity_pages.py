"""Which pages of entities a sync reads: what they cost depends on rows, not on days."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Final

from pipelines.planning.ledger import Ledger
from pipelines.planning.policy import REFRESH_AGES, Policy, Reason, looked_at, refresh_due, why_missing
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task
from sources.rest.windows import MAX_DAYS, Window, merged, overlap, split

FIRST_LOOK_DAYS: Final = 7
"""Days that one chain of pages asks for while nobody knows how many rows a day has."""

PAGES_AT_ONCE: Final = 20
"""Pages that one chain should have: at three units each, what a minute brings."""

PAGE_ROWS: Final = 100
"""Rows of a page."""


def entity_tasks(whole: Task, asked: Window, policy: Policy, ledger: Ledger) -> Iterator[Task]:
    """Plan entities: a chain of pages costs by its rows, so ranges are as long as a slice can hold."""
    known = ledger.behaviour(whole, policy.grain)
    horizon = policy.horizon(known.checked)
    missing = ledger.missing(whole, policy.grain)
    loaded = ledger.loaded(looked_at(whole, policy, horizon), policy.grain)
    stale = [part for one in loaded if (part := overlap(one, horizon))]
    if policy.restatement is Restatement.NONE:
        stale = []
    elif policy.restatement is Restatement.EXACT and too_dear(whole.endpoint, policy):
        single_days = [Window(day, day) for part in stale for day in part.dates()]
        # vanished rows show only where a day is asked for together with those beside it
        around = [
            Window(day.start.subtract(days=1), day.end.add(days=1))
            for day in single_days
            if refresh_due(day, known.checked, policy.today)
        ]
        stale = [part for one in merged(around) for other in stale if (part := overlap(one, other))]
    current = overlap(asked, policy.recent)
    for stretch in reversed(merged([*missing, *stale, *([current] if current else [])])):
        for window in split(stretch, _chain_days(whole, policy)):
            again = ledger.loaded(replace(whole, window=window), policy.grain)
            reason = Reason.AGAIN if again else why_missing(window, whole, policy, ledger)
            yield replace(whole, window=window, reason=reason, pages=_pages(whole, window.days, policy))


def _pages(whole: Task, days: int, policy: Policy) -> int:
    """Pages that a chain is expected to have; one where nobody knows."""
    rows = policy.rows_per_day.get((whole.endpoint.name, whole.variant_text), 0.0)
    return max(1, ceil(rows * days / PAGE_ROWS))


def _chain_days(whole: Task, policy: Policy) -> int:
    """Days that one chain of pages asks for."""
    rows = policy.rows_per_day.get((whole.endpoint.name, whole.variant_text))
    if rows is None:
        return FIRST_LOOK_DAYS
    return max(1, min(MAX_DAYS, int(PAGES_AT_ONCE * PAGE_ROWS / rows))) if rows else MAX_DAYS


def _reread_cost(endpoint: Endpoint, policy: Policy) -> int:
    """Units that reading all pages of the horizon again costs."""
    per_day = [rows for (name, _), rows in policy.rows_per_day.items() if name == endpoint.name]
    return sum(endpoint.units * max(1, ceil(rows * policy.horizon_days / PAGE_ROWS)) for rows in per_day)


def too_dear(endpoint: Endpoint, policy: Policy) -> bool:
    """Whether reading all pages of the horizon again costs more than it may."""
    return _reread_cost(endpoint, policy) > policy.reread_units


def refresh_note(endpoint: Endpoint, policy: Policy) -> str:
    """Say that older days wait for the next refresh age."""
    ages = ", ".join(map(str, REFRESH_AGES))
    return (
        f"{endpoint.name}: reading all pages of {policy.horizon_days} days again would cost about"
        f" {_reread_cost(endpoint, policy)} units, more than reread_units ({policy.reread_units}); days older than a"
        f" week are read again at the age of {ages} days"
    )
