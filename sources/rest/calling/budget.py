"""Weighted rate-limit budget: a call waits here until the server will not refuse it."""

import heapq
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sources.rest.calling.spending import Memory, Spending, Store

HOLD_MARGIN: Final = 0.01
"""Share of the period added to how long a spent unit is held, against clocks that differ a little."""

PACE_MARGIN: Final = 0.06
"""Share by which released units are spread wider than `period / limit`: a two-window weighted counter that is
used at exactly its limit refuses now and then."""

SLOWEST: Final = 4
"""Units per period below which no refusal lowers the limit."""

SLEEP_MAX: Final = 1.0
"""Longest sleep in seconds before the budget looks again: an answer can free units earlier than foreseen."""

SIGN_SECONDS: Final = 2.5
"""For how long a process that waits is believed to wait still: longer than it sleeps."""

NO_END: Final = 1e9


@dataclass(frozen=True)
class Rate:
    """A rate limit: units that a key may spend in a period.

    Args:
        limit: units.
        period: length of the period in seconds.
    """

    limit: int
    period: float

    @property
    def per_minute(self) -> float:
        """Units per minute."""
        return self.limit * 60 / self.period

    def minutes(self, units: int) -> float:
        """Minutes that spending some units takes, to the hundredth."""
        return round(units * self.period / self.limit / 60, 2)


class CallTooDearError(ValueError):
    """A call costs more units than the limit allows in a whole period."""


class BudgetClosedError(Exception):
    """Nothing more may be spent in this run: its allowance is used up, or somebody stops it."""


