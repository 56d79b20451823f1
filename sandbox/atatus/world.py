"""A small made-up world of custom transactions, made day by day from a seed."""

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.atatus.settings import Settings
from sandbox.worlds.chance import chance, seeded
from sandbox.worlds.days import MINUTES_PER_DAY, activity_on, day_at, midnight

_CLOSED_SHARE = 0.08
_LATE_SHARE = 0.12
# Every project has the first three; what is named alike in two projects has the same id in both.
_COMMON = ("SignUp", "Reset Password", "Forgot Password")
_OTHERS = (
    "Checkout",
    "Search",
    'Search "sold out"',
    "Add to Cart",
    "Zahlung per Überweisung",
    "Upload / Avatar",
    "Invite Teammate",
    "Export CSV",
    "Dashboard Load",
    "Cancel Plan",
    "Apply Coupon",
    "Change Address",
)


class Event(NamedTuple):
    """One time that a transaction ran; the server learns of it at `known_at`. Times are minutes since 1970 in UTC."""

    at: int
    known_at: int
    name: str
    succeeded: bool
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One kind of event in a project, with how often it runs, how long it takes and how often it fails."""

    name: str
    weight: float
    milliseconds: int
    failure_share: float


def identifier(name: str) -> str:
    """Give the id of a transaction: 32 hex digits that depend on its name only."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


class World:
    """Everything that happens, from which every endpoint answers.

    A day depends only on the seed, the size and the project, so asking about one day changes no other. Not
    thread-safe: one caller at a time.
    """

    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed
        self._size = settings.size
        self._first_day = settings.first_day.toordinal()
        self._late_minutes = settings.late_days * MINUTES_PER_DAY
        self._transactions: dict[str, list[Transaction]] = {}
        self._days: dict[tuple[str, int], list[Event]] = {}

    def transactions(self, project: str) -> list[Transaction]:
        """List what can happen in a project, most frequent first."""
        if project not in self._transactions:
            rng = seeded(self._seed, project)
            names = list(_OTHERS)
            rng.shuffle(names)
            names = [*_COMMON, *names]
            names += [f"Step {number}" for number in range(len(names) + 1, self._size.transactions + 1)]
            self._transactions[project] = [
                Transaction(
                    name=name,
                    weight=rank**-2,
                    milliseconds=rng.randrange(20, 3_000),
                    failure_share=rng.choice((0.0, 0.01, 0.05, 0.2)),
                )
                for rank, name in enumerate(names[: self._size.transactions], start=1)
            ]
        return self._transactions[project]

    def events(self, project: str, start: int, end: int, now: int) -> Iterator[Event]:
        """Yield the events of `start <= at < end` that are known before `now`; all are minutes since 1970 in UTC."""
        end = min(end, now)
        for day in range(max(day_at(start), self._first_day), day_at(end - 1) + 1):
            for event in self._day(project, day):
                if start <= event.at < end and event.known_at < now:
                    yield event

    def _day(self, project: str, day: int) -> list[Event]:
        if (project, day) not in self._days:
            self._days[project, day] = list(self._make_day(project, day))
        return self._days[project, day]

    def _make_day(self, project: str, day: int) -> Iterator[Event]:
        rng = seeded(self._seed, project, day)
        if chance(rng, _CLOSED_SHARE):
            return
        activity = activity_on(rng, day)
        kinds = self.transactions(project)
        count = max(1, round(self._size.events_per_day * activity))
        for kind in rng.choices(kinds, [kind.weight for kind in kinds], k=count):
            yield self._make_event(rng, kind, midnight(day) + rng.randrange(MINUTES_PER_DAY))

    def _make_event(self, rng: random.Random, kind: Transaction, at: int) -> Event:
        is_late = self._late_minutes > 0 and chance(rng, _LATE_SHARE)
        return Event(
            at=at,
            known_at=at + (rng.randrange(self._late_minutes) if is_late else 0),
            name=kind.name,
            succeeded=not chance(rng, kind.failure_share),
            milliseconds=max(1, round(kind.milliseconds * math.exp(rng.gauss(0, 0.4)))),
        )
