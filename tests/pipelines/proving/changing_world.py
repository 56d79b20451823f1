"""An API whose past changes, and what was loaded of it, both in memory: for tests of how changes are found."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from pendulum import Date

from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.proving.likelihood import Expectation, Totals
from pipelines.proving.search import Finding, Loaded, RestatementSearch
from pipelines.proving.sums import rows_of, sums_of
from pipelines.storing.sums import Sums
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Measure
from sources.rest.reading.answers import Answer
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

CHANNELS = ENDPOINTS["channels"]
FIRST = Date(2026, 1, 1)
NOTHING = ServerBehaviour()
KEYS = ("Direct", "Email", "Paid")
STORED = ("value", "revenue", "pageviews")
DAYS = [Window(FIRST.add(days=day), FIRST.add(days=day)) for day in range(90)]

Days = Mapping[Measure, Sequence[date]]
Amounts = Mapping[Measure, Mapping[date, Sequence[float]]]
VariantValues = dict[str, tuple[int, int]]
"""Key -> (revenue in tenths of a cent, page views)."""


@dataclass
class Server:
    """An API over days whose amounts are known exactly; it rounds each answer to cents, and notes what it was asked.

    Attributes:
        days: what happened, by day, from the first.
        unique: page views are counted once, on whichever day of the range they were most.
        cut: days from which on a list is cut off.
        answers: calls after which it is silent.
        after: what the world does once a number of calls was answered.
    """

    days: list[VariantValues]
    unique: bool = False
    cut: float = math.inf
    answers: float = math.inf
    after: dict[int, Callable[[], None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def rows(self, window: Window) -> list[dict[str, Any]]:
        found: dict[str, list[tuple[int, int]]] = {}
        first = window.start.toordinal() - FIRST.toordinal()
        for day in range(first, first + window.days):
            for key, values in self.days[day].items():
                found.setdefault(key, []).append(values)
        return [
            {
                "value": key,
                "revenue": (sum(revenue for revenue, _ in values) + 5) // 10 / 100,
                "pageviews": (max if self.unique else sum)(views for _, views in values),
            }
            for key, values in sorted(found.items())
        ]

    def answer(self, window: Window) -> Answer:
        context = {"profile_id": "p1", "date": window.start, "grain": "day"}
        tables = build(CHANNELS, self.rows(window), context, [])
        answer = Answer(Task(CHANNELS, window), tables, 0, window.days >= self.cut, frozenset(), None)
        self.calls.append(str(window))
        self.after.pop(len(self.calls), lambda: None)()
        return answer

    def ask(self, tasks: Sequence[Task]) -> Mapping[Task, Answer]:
        return {task: self.answer(task.window) for task in tasks if task.window and len(self.calls) < self.answers}

    def put(self, day: int, key: str, tenths: int = 0, views: int = 0) -> None:
        """Add tenths of a cent and page views to a key of a day."""
        revenue, old = self.days[day].get(key, (0, 0))
        self.days[day][key] = (revenue + tenths, old + views)


@dataclass
class Home:
    """What was loaded, by window."""

    rows: dict[Window, list[dict[str, Any]]]

    def sums(self) -> dict[date | None, Sums]:
        return {window.start: sums_of(CHANNELS, rows) for window, rows in self.rows.items()}

    def take(self, finding: Finding) -> None:
        for window, answer in finding.answers.items():
            self.rows[window] = [{name: row[name] for name in STORED} for row in rows_of(answer)]


def world(days: int, **facts: Any) -> tuple[Server, Home]:
    """Three channels a day with amounts of their own, all of it loaded day by day."""
    chance = random.Random(days)  # noqa: S311 - amounts, not secrets
    amounts = [{key: (10 * chance.randrange(1, 10**6), chance.randrange(1, 500)) for key in KEYS} for _ in range(days)]
    server = Server(amounts, **facts)
    return server, loaded(server)


def loaded(server: Server) -> Home:
    return Home({day: server.rows(day) for day in DAYS[: len(server.days)]})


def examined(
    server: Server,
    have: Home,
    known: ServerBehaviour = NOTHING,
    changed_days: Days = MappingProxyType({}),
    *,
    amounts: Amounts = MappingProxyType({}),
    totals: Totals = (),
    cancelling: bool = False,
    tolerance: float = 0.0,
) -> Finding:
    """Check everything that is loaded, and load what was read for it."""
    server.calls.clear()
    windows = sorted(have.rows)
    elsewhere = amounts or {measure: dict.fromkeys(days, ()) for measure, days in changed_days.items()}
    first = server.answer(Window(windows[0].start, windows[-1].end))
    examination = RestatementSearch(
        Task(CHANNELS),
        windows,
        ask=server.ask,
        loaded=Loaded(whole=lambda: Sums.total(have.sums().values()), by_day=have.sums),
        expectation=lambda: Expectation(windows[-1].end.add(days=1), elsewhere, totals),
        behaviour=known,
        cancelling={measure: frozenset(days) for measure, days in changed_days.items()} if cancelling else {},
        tolerance=tolerance,
    )
    finding = examination.run(first)
    have.take(finding)
    return finding


def truth(server: Server, have: Home) -> dict[Window, list[dict[str, Any]]]:
    return {window: server.rows(window) for window in have.rows}


def days_read(finding: Finding) -> set[int]:
    return {(window.start - FIRST).days for window in finding.answers}