class Budget:
    """Units that may still be spent on one API key.

    The server's algorithm is not documented, so a unit is counted so that fixed windows, sliding logs, token buckets
    and two-window weighted counters are all satisfied: it is held until one period after its *response* arrived, and
    units come back spread over the period. A whole limit may leave in one burst after a rest. The first call travels
    alone, because its response tells what an earlier run or another program has left of the limit.

    Thread-safe; calls wait in the order in which they came. Where the store is shared, so is what is spent and who is
    next; limit and allowance are each process's own.

    Args:
        limit: units per period, from configuration; a server may only lower it, and for as long as it names fewer.
        period: length of the rate-limit period in seconds.
        clock: monotonic seconds.
        sleep: waits that many seconds.
        store: where it is kept what is spent and not back yet.
        answer_within: seconds after which a call has ended, whatever became of it. The units of a process that has died
            come back a period later.

    Attributes:
        closed: nothing more may be spent.
        slowed: the server has refused calls without naming a limit, so that a lower one is kept to.
    """

    def __init__(
        self,
        limit: int,
        period: float = 60.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        store: Store | None = None,
        answer_within: float = NO_END,
    ) -> None:
        if limit < 1 or period <= 0:
            raise ValueError(f"a rate limit needs at least 1 unit and a period above 0 s, not {limit} per {period} s")
        self.period = period
        self.spent = 0
        self.closed = False
        self.slowed = False
        self._allowance = float("inf")
        self._until = float("inf")
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Condition()
        self._tickets = 0
        self._served = 0
        self._lock = threading.Lock()
        self._store = store or Memory()
        self._answer_within = answer_within
        self._owner = f"{os.getpid()}-{uuid4().hex}"
        self._heard = False
        self._slowed_until = float("-inf")
        self._configured = self._named = self._slowed_to = limit

    @property
    def limit(self) -> int:
        """Units per period that are kept to: as configured, and never more than the last answer names."""
        return min(self._configured, self._named, self._slowed_to)

    def acquire(self, units: int) -> None:
        """Wait until `units` may be spent, and spend them.

        Raises:
            CallTooDearError: the call costs more than the limit.
            BudgetClosedError: the run may not spend that much any more.
        """
        with self._turn:
            ticket = self._tickets
            self._tickets += 1
            self._turn.wait_for(lambda: self._served == ticket)
        try:
            while (wait := self.reserve(units)) > 0:
                self._sleep(min(wait, SLEEP_MAX))
        finally:
            with self._turn:
                self._served += 1
                self._turn.notify_all()

    def allow(self, units: float = float("inf"), seconds: float = float("inf")) -> None:
        """Let this run spend only so many units, and only for so long."""
        with self._lock:
            self._allowance = units
            self._until = self._clock() + seconds

    def close(self) -> None:
        """Let nothing more be spent; calls that wait are told at once, or within a second."""
        self.closed = True

    def reserve(self, units: int) -> float:
        """Spend `units` if they are free; return 0, or the seconds after which to ask again."""
        if units > self._configured:
            raise CallTooDearError(f"a call of {units} units cannot pass a limit of {self._configured} per period")
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            spending.forget_until(now)
            if self.closed or self.spent + units > self._allowance or now >= self._until:
                self.closed = True
                spending.waiting.pop(self._owner, None)
                raise BudgetClosedError
            if now < spending.blocked_until:
                return spending.blocked_until - now
            if not self._heard and self._owner in spending.reserved:
                return self._spacing
            wait = self._wait(spending, units, now)
            if wait > 0:
                since, _ = spending.waiting.get(self._owner, (now, now))
                spending.waiting[self._owner] = since, now + SIGN_SECONDS
            else:
                spending.waiting.pop(self._owner, None)
                ends = now + self._answer_within + self.period * (1 + HOLD_MARGIN)
                spending.reserve(self._owner, units, ends)
                self.spent += units
            return wait

    def settle(self, units: int, *, limit: int | None = None, remaining: int | None = None) -> None:
        """Account for a call that has ended: its units stay held for a period from now.

        Args:
            units: what the call had acquired.
            limit: `X-RateLimit-Limit` of its response, where there was one; it holds until a response names another.
            remaining: `X-RateLimit-Remaining` of its response; fewer than believed means that somebody else spends on
                this key, and their units are held like ours.
        """
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            spending.forget_until(now)
            spending.give_back(self._owner, units)
            self._heard = True
            back = now + self.period * (1 + HOLD_MARGIN)
            if limit is not None:
                self._named = max(1, limit)
            # no server remembers more than a whole limit of units: spread over a period they are as good as forgotten
            latest = back + self.period * (1 + PACE_MARGIN)
            spending.hold(units, back, self._spacing, latest)
            if remaining is not None:
                believed = self.limit - spending.in_flight - len(spending.held)
                spending.hold(max(0, min(believed - max(remaining, 0), self.limit)), back, self._spacing, latest)

    def refund(self, units: int) -> None:
        """Give back units of a call that never left this machine."""
        with self._lock, self._store.changing() as spending:
            spending.give_back(self._owner, units)
            self.spent -= units

    def block(self, seconds: float) -> None:
        """Let no call leave for that many seconds, because the server asks to wait."""
        with self._lock, self._store.changing() as spending:
            spending.blocked_until = max(spending.blocked_until, self._clock() + seconds)

    def slow_down(self) -> None:
        """Halve the limit for the rest of the run: the server refuses calls, and says neither how many nor until when.

        Further refusals within a period change nothing: their calls left before the first refusal was known.
        """
        with self._lock:
            now = self._clock()
            self.slowed = True
            if now >= self._slowed_until:
                self._slowed_to = min(self.limit, max(SLOWEST, self.limit // 2))
                self._slowed_until = now + self.period

    @property
    def seconds_left(self) -> float:
        """Seconds that this run may still go on."""
        with self._lock:
            return max(0.0, self._until - self._clock())

    @property
    def _spacing(self) -> float:
        return self.period / self.limit * (1 + PACE_MARGIN)

    def _wait(self, spending: Spending, units: int, now: float) -> float:
        """Seconds until some units may be free, and it is this process's turn."""
        if not spending.goes_first(self._owner, now):
            return min(self._spacing, SLEEP_MAX)
        held = spending.held
        # dearer than a limit that was lowered meanwhile: it leaves once nothing else is held
        missing = spending.in_flight + len(held) + units - max(units, self.limit)
        if missing <= 0:
            return 0.0
        if missing <= len(held):
            return max(heapq.nsmallest(missing, held)[-1] - now, 1e-6)
        return self._spacing
