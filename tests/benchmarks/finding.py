"""What it costs to find the changes of a quarter, beside one who knows them.

`python -m tests.benchmarks.finding PROFILE DAYS`. Plan, comparison and search are those of a sync; answers come from
the sandbox without HTTP, and what is loaded stays in memory. The oracle pays what nobody can save: a call for each
window that has changed and for today's, one per series and snapshot. Every row of the horizon is compared with the
truth each day.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import inf
from types import SimpleNamespace
from typing import Any, Final

import pyarrow as pa
from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import plan
from pipelines.planning.policy import Policy
from pipelines.proving.changes import Change, ChangedDays
from pipelines.proving.sums import CENT, sums_of
from pipelines.proving.unproved import Unproved
from pipelines.running.checks import Checks
from pipelines.running.outcome import Outcome
from pipelines.storing.sums import Sums
from sandbox.atribu import Settings, Size, create_app
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import DELETED
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.options.common import Restatement
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, by_grain
from tests.integration.truth import CALLS_A_SYNC, CALLS_A_WINDOW, STORED, VALUES, aggregate_of, series_of

PROFILES: Final[Mapping[str, Mapping[str, Any]]] = {
    "quiet": {"conversions_per_day": 2},
    "middling": {"conversions_per_day": 12},
    "busy": {"conversions_per_day": 60},
    "re-attributing": {"conversions_per_day": 12, "reattributed": 0.5},
    "cut off": {"conversions_per_day": 60, "visits_per_day": 400, "pages": 140},
    "each day cut off": {"conversions_per_day": 300, "visits_per_day": 1200, "pages": 600},
}
START: Final = Date(2026, 3, 1)
HORIZON: Final = 90
SERIES: Final = sum(len(ENDPOINTS[name].variants(VALUES)) for name in STORED if ENDPOINTS[name].kind is Kind.SERIES)
"""Calls that are simulated; snapshots, and calls for ids, are only counted."""

Rows = list[dict[str, Any]]
Place = tuple[str, tuple[tuple[str, str], ...], Window]


@dataclass
class Home:
    """What is loaded of a world, and what was asked for."""

    sandbox: Sandbox
    rows: dict[Place, Rows] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    calls: Counter[str] = field(default_factory=Counter)
    changed: ChangedDays = field(default_factory=ChangedDays)

    def __post_init__(self) -> None:
        """Begin to watch what no sum proves."""
        self.unproved = Unproved(self.ledger, Grain.DAY)

    def true_rows(self, task: Task) -> Rows:
        """Rows that the API has for a task now."""
        assert task.window
        span = task.window.start, task.window.end
        rows_of = series_of if task.endpoint.kind is Kind.SERIES else aggregate_of
        return list(rows_of(self.sandbox, task.endpoint.name, *span, task.variant))

    def read(self, task: Task) -> Rows:
        """Ask the API."""
        self.calls[task.endpoint.name] += task.endpoint.units
        return self.true_rows(task)

    def answer(self, task: Task) -> Answer:
        """Ask the API; the rows as a search has them."""
        rows = self.read(task)
        table = pa.Table.from_pylist([{**row, DELETED: False} for row in rows])
        return Answer(task, {task.endpoint.name: table}, len(rows), is_cut(task, rows), frozenset(), None)

    def sync(self, tasks: Sequence[Task], today: Date) -> None:
        """Ask the API, and load what it says."""
        for task in tasks:
            if task.window:
                self._commit(task, self.read(task), today)

    def first_load(self, tasks: Sequence[Task], today: Date) -> None:
        """Load what was not loaded; that is no part of what a day costs."""
        for task in tasks:
            self._commit(task, self.true_rows(task), today)

    def _commit(self, task: Task, rows: Rows, today: Date) -> None:
        self.load(task, rows)
        self.ledger.add(task, Grain.DAY, today, cut=is_cut(task, rows))

    def load(self, task: Task, rows: Rows) -> None:
        """Note what has changed, and load it."""
        assert task.window
        if task.endpoint.kind is Kind.SERIES:
            for day in task.window.dates():
                self._take(task, Window(day, day), [row for row in rows if row["date"] == day])
        else:
            self._take(task, task.window, rows)

    def _take(self, task: Task, window: Window, rows: Rows) -> None:
        place = task.endpoint.name, task.variant, window
        if place in self.rows:
            found = changes(replace(task, window=None), window, self.rows[place], rows)
            self.changed.add(found)
            self.unproved.note(found)
        self.rows[place] = rows

    def sums_by_day(self, check: Task) -> dict[date | None, Sums]:
        """Sums of what is loaded, by day."""
        windows = by_grain(check.window, Grain.DAY) if check.window else ()
        place = check.endpoint.name, check.variant
        return {one.start: sums_of(check.endpoint, self.rows[*place, one]) for one in windows}

    def sums(self, check: Task) -> Sums:
        """Sums of what is loaded."""
        return Sums.total(self.sums_by_day(check).values())

    def answers(self, tasks: Sequence[Task]) -> Iterator[Answer]:
        """Ask the API, as a loader does."""
        return map(self.answer, tasks)

    def differs(self, answers: Sequence[Answer]) -> bool:
        """Load at once what will be committed, and tell whether it differs."""
        before = dict(self.rows)
        for answer in answers:
            self.load(answer.task, self.true_rows(answer.task))
        return before != self.rows

    def check(self, checks: Sequence[Task], policy: Policy) -> None:
        """Make ranges add up, as a sync does."""

        def commit(found: Sequence[Answer]) -> None:
            for answer in found:
                self.ledger.add(answer.task, Grain.DAY, policy.today, cut=answer.truncated)

        loader: Any = SimpleNamespace(
            answers=self.answers,
            differs=self.differs,
            commit=commit,
            commits=True,
            slice_units=inf,
            detector=SimpleNamespace(changed_days=self.changed, changed_since=lambda _: self.changed),
        )
        dataset: Any = SimpleNamespace(ledger=self.ledger, warehouse=self)
        session = SimpleNamespace(api=SimpleNamespace(not_additive_advice=""), budget=SimpleNamespace(closed=False))
        reader: Any = SimpleNamespace(endpoints=ENDPOINTS, session=session)
        journal: Any = SimpleNamespace(outcome=Outcome(), unsettled=[], learned=lambda *_: None)
        Checks(loader, dataset, reader, policy, journal).ranges(checks)


def is_cut(task: Task, rows: Rows) -> bool:
    """Whether the API gives no more rows of a list than these."""
    return bool(task.endpoint.cap) and len(rows) >= (task.endpoint.cap or 0)


def changes(task: Task, window: Window, old: Rows, new: Rows) -> list[Change]:
    """Values that differ."""
    before, after = sums_of(task.endpoint, old).values, sums_of(task.endpoint, new).values
    return [
        Change(task, window.start, str(key), metric, was, now)
        for key in before.keys() | after.keys()
        for metric in task.endpoint.additive
        if abs((was := before.get(key, {}).get(metric, 0.0)) - (now := after.get(key, {}).get(metric, 0.0))) >= CENT / 2
    ]


def simulated(sandbox: Sandbox, length: int, endpoints: Sequence[Endpoint]) -> list[dict[str, Any]]:
    """Sync every day; return the figures of each day after the first."""
    home, days = Home(sandbox), []
    first = START.subtract(days=HORIZON + 5)
    for offset in range(length + 1):
        today = START.add(days=offset)
        sandbox.settings.today = date(today.year, today.month, today.day)
        policy = Policy(
            today=today, horizon_days=HORIZON, restatement=Restatement.EXACT, grain=Grain.DAY, values=VALUES
        )
        made = plan(endpoints, Window(first, today), policy, home.ledger)
        home.calls.clear()
        home.changed = ChangedDays()
        true = truth(home, endpoints, Window(today.subtract(days=HORIZON), today))
        oracle = sum(home.rows.get(place) != rows for place, rows in true.items() if place[2].end < today)
        home.unproved.watch(made.unproved)
        home.sync([*made.recent, *made.again], today)
        home.check(made.checks, policy)
        home.sync(home.unproved.take(), today)
        home.first_load(made.history, today)
        for whole in made.fully_checked:
            home.ledger.learn(whole, Grain.DAY, replace(home.ledger.behaviour(whole, Grain.DAY), checked=today))
        if offset:
            days.append(
                {
                    "units": sum(home.calls.values()) + CALLS_A_SYNC - SERIES,
                    "oracle": oracle + CALLS_A_SYNC + CALLS_A_WINDOW,
                    "wrong": [
                        f"{' '.join((name, *dict(variant).values()))} of {window.start} on {today}"
                        for (name, variant, window), rows in true.items()
                        if home.rows.get((name, variant, window)) != rows
                    ],
                }
            )
    return days


def truth(home: Home, endpoints: Sequence[Endpoint], days: Window) -> dict[Place, Rows]:
    """Rows of every window."""
    wholes = [Task(row, days, one) for row in endpoints if row.kind is Kind.AGGREGATE for one in row.variants(VALUES)]
    return {
        (whole.endpoint.name, whole.variant, window): home.true_rows(replace(whole, window=window))
        for whole in wholes
        for window in by_grain(days, Grain.DAY)
    }


def main(profile: str, length: str) -> None:
    """Print one JSON line."""
    settings = Settings(first_day=date(2025, 9, 1), size=Size(**PROFILES[profile]), levels="own_ids")
    sandbox: Sandbox = create_app(settings).state.sandbox
    days = simulated(sandbox, int(length), [ENDPOINTS[name] for name in STORED])
    each = {name: sum(one[name] for one in days) / len(days) for name in ("units", "oracle")}
    wrong = [place for one in days for place in one["wrong"]]
    print(json.dumps({**each, "days": len(days), "wrong": len(wrong), "which": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
