"""Attribution: how the credit for one conversion is shared between its touches."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sandbox.atribu.facts.events import Conversion, Visit
from sandbox.atribu.facts.view import View, kept
from sandbox.worlds.days import MINUTES_PER_DAY

_HALF_LIFE_DAYS = 7
_FINE = 1_000_000
# How far the credit traces to an ad.
TRACES = ("ad_attributed", "inherited", "organic_direct")


class Credit(NamedTuple):
    """What one touch earns of one conversion.

    `counted` is 1 for the touch with the largest share and 0 for the others, `value` is its share of cash in micros.
    """

    conversion: Conversion
    visit: Visit
    counted: int
    value: int

    @property
    def traced_to(self) -> str:
        """Name the one of `TRACES`: an ad was seen on the day of the conversion, on an earlier day, or not at all."""
        if self.visit.ad is None:
            return "organic_direct"
        return "ad_attributed" if self.visit.day == self.conversion.day else "inherited"


def _only(winner: int, touches: Sequence[Visit]) -> list[int]:
    weights = [0] * len(touches)
    weights[winner] = 1
    return weights


def _time_decay(touches: Sequence[Visit]) -> list[int]:
    latest = touches[-1].at
    days = [(latest - touch.at) / MINUTES_PER_DAY for touch in touches]
    return [round(_FINE * 0.5 ** (age / _HALF_LIFE_DAYS)) for age in days]


def _last_non_direct(touches: Sequence[Visit]) -> list[int]:
    indirect = [place for place, touch in enumerate(touches) if touch.channel != "Direct"]
    return _only(indirect[-1] if indirect else -1, touches)


def _split_50_50(touches: Sequence[Visit]) -> list[int]:
    weights = [0] * len(touches)
    weights[0] += 1
    weights[-1] += 1
    return weights


def _position_based(touches: Sequence[Visit]) -> list[int]:
    middle = len(touches) - 2
    return [2 * middle, *([1] * middle), 2 * middle] if middle > 0 else _split_50_50(touches)


# How much each touch counts, oldest first.
_WEIGHTS_OF_NEW: dict[str, Callable[[Sequence[Visit]], list[int]]] = {
    "last_touch": lambda touches: _only(-1, touches),
    "first_touch": lambda touches: _only(0, touches),
    "linear": lambda touches: [1] * len(touches),
    "time_decay": _time_decay,
    "last_non_direct": _last_non_direct,
}
_WEIGHTS = _WEIGHTS_OF_NEW | {
    "split_50_50": _split_50_50,
    "position_based": _position_based,
    "custom_weighted": lambda touches: list(range(1, len(touches) + 1)),
}
# The models that each generation of the contract knows.
MODELS = {"new": frozenset(_WEIGHTS_OF_NEW), "old": frozenset(_WEIGHTS)}


@kept
def credits_of(view: View, day: int, model: str) -> list[Credit]:
    """List the credits of a day's conversions; those without a touch give none."""
    known = view.conversions(day)
    return [credit for conversion, touches in known if touches for credit in _share(conversion, touches, model)]


def _share(conversion: Conversion, touches: Sequence[Visit], model: str) -> Iterator[Credit]:
    """Share one conversion and its cash between `touches`, which must not be empty.

    The shares add up to exactly the cash; what does not divide goes to the touch with the largest share, the later of
    equals, which also gets the count. Touches without a share are left out.
    """
    weights, cash = _WEIGHTS[model](touches), conversion.cash
    winner = max(range(len(weights)), key=lambda place: (weights[place], place))
    shares = [cash * weight // sum(weights) for weight in weights]
    shares[winner] += cash - sum(shares)
    for place, touch in enumerate(touches):
        if weights[place]:
            yield Credit(conversion, touch, int(place == winner), shares[place])
