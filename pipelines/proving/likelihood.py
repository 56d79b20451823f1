"""Where changes are likely to lie: an expectation that orders the questions of a search, and proves nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import Final

from pipelines.proving.sums import CENT, Gap
from pipelines.storing.sums import Key, Sums
from sources.rest.catalogue.columns import Measure
from sources.rest.windows import Window

Amounts = Mapping[Measure, Mapping[date, Sequence[float]]]
"""Measure -> day -> by how much something of that day has changed elsewhere, largest change first."""

Totals = Sequence[tuple[Measure, Mapping[date, float]]]
"""A measure, and by how much the total of one of its metrics has changed, by day."""

AGE_SCALE: Final = 5
"""Days: a window that is so old is half as likely to have changed as one of today.

To learn the ages from the changes that were seen was tried, and found no change for fewer calls.
"""

ELSEWHERE: Final = 200.0
"""Times as likely as another is a day that has changed elsewhere."""

SAME_AMOUNT: Final = 5.0
"""Times as likely, beyond that, if it has changed by the very amount that is looked for."""

TOO_LITTLE: Final = 0.1
"""Times as likely is a window whose value is smaller than what it must have lost."""

NOTHING_THERE: Final = 0.002
"""Times as likely is a window without the value that must have been there."""

SHARED: Final = 0.6
"""Changed windows per value that shows a gap: what moves from one value to another shows two."""

EXPLAINS: Final = 0.45
"""Share from which on a window that is read leaves nothing of a key's gaps for others to explain."""

EXPLAINED: Final = 0.9
"""Chance of windows whose changes elsewhere add up to the gaps here."""

GAPS_MAX: Final = 40
"""Values that are looked at, those with the largest gaps: more would tell little more."""


@dataclass(frozen=True)
class Expectation:
    """What is known beforehand of where changes lie.

    Attributes:
        today: the day from which ages count.
        amounts: what has changed elsewhere.
        totals: by how much the total of each day has changed elsewhere, one per metric there.
    """

    today: date
    amounts: Amounts
    totals: Totals

    def of_age(self, window: Window) -> float:
        """How likely a window is to have changed, as far as its age tells; only ratios mean something."""
        return 1 / (AGE_SCALE + max(0, (self.today - window.end).days))


class Likelihood:
    """How likely each of some windows is to have changed, given the gaps of all of them together.

    Attributes:
        weights: of the windows, from 0 to 1.

    Args:
        gaps: what differs, with what it measures.
        windows: windows of which some have changed.
        held: what is loaded of each.
        known: what is known beforehand.
    """

    def __init__(
        self,
        gaps: Sequence[tuple[Gap, Measure]],
        windows: Sequence[Window],
        held: Sequence[Sums],
        known: Expectation,
    ) -> None:
        by_key: dict[Key, list[tuple[Gap, Measure]]] = {}
        for gap, measure in sorted(gaps, key=lambda one: -abs(one[0].size)):
            if gap.key in by_key or len(by_key) < GAPS_MAX:
                by_key.setdefault(gap.key, []).append((gap, measure))
        ages = [known.of_age(window) for window in windows]
        elsewhere = [_amounts(window, known.amounts) for window in windows]
        self._shares = [_shares(key, found, ages, elsewhere, held) for key, found in by_key.items()]
        explained = _explained(gaps, windows, known.totals)
        self._least = [EXPLAINED if window in explained else 0.0 for window in windows]
        self.weights = self._weights(self._shares)

    def best(self, least: float) -> list[int]:
        """Places of the windows that are at least so likely, each given that likelier ones explain what they can."""
        found: list[int] = []
        shares = self._shares
        while len(found) < len(self._least):
            weights = self._weights(shares)
            place = max((one for one in range(len(weights)) if one not in found), key=weights.__getitem__)
            if weights[place] < least:
                break
            found.append(place)
            shares = [one for one in shares if one[place] < EXPLAINS]
        return found

    def _weights(self, shares: Sequence[Sequence[float]]) -> list[float]:
        unchanged = [prod(1 - one[place] for one in shares) ** SHARED for place in range(len(self._least))]
        return [max(1 - one, least) for one, least in zip(unchanged, self._least, strict=True)]


def _shares(
    key: Key,
    found: Sequence[tuple[Gap, Measure]],
    ages: Sequence[float],
    elsewhere: Sequence[Mapping[Measure, Sequence[float]]],
    held: Sequence[Sums],
) -> list[float]:
    """How likely each window is to be what explains the gaps of one key; together they are 1."""
    weights = list(ages)
    for place, sums in enumerate(held):
        values = sums.values.get(key, {})
        for gap, measure in found:
            weights[place] *= _fits(gap, values.get(gap.metric, 0.0), elsewhere[place].get(measure))
    total = sum(weights)
    return [one / total for one in weights]


def _explained(gaps: Sequence[tuple[Gap, Measure]], windows: Sequence[Window], totals: Totals) -> set[Window]:
    """Windows whose totals have changed elsewhere by what is missing here, all of them together."""
    missing: dict[tuple[str, Measure], float] = {}
    for gap, measure in gaps:
        missing[gap.metric, measure] = missing.get((gap.metric, measure), 0.0) + gap.size
    found: set[Window] = set()
    for (_, measure), size in missing.items():
        for other, days in totals:
            if other is measure and abs(size) >= CENT:
                inside = {window: sum(one for day, one in days.items() if day in window) for window in windows}
                if abs(sum(inside.values()) - size) < CENT:
                    found |= {window for window, one in inside.items() if abs(one) >= CENT / 2}
    return found


def _fits(gap: Gap, held: float, elsewhere: Sequence[float] | None) -> float:
    """How well a window explains a gap."""
    fit = 1.0
    if gap.size < 0 and held < -gap.size - CENT / 2:
        fit = TOO_LITTLE if held > 0 else NOTHING_THERE
    if elsewhere is not None:
        fit *= ELSEWHERE
        if any(abs(one - gap.size) < CENT for one in elsewhere):
            fit *= SAME_AMOUNT
    return fit


def _amounts(window: Window, amounts: Amounts) -> dict[Measure, list[float]]:
    found: dict[Measure, list[float]] = {}
    for measure, days in amounts.items():
        for day, sizes in days.items():
            if day in window:
                found.setdefault(measure, []).extend(sizes)
    return found
