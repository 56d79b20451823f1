"""What is spent on a key and may still be counted, and what the answers tell of how it is."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from sources.rest.calling.weighted_windows import EVERYWHERE, most_counted, places_that_leave

LONG_AGO: Final = -1e9
HOLD_MARGIN: Final = 0.01
"""Share of the period added to how long a spent unit is held, against clocks that differ a little."""

MANY: Final = 1000
"""Units above which moments are rounded up, so that a large limit is kept in few numbers."""

ROUNDED: Final = 1 / 480
"""Part of the period to which they are."""

CALLS: Final = 500
"""Latest calls by which it is judged where windows may begin."""

LEFT_ALONE: Final = 2
"""Units that are left to somebody else who spends on the key, for each refusal that only that explains."""

LEFT_ALONE_PERIODS: Final = 5
"""Periods without a refusal after which it is tried whether one unit of them is free again."""


@dataclass(slots=True)
class Spending:
    """What is spent and not back yet; moments are seconds of the steady clock that processes of a machine share.

    Attributes:
        answered: when the response of each unit arrived, oldest first; of two periods.
        passed: latest calls that the server has let pass: when each left, when its response arrived, and its units.
        blocked_until: no call leaves before.
        reserved: who -> until when at most each call without a response is under way, and its units; those of a process
            that has died are taken for answered then.
        waiting: who waits for units -> since when, and until when that is believed without a further sign.
        era: name of this count; numbers of another one cannot be compared.
        sent: units of all calls that have ever left.
        promised: the server lets calls pass until this many units have left.
        places: where its windows may begin if it counts by two weighted ones; empty if it does not.
        doubted: it has refused what it lets pass by these numbers: they let no call leave sooner.
        left_alone: units that are left to somebody else who spends on the key.
        left_alone_since: when they became more or fewer.
        refused_at: units that had left when the last refusal became known.
    """

    answered: list[float] = field(default_factory=list)
    passed: list[tuple[float, float, int]] = field(default_factory=list)
    blocked_until: float = LONG_AGO
    reserved: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    waiting: dict[str, tuple[float, float]] = field(default_factory=dict)
    era: str = field(default_factory=lambda: uuid4().hex)
    sent: int = 0
    promised: int = 0
    places: tuple[int, ...] = EVERYWHERE
    doubted: bool = False
    left_alone: int = 0
    left_alone_since: float = LONG_AGO
    refused_at: int = 0

    def forget_until(self, now: float, period: float) -> None:
        """Let go of everything whose time is over."""
        over = now - 2 * period * (1 + HOLD_MARGIN)
        calls = [call for calls in self.reserved.values() for call in calls]
        if ended := [until for until, units in calls if until <= now for _ in range(units)]:
            self.answered = sorted([*self.answered, *ended])
        forgotten = bisect_right(self.answered, over)
        del self.answered[:forgotten]
        if forgotten and not self.answered:  # clocks may have gone different ways since
            self.places = EVERYWHERE
        self.passed = [one for one in self.passed if one[1] > over and self.places]
        tried = int((now - self.left_alone_since) / (LEFT_ALONE_PERIODS * period)) if self.left_alone else 0
        self.left_alone = max(0, self.left_alone - tried)
        self.left_alone_since += tried * LEFT_ALONE_PERIODS * period
        kept = {owner: [one for one in calls if one[0] > now] for owner, calls in self.reserved.items()}
        self.reserved = {owner: calls for owner, calls in kept.items() if calls}
        self.waiting = {owner: one for owner, one in self.waiting.items() if one[1] > now}

    def held(self, now: float, period: float) -> int:
        """Return how many units with a response a server may not have forgotten that counts one period."""
        return len(self.answered) - bisect_right(self.answered, now - period * (1 + HOLD_MARGIN))

    def back(self, now: float, period: float) -> list[float]:
        """Return when each of these units comes back, in the order in which they do."""
        held = self.held(now, period)
        return [moment + period * (1 + HOLD_MARGIN) for moment in self.answered[len(self.answered) - held :]]

    def counted(self, now: float, period: float) -> float:
        """Return the most units with a response that the server counts now, however it may count."""
        return max(self.held(now, period), most_counted(self.answered, self.places, period, now))

    @property
    def in_flight(self) -> int:
        """Units of calls without a response."""
        return sum(units for calls in self.reserved.values() for _, units in calls)

    def known_free(self, limit: int, counted: float) -> int:
        """Return how many units are free, below 0 if too many are spent, given how many with a response are counted."""
        return math.floor(limit - self.in_flight - counted)

    def free(self, limit: int, counted: float) -> int:
        """Return the same with the units that the server promises."""
        return max(self.known_free(limit, counted), 0 if self.doubted else self.promised - self.sent)

    def seconds_until(self, units: int, limit: int, period: float, now: float) -> float:
        """Seconds until about so many more units have left, if nothing but the limit holds them up."""
        back, counted = self.back(now, period), self.counted(now, period)
        known, free = self.known_free(limit, counted), max(0, self.free(limit, counted))
        rounds, place = divmod(units - free - 1, limit)
        place += free - known  # what is promised although it is held comes back no second time
        back += [now + (one + 1) * period / limit for one in range(math.ceil(counted) - len(back))]
        moment = (sorted(back)[place : place + 1] or [now + period])[0]
        return 0.0 if units <= free else max(0.0, moment - now, self.blocked_until - now) + rounds * period

    def reserve(self, owner: str, units: int, until: float) -> None:
        """Note a call that leaves."""
        self.reserved.setdefault(owner, []).append((until, units))
        self.sent += units

    def give_back(self, owner: str, units: int) -> None:
        """Forget units of calls that have ended, those that left first."""
        calls = self.reserved.pop(owner, [])
        while calls and units > 0:
            until, reserved = calls.pop(0)
            if reserved > units:
                calls.insert(0, (until, reserved - units))
            units -= reserved
        if calls:
            self.reserved[owner] = calls

    def hold(self, units: int, period: float, now: float) -> None:
        """Count units whose response has arrived now."""
        if len(self.answered) >= MANY:
            now = math.ceil(now / period / ROUNDED) * period * ROUNDED
        self.answered += [max([now, *self.answered[-1:]])] * units

    def leave_alone(self, sent: int, limit: int, now: float) -> None:
        """Leave more units to somebody else; calls that left before the last refusal was known change nothing.

        Args:
            sent: units of all calls that had left with the one that was refused.
            limit: units per period; no more than a quarter of them are left.
            now: the moment.
        """
        if sent > self.refused_at:
            self.left_alone = min(self.left_alone + LEFT_ALONE, limit // 4)
            self.left_alone_since, self.refused_at = now, self.sent

    def doubt(self) -> None:
        """Let no call leave because the server says so, and take every way of counting for possible."""
        self.doubted, self.promised, self.places = True, 0, EVERYWHERE

    def learn(self, left: float, units: int, room: float, period: float, now: float) -> None:
        """Note a call that has passed, and how the server does not count if that is so.

        Args:
            left: when it left.
            units: what it costs.
            room: units that were counted before it at most, by what the server says remains.
            period: length of the rate-limit period in seconds.
            now: when its response arrived.
        """
        if self.places and not self.doubted:
            before = sorted(moment for moment, answered, spent in self.passed if answered <= left for _ in range(spent))
            self.places = places_that_leave(room + 1, before, self.places, period, (left, now))  # however it is rounded
            self.passed = [*self.passed[-CALLS:], (left, now, units)]

    def goes_first(self, owner: str, now: float) -> bool:
        """Whether nobody else has waited for longer, so that light calls of one process starve no other."""
        since = self.waiting.get(owner, (now, now))[0]
        return all(other >= since for one, (other, _) in self.waiting.items() if one != owner)
