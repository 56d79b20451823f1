"""How a sync goes about the past: what it looks at again, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from pendulum import Date

from pipelines.planning.ledger import Ledger
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Grain, Window, align

RECENT_DAYS: Final = 7
"""Days whose numbers everybody waits for: they are loaded before anything older is looked at."""

REFRESH_AGES: Final = (1, 2, 3, 7, 14, 30, 60, 90)
"""Ages in days at which a window is read again that cannot be checked by sums."""


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
    CHANGED = "changed"  # details of somebody whose figures have changed


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
    values: VariantValues
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


def looked_at(whole: Task, policy: Policy, horizon: Window) -> Task:
    """The days of which loaded windows are looked at again: what was asked for, and the horizon if all was."""
    window = whole.window or horizon
    if policy.looks_back:
        window = Window(min(window.start, horizon.start), window.end)
    return aligned(replace(whole, window=window), policy)


def aligned(whole: Task, policy: Policy) -> Task:
    """A task over whole windows of the grain, where its endpoint has any."""
    if whole.window is None or whole.endpoint.range_independent:
        return whole
    return replace(whole, window=align(whole.window, policy.grain, policy.today))


def refresh_due(window: Window, checked: Date | None, today: Date) -> bool:
    """Whether a window has reached a rung of the ladder since it was last looked at."""
    age = (today - window.end).days
    then = (checked - window.end).days if checked else 0
    return any(then < rung <= age for rung in REFRESH_AGES)


def why_missing(window: Window, whole: Task, policy: Policy, ledger: Ledger) -> Reason:
    """Why days are asked for that are not loaded."""
    loaded = ledger.loaded(replace(whole, window=Window(EVER, policy.today)), policy.grain)
    if window.end >= policy.recent.start or not loaded or window.start > loaded[-1].end:
        return Reason.NEW if window.end >= policy.recent.start else Reason.HISTORY
    return Reason.GAP if window.start > loaded[0].start else Reason.HISTORY
