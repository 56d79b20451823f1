"""Four ways in which a server may count a rate limit, and a world with a clock of its own in which calls meet them."""

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sources.rest.calling.budget import Budget, Reservation

LIMIT = 60
PERIOD = 60.0
IN_FLIGHT = 8


class RateLimiter(Protocol):
    """Decides about calls in the order of their arrival."""

    def __init__(self, limit: int, period: float, offset: float) -> None:
        """Start with nothing spent; windows begin `offset` seconds before the clock's zero."""

    def hit(self, now: float, units: int) -> tuple[bool, int]:
        """Say whether a call passes, and how many units remain."""


class FixedWindow:
    """Forgets everything at the end of each period."""

    def __init__(self, limit: int, period: float, offset: float) -> None:
        self._limit, self._period, self._offset = limit, period, offset
        self._window, self._spent = -1.0, 0

    def hit(self, now: float, units: int) -> tuple[bool, int]:
        window = (now + self._offset) // self._period
        if window != self._window:
            self._window, self._spent = window, 0
        passes = self._spent + units <= self._limit
        self._spent += units if passes else 0
        return passes, self._limit - self._spent


class SlidingLog:
    """Forgets each unit one period after it was spent."""

    def __init__(self, limit: int, period: float, offset: float) -> None:
        del offset
        self._limit, self._period = limit, period
        self._spent: deque[float] = deque()

    def hit(self, now: float, units: int) -> tuple[bool, int]:
        while self._spent and self._spent[0] <= now - self._period:
            self._spent.popleft()
        passes = len(self._spent) + units <= self._limit
        self._spent.extend([now] * units if passes else [])
        return passes, self._limit - len(self._spent)


class TokenBucket:
    """Starts full and refills evenly."""

    def __init__(self, limit: int, period: float, offset: float) -> None:
        del offset
        self._limit, self._period = limit, period
        self._tokens, self._at = float(limit), 0.0

    def hit(self, now: float, units: int) -> tuple[bool, int]:
        refilled = self._tokens + (now - self._at) * self._limit / self._period
        self._tokens, self._at = min(self._limit, refilled), now
        passes = self._tokens >= units
        self._tokens -= units if passes else 0
        return passes, int(self._tokens)


class WeightedWindows:
    """Counts the current window, and of the one before the part that one period still covers."""

    def __init__(self, limit: int, period: float, offset: float) -> None:
        self._limit, self._period, self._offset = limit, period, offset
        self._window, self._spent, self._before = -1.0, 0, 0

    def hit(self, now: float, units: int) -> tuple[bool, int]:
        window, into = divmod(now + self._offset, self._period)
        if window != self._window:
            self._before = self._spent if window == self._window + 1 else 0
            self._window, self._spent = window, 0
        counted = self._before * (1 - into / self._period) + self._spent
        passes = counted + units <= self._limit
        self._spent += units if passes else 0
        return passes, max(0, int(self._limit - counted - (units if passes else 0)))


def leave(budget: Budget, units: int) -> Reservation:
    """Let a call leave that has not to wait."""
    call = budget.reserve(units)
    assert call.wait == 0
    return call


def heard(budget: Budget) -> Budget:
    """Answer a first call, whose unit is then held."""
    budget.settle(leave(budget, 1))
    return budget


def burst(budget: Budget, units: int = 1) -> int:
    """Count the calls that may leave at this moment."""
    calls = 0
    while budget.reserve(units).wait == 0:
        calls += 1
    return calls


class Outcome(NamedTuple):
    """What a simulated run came to."""

    calls: int
    refused: int
    used: float
    """Share of the limit that was spent on calls that passed."""
    seconds: float
    """When it was over."""


@dataclass(order=True, slots=True)
class _Event:
    at: float
    number: int
    call: Reservation
    answer: tuple[bool, int] | None = None
    """None while the call is under way to the server."""
    answered_at: float = 0.0


def simulate(
    limiter: type[RateLimiter],
    *,
    latency: float,
    costs: Sequence[int],
    seed: int,
    minutes: float,
    headers: Callable[[int], int | None] = int,
    others: float = 0.0,
    wanted: float = float("inf"),
    known: bool = False,
) -> Outcome:
    """Send as many calls as a budget lets through, up to eight at once, against a server that counts its own way.

    Args:
        limiter: how it counts.
        latency: mean seconds of an answer; each is counted at any moment of its way, so that calls overtake each other.
        costs: units of calls, chosen by chance.
        seed: of the chance.
        minutes: how long it goes on.
        headers: what the server says remains, given what does; None for no number.
        others: units per second that somebody else spends on the key.
        wanted: units after which it ends.
        known: the budget knows how many they are.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable, hides nothing
    now = 0.0
    budget = Budget(LIMIT, PERIOD, clock=lambda: now)
    if known:
        budget.want(int(wanted))
    server = limiter(LIMIT, PERIOD, dice.random() * PERIOD)
    events: list[_Event] = []
    calls = refused = used = in_flight = 0
    theirs = dice.expovariate(others) if others else 0.0
    units = dice.choice(costs)
    while now < minutes * PERIOD and (events or budget.spent < wanted):
        leaves = in_flight < IN_FLIGHT and budget.spent < wanted
        call = budget.reserve(units) if leaves else Reservation(units, float("inf"))
        while others and theirs <= now:
            server.hit(theirs, 1)
            theirs += dice.expovariate(others)
        if call.wait == 0:
            calls, in_flight = calls + 1, in_flight + 1
            took = latency * dice.uniform(0.85, 1.15)
            arrives = now + took * dice.uniform(0, 0.9)
            heapq.heappush(events, _Event(arrives, calls, call, answered_at=now + took))
            units = dice.choice(costs)
        elif not events or now + call.wait < events[0].at:
            now += call.wait
        else:
            event = heapq.heappop(events)
            now = event.at
            if event.answer is None:
                event.answer = server.hit(now, event.call.units)
                used += event.call.units if event.answer[0] else 0
                event.at = event.answered_at
                heapq.heappush(events, event)
            else:
                passed, remaining = event.answer
                in_flight -= 1
                refused += not passed
                told = headers(remaining)
                limit = None if told is None else LIMIT
                budget.settle(event.call, limit=limit, remaining=told, refused=not passed)
    return Outcome(calls, refused, used / (minutes * LIMIT), now)
