"""Four ways of counting a rate limit and three of saying when to come back; what a real server does is unknown."""

import math
import time
from abc import ABC, abstractmethod
from collections import deque
from email.utils import formatdate
from typing import Literal, NamedTuple

Algorithm = Literal["fixed_window", "sliding_log", "token_bucket", "weighted_windows"]
RetryAfter = Literal["seconds", "http_date", "absent"]

_ROUNDING = 1e-9


class Verdict(NamedTuple):
    """Whether a call may pass, how many whole units remain, and after how many seconds to try again."""

    allowed: bool
    remaining: int
    retry_after: float


class Limiter(ABC):
    """Counts the units of one key; `limit` units per `period` seconds, `now` in seconds of any steady clock."""

    def __init__(self, limit: int, period: float) -> None:
        self.limit = limit
        self.period = period

    def take(self, units: int, now: float) -> Verdict:
        """Charge `units` if they fit; a call that does not fit costs nothing."""
        room = self._room(now)
        if units <= room + _ROUNDING:
            self._charge(units, now)
            return Verdict(allowed=True, remaining=max(0, math.floor(room - units + _ROUNDING)), retry_after=0.0)
        wait = self._wait(units, now) if units <= self.limit else self.period
        return Verdict(allowed=False, remaining=math.floor(room), retry_after=max(wait, _ROUNDING))

    def remaining(self, now: float) -> int:
        """Tell how many whole units could be charged now."""
        return math.floor(self._room(now))

    @abstractmethod
    def _room(self, now: float) -> float:
        """Tell how many units fit now."""

    @abstractmethod
    def _charge(self, units: int, now: float) -> None:
        """Remember that units were spent."""

    @abstractmethod
    def _wait(self, units: int, now: float) -> float:
        """Tell in how many seconds `units` would fit if nothing else was asked; called only when they do not."""


class FixedWindow(Limiter):
    """Counts in windows that start at multiples of the period and forgets everything at each start."""

    _window = -1
    _spent = 0
    _spent_before = 0

    def _room(self, now: float) -> float:
        window = math.floor(now / self.period)
        if window != self._window:
            self._spent_before = self._spent if window == self._window + 1 else 0
            self._window, self._spent = window, 0
        return self.limit - self._spent

    def _charge(self, units: int, now: float) -> None:  # noqa: ARG002 - the window was found by _room
        self._spent += units

    def _wait(self, units: int, now: float) -> float:  # noqa: ARG002 - every size fits once the window is over
        return (self._window + 1) * self.period - now


class SlidingLog(Limiter):
    """Remembers each call and forgets it one period later."""

    def __init__(self, limit: int, period: float) -> None:
        super().__init__(limit, period)
        self._calls: deque[tuple[float, int]] = deque()

    def _room(self, now: float) -> float:
        while self._calls and self._calls[0][0] <= now - self.period:
            self._calls.popleft()
        return self.limit - sum(units for _, units in self._calls)

    def _charge(self, units: int, now: float) -> None:
        self._calls.append((now, units))

    def _wait(self, units: int, now: float) -> float:
        room, freed_by = self._room(now), now
        for at, spent in self._calls:
            room, freed_by = room + spent, at
            if room >= units:
                break
        return freed_by + self.period - now


class TokenBucket(Limiter):
    """Starts full and refills evenly, so an idle key may burst and then go on at the steady rate."""

    def __init__(self, limit: int, period: float) -> None:
        super().__init__(limit, period)
        self._tokens = float(limit)
        self._at = -math.inf

    def _room(self, now: float) -> float:
        if now > self._at:
            self._tokens = min(self.limit, self._tokens + (now - self._at) * self.limit / self.period)
            self._at = now
        return self._tokens

    def _charge(self, units: int, now: float) -> None:  # noqa: ARG002 - the tokens were counted by _room
        self._tokens -= units

    def _wait(self, units: int, now: float) -> float:
        return (units - self._room(now)) * self.period / self.limit


class WeightedWindows(FixedWindow):
    """Adds the part of the previous window that one period still covers to the count of the current one."""

    def _room(self, now: float) -> float:
        room = super()._room(now)
        covered = 1 - (now / self.period - self._window)
        return room - self._spent_before * covered

    def _wait(self, units: int, now: float) -> float:
        until_next = super()._wait(units, now)
        spare = self.limit - units
        if self._spent <= spare:
            # Within this window: until the previous one covers no more than what is left.
            return until_next - self.period * (spare - self._spent) / self._spent_before
        # After the turn this window is the previous one, and only its covered part counts.
        return until_next + self.period * (1 - spare / self._spent)


_ALGORITHMS: dict[Algorithm, type[Limiter]] = {
    "fixed_window": FixedWindow,
    "sliding_log": SlidingLog,
    "token_bucket": TokenBucket,
    "weighted_windows": WeightedWindows,
}


def make_limiter(algorithm: Algorithm, limit: int, period: float) -> Limiter:
    """Make the limiter named by `algorithm`."""
    return _ALGORITHMS[algorithm](limit, period)


def retry_after(style: RetryAfter, wait: float) -> dict[str, str]:
    """Give the headers that tell a client to come back after `wait` seconds."""
    if style == "seconds":
        return {"Retry-After": str(max(1, math.ceil(wait)))}
    if style == "http_date":
        return {"Retry-After": formatdate(math.ceil(time.time() + wait), usegmt=True)}
    return {}
