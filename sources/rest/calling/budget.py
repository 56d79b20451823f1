"""Weighted rate-limit budget: a call waits here until the server will not refuse it."""

import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sources.rest.calling.spending import Spending
from sources.rest.calling.spending_stores import Memory, Store

BURST_MAX: Final = 2
"""No way of counting lets more limits than this pass within one period: at the end of one window and the begin of the
next, or from a full bucket and what is refilled meanwhile."""

KEPT_BACK: Final = 12
"""Part of the limit whose last units leave evenly until more are known to be back, where a run needs more: what remains
by their answers tells sooner that a window has ended or a bucket is refilled."""

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


@dataclass(frozen=True)
class Reservation:
    """Leave to send a call, or how long that will take.

    Attributes:
        units: what the call costs.
        wait: seconds after which to ask again; 0 if it may leave.
        era: of the counts below, which are of the moment at which it leaves, itself included.
        sent: units of all calls that have ever left.
        in_flight: those of them whose response has not arrived.
        counted: the most units with a response that the server counts.
        left: when it leaves.
    """

    units: int
    wait: float = 0.0
    era: str = ""
    sent: int = 0
    in_flight: int = 0
    counted: float = 0.0
    left: float = 0.0


@dataclass(frozen=True)
class Waiting:
    """What is waited for.

    Attributes:
        what: in words that stand between "waits" and "until".
        seconds: after which it is over, as far as is known.
    """

    what: str
    seconds: float


class CallTooDearError(ValueError):
    """A call costs more units than the limit allows in a whole period."""


class BudgetClosedError(Exception):
    """Nothing more may be spent in this run: its allowance is used up, or somebody stops it."""


