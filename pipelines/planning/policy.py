"""How a sync goes about the past: what it looks at again, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.rest.catalogue.api import DateRange
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Grain, Window, align

RECENT_DAYS: Final = 7
"""Days that users wait for: they are loaded before anything older."""

REFRESH_AGES: Final = (1, 2, 3, 7, 14, 30, 60, 90)
"""Ages in days at which a window that sums cannot check is read again."""

VERDICT_DAYS: Final = 7
"""Days for which it is believed that a metric does not add up on a server; then it is asked again."""

SURGE: Final = 3
"""Times as many rows as a day has that is loaded, which a day brings at most: upper bounds of a plan rest on it."""

EVER: Final = Date(1970, 1, 1)
"""A first day before everything that can be loaded."""


class Reason(StrEnum):
    """Why a task is asked for."""

    NEW = "new"  # not loaded yet, recent or still changing
    HINT = "hint"  # cheap series over the horizon: they tell which days moved
    CHECK = "check"  # does a range still add up
    RESTATED = "restated"  # found to have changed
    AGAIN = "again"  # policy says so
    REFRESH = "ladder"  # cannot be checked by sums, and has reached one of the refresh ages
    GAP = "gap"  # missing between days that are loaded
    HISTORY = "history"  # older than everything that is loaded
    SNAPSHOT = "snapshot"  # the present state
    CHANGED = "changed"  # details of somebody whose figures have changed


@dataclass(frozen=True)
class OpenPages:
    """A list that earlier runs have read in part.

    Attributes:
        window: days that it was asked for.
        since: day down to which it is read; None for all of it.
        after: parameters of the page to go on with.
    """

    window: Window
    since: Date | None
    after: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def days(self) -> Window:
        """Days that it lists whole, once it is read."""
        return Window(max(self.since or self.window.start, self.window.start), self.window.end)


@dataclass(frozen=True)
class Counted:
    """How many rows another endpoint has counted.

    Attributes:
        per_day: of each day.
        days: which days these are.
    """

    per_day: float
    days: Collection[Window]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a sync goes about the past.

    Attributes:
        today: the day that is still changing.
        horizon_days: days before today whose numbers may still change.
        restatement: what is done about them.
        grain: length of the windows of aggregate rows.
        values: values of the query parameters that multiply calls.
        looks_back: the whole horizon is looked at again, because no first day was asked for.
        keeps_start: the range begins where loading once began, because no first day is configured either.
        tolerance: share by which the sum of a value over the horizon may be out; less waits for the next refresh age.
        rows_per_day: rows that a day of an entity has, by endpoint and variant, as far as some are loaded.
        counted: rows of entities of which none are loaded, by endpoint and variant, as far as others count them.
        open_pages: lists that are not read to their end, newest first, by endpoint and variant.
        reread_units: units that reading all pages of the horizon again may cost per endpoint.
        retired: metrics that the API need not send any more, each as `metric` or `resource.metric`.
        date_range: how the vendor is asked for days under the options.
        full: what has failed in several runs is asked for again now.
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
    counted: Mapping[tuple[str, str], Counted] = field(default_factory=dict)
    open_pages: Mapping[tuple[str, str], Sequence[OpenPages]] = field(default_factory=dict)
    reread_units: int = 600
    retired: frozenset[str] = frozenset()
    date_range: DateRange | None = None
    full: bool = False

    def horizon(self, checked: Date | None) -> Window:
        """Days whose numbers may have changed since the last check; after a pause there are more of them."""
        since = min(checked or self.today, self.today)
        return Window(since.subtract(days=self.horizon_days), self.today)

    def asked_as(self, endpoint: Endpoint) -> str:
        """How a window of an aggregate is asked for; of others each row says itself which day it is of."""
        return str(endpoint.date_range or self.date_range or "") if endpoint.kind is Kind.AGGREGATE else ""

    def asks_otherwise(self, endpoint: Endpoint, known: ServerBehaviour) -> bool:
        """Whether what is loaded was asked for in another way than now."""
        return known.asked_as not in ("", self.asked_as(endpoint))

    def lacks(self, endpoint: Endpoint, known: ServerBehaviour) -> bool:
        """Whether what is loaded lacks a column that was left out, and is not any more."""
        return not known.left_out.issubset(endpoint.left_out)

    def believed(self, endpoint: Endpoint, known: ServerBehaviour) -> ServerBehaviour:
        """Return what is still believed of a server: a verdict holds for the questions that it was learned under."""
        asks_otherwise = self.asks_otherwise(endpoint, known)
        return replace(known, not_additive=frozenset(), whole_days=None, cut=()) if asks_otherwise else known

    def doubts(self, known: ServerBehaviour) -> bool:
        """Whether a verdict is so old that it is asked again.

        Over how many days a list is not cut off is asked again by each check, and whether a window's own list is by
        each age at which it is read.
        """
        fresh = known.learned is not None and 0 <= (self.today - known.learned).days < VERDICT_DAYS
        return bool(known.not_additive) and not fresh

    @property
    def recent(self) -> Window:
        """Days that are loaded first."""
        return Window(self.today.subtract(days=RECENT_DAYS - 1), self.today)


def looked_at(whole: Task, policy: Policy, horizon: Window) -> Task:
    """Return the range whose loaded windows are looked at again: what was asked for, and often the horizon too."""
    window = whole.window or horizon
    if policy.looks_back:
        window = Window(min(window.start, horizon.start), window.end)
    return aligned(replace(whole, window=window), policy)


def aligned(whole: Task, policy: Policy) -> Task:
    """Return the task widened to whole windows of the grain, where its endpoint has a grain."""
    if whole.window is None or whole.endpoint.range_independent:
        return whole
    return replace(whole, window=align(whole.window, policy.grain, policy.today))


def refresh_due(window: Window, checked: Date | None, today: Date) -> bool:
    """Whether a window has reached a refresh age since it was last looked at."""
    age = (today - window.end).days
    then = (checked - window.end).days if checked else 0
    return any(then < due <= age for due in REFRESH_AGES)


def why_missing(window: Window, whole: Task, policy: Policy, ledger: Ledger) -> Reason:
    """Return why days that are not loaded are asked for."""
    loaded = ledger.loaded(replace(whole, window=Window(EVER, policy.today)), policy.grain)
    if window.end >= policy.recent.start or not loaded or window.start > loaded[-1].end:
        return Reason.NEW if window.end >= policy.recent.start else Reason.HISTORY
    return Reason.GAP if window.start > loaded[0].start else Reason.HISTORY