class Budget:
    """Units that may still be spent on one API key.

    The server's algorithm is not documented. Of two lower bounds of what it lets pass the larger one counts. What we
    know: so many of the units whose response has arrived are counted at most, be it by fixed windows, a sliding log, a
    token bucket, or two weighted windows as long as these are possible. What the server says: the units that a response
    says remain, less those of calls that it may have counted later; without further calls that number only grows. What
    the server has said leaves at once, what only we know at the pace of the limit until responses tell more; the first
    call travels alone, because it tells what an earlier run or another program has left of the limit. Where a run is
    known to need more than is free, the last units of that leave evenly, because each answer tells what is back.

    After a refusal of any but the first call what we know counts alone, and less is spent, for somebody else spends on
    the key; where a server names no numbers, what we know counts alone from the start.

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
        waited: seconds for which calls have waited for the limit.
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
        self.waited = 0.0
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
        self._numbers: bool | None = None
        self._slowed_until = float("-inf")
        self._configured = self._named = self._slowed_to = limit
        self._left_at = float("-inf")
        self._wanted = 0

    @property
    def limit(self) -> int:
        """Units per period that are kept to: as configured, and never more than the last answer names."""
        return min(self._configured, self._named, self._slowed_to)

    def acquire(self, units: int) -> Reservation:
        """Wait until `units` may be spent, and spend them.

        Raises:
            CallTooDearError: the call costs more than the limit.
            BudgetClosedError: the run may not spend that much any more.
        """
        with self._turn:
            ticket = self._tickets
            self._tickets += 1
            self._turn.wait_for(lambda: self._served == ticket)
        began = self._clock()
        try:
            while (reservation := self.reserve(units)).wait > 0:
                self._sleep(min(reservation.wait, SLEEP_MAX))
            return reservation
        finally:
            with self._turn:
                self.waited += self._clock() - began
                self._served += 1
                self._turn.notify_all()

    def allow(self, units: float = float("inf"), seconds: float = float("inf")) -> None:
        """Let this run spend only so many units, and only for so long."""
        with self._lock:
            self._allowance = units
            self._until = self._clock() + seconds

    def want(self, units: int) -> None:
        """Note that this run is going to spend so many more units than was known."""
        with self._lock:
            self._wanted = max(self._wanted, self.spent) + units

    def close(self) -> None:
        """Let nothing more be spent; calls that wait are told at once, or within a second."""
        self.closed = True

    def reserve(self, units: int) -> Reservation:
        """Spend `units` if they are free; else say after how many seconds to ask again."""
        if units > self._configured:
            raise CallTooDearError(f"a call of {units} units cannot pass a limit of {self._configured} per period")
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            spending.forget_until(now, self.period)
            if self.closed or self.spent + units > self._allowance or now >= self._until:
                self.closed = True
                spending.waiting.pop(self._owner, None)
                raise BudgetClosedError
            if now < spending.blocked_until:
                return Reservation(units, spending.blocked_until - now)
            wait = 0.0 if self._is_promised(spending, units, now) else self._wait(spending, units, now)
            if wait > 0:
                since, _ = spending.waiting.get(self._owner, (now, now))
                spending.waiting[self._owner] = since, now + SIGN_SECONDS
                return Reservation(units, wait)
            spending.waiting.pop(self._owner, None)
            if (kept_back := self._kept_back(spending, units, now)) > 0:  # whoever else wants to leave need not wait
                return Reservation(units, kept_back)
            spending.reserve(self._owner, units, now + self._answer_within)
            self.spent += units
            self._left_at = now
            counted = spending.counted(now, self.period)
            return Reservation(units, 0.0, spending.era, spending.sent, spending.in_flight, counted, now)

    def settle(
        self,
        call: Reservation,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        refused: bool = False,
    ) -> None:
        """Account for a call that has ended: its units stay held for a period from now.

        Args:
            call: what let it leave.
            limit: `X-RateLimit-Limit` of its response, where there was one; it holds until a response names another.
            remaining: `X-RateLimit-Remaining` of its response; fewer than believed means that somebody else spends on
                this key, and their units are held like ours.
            refused: the server has not let it pass, because of its rate limit.
        """
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            spending.forget_until(now, self.period)
            spending.give_back(self._owner, call.units)
            spending.promised = 0
            if limit is not None:
                self._named = max(1, limit)
            is_first, self._numbers = self._numbers is None, self._numbers or None not in (limit, remaining)
            spending.hold(call.units, self.period, now)
            if refused and not is_first:
                spending.doubt()
                spending.leave_alone(call.sent, self.limit, now)
            if remaining is not None and call.era == spending.era:
                self._believe(spending, call, remaining, now, named=limit == self.limit, refused=refused)

    def _believe(
        self, spending: Spending, call: Reservation, remaining: int, now: float, *, named: bool, refused: bool
    ) -> None:
        """Correct what is spent by what the server says remains: what others spend, and how it counts."""
        # of the calls that have left since this one, the server may have counted some before it, and some after it
        counted = call.in_flight + call.counted + spending.sent - call.sent
        fewer = min(math.floor(self.limit - counted) - max(remaining, 0), self.limit)
        spending.hold(fewer, self.period, now)
        if not named:
            return
        if not refused and call.units <= self.limit < remaining + call.units:  # no way of counting leaves so many
            spending.doubt()
        if not refused:
            spending.learn(call.left, call.units, self.limit - call.units - remaining, self.period, now)
        # the newest answer counts, because somebody else may have spent what an earlier one has promised
        spending.promised = max(remaining, 0) + call.sent - call.in_flight + call.units

    def refund(self, call: Reservation) -> None:
        """Give back the units of a call that never left this machine."""
        with self._lock, self._store.changing() as spending:
            spending.give_back(self._owner, call.units)
            spending.sent -= call.units
            self.spent -= call.units

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

    def seconds_until(self, units: int) -> float:
        """Seconds until so many more units have been spent, as far as the rate limit decides that."""
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            spending.forget_until(now, self.period)
            return spending.seconds_until(units, self.limit, self.period, now)

    def waiting(self) -> Waiting | None:
        """What keeps calls that want to leave from it; None where none does."""
        with self._lock, self._store.changing() as spending:
            now = self._clock()
            if now < spending.blocked_until:
                return Waiting("because the server has asked to,", spending.blocked_until - now)
            if self._tickets == self._served:
                return None
            spending.forget_until(now, self.period)
            seconds = spending.seconds_until(1, self.limit, self.period, now)
            return Waiting("for the rate limit", seconds or self._kept_back(spending, 1, now))

    @property
    def seconds_left(self) -> float:
        """Seconds that this run may still go on."""
        with self._lock:
            return max(0.0, self._until - self._clock())

    def _is_promised(self, spending: Spending, units: int, now: float) -> bool:
        """Whether the server has said that some units may be spent, and it is this process's turn."""
        return (
            not spending.doubted
            and spending.sent + units <= spending.promised
            and spending.in_flight + spending.held(now, self.period) + units <= BURST_MAX * self.limit
            and spending.goes_first(self._owner, now)
        )

    def _kept_back(self, spending: Spending, units: int, now: float) -> float:
        """Seconds for which a call that may leave is kept back, so that its answer tells later whether more is back."""
        if not self._numbers or spending.doubted:
            return 0.0
        free, keep = spending.free(self.limit, spending.counted(now, self.period)), self.limit // KEPT_BACK
        needed = min(self._wanted, self._allowance) - self.spent - free
        if free - units >= keep or needed <= 0:
            return 0.0
        # what leaves late is back late: not where the last period of the run would wait for it
        if (needed - 1) % self.limit + 1 > self.limit - max(1, 4 * keep):
            return 0.0
        more = spending.seconds_until(free + 1, self.limit, self.period, now)
        if more <= self.period / KEPT_BACK:
            return 0.0
        since = max(self._left_at, now - self.period)
        return max(0.0, since + units * (now + more - since) / (free + 1) - now)

    def _wait(self, spending: Spending, units: int, now: float) -> float:
        """Seconds until some units are known to be free, and it is this process's turn."""
        spacing = self.period / self.limit
        under_way = self._owner in spending.reserved
        if (under_way and self._numbers is None) or not spending.goes_first(self._owner, now):
            return min(spacing, SLEEP_MAX)
        # what the server has not promised leaves as fast as units come back: responses tell more than we know
        promises = self._numbers and self._named == self.limit and not spending.doubted
        if promises and under_way and now < self._left_at + units * spacing:
            return self._left_at + units * spacing - now
        back = spending.back(now, self.period)
        # dearer than a limit that was lowered meanwhile: it leaves once nothing else is held
        room = max(units, self.limit - spending.left_alone) - units - spending.in_flight
        if len(back) > room >= 0:
            return max(back[len(back) - room - 1] - now, 1e-6)
        counted = spending.counted(now, self.period) if units <= self.limit else len(back)
        if counted <= room:
            return 0.0
        # two weighted windows forget no faster than what is counted of them in a period
        return max((counted - room) * self.period / (len(spending.answered) + 1), spacing / 10)
