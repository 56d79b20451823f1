"""Attribution: how the credit for one conversion is shared between its touches."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sandbox.atribu.events import Conversion, Visit
from sandbox.atribu.traffic import MINUTES_PER_DAY

_HALF_LIFE_DAYS = 7
_FINE = 1_000_000


class Credit(NamedTuple):
    """What one touch earns of one conversion.

    `counted` is 1 for the touch with the largest share and 0 for the others, `value` is micros.
    """

    conversion: Conversion
    visit: Visit
    counted: int
    value: int


def _last_touch(touches: Sequence[Visit]) -> list[int]:
    return [0] * (len(touches) - 1) + [1]


def _first_touch(touches: Sequence[Visit]) -> list[int]:
    return [1] + [0] * (len(touches) - 1)


def _linear(touches: Sequence[Visit]) -> list[int]:
    return [1] * len(touches)


def _time_decay(touches: Sequence[Visit]) -> list[int]:
    latest = touches[-1].at
    days = [(latest - touch.at) / MINUTES_PER_DAY for touch in touches]
    return [round(_FINE * 0.5 ** (age / _HALF_LIFE_DAYS)) for age in days]


def _last_non_direct(touches: Sequence[Visit]) -> list[int]:
    indirect = [place for place, touch in enumerate(touches) if touch.channel != "Direct"]
    winner = indirect[-1] if indirect else len(touches) - 1
    return [int(place == winner) for place in range(len(touches))]


def _split_50_50(touches: Sequence[Visit]) -> list[int]:
    weights = [0] * len(touches)
    weights[0] += 1
    weights[-1] += 1
    return weights


def _position_based(touches: Sequence[Visit]) -> list[int]:
    middle = len(touches) - 2
    if middle < 1:
        return _split_50_50(touches)
    return [2 * middle, *([1] * middle), 2 * middle]


def _custom_weighted(touches: Sequence[Visit]) -> list[int]:
    return list(range(1, len(touches) + 1))


_LATEST_GENERATION: dict[str, Callable[[Sequence[Visit]], list[int]]] = {
    "last_touch": _last_touch,
    "first_touch": _first_touch,
    "linear": _linear,
    "time_decay": _time_decay,
    "last_non_direct": _last_non_direct,
}
_WEIGHTS = _LATEST_GENERATION | {
    "split_50_50": _split_50_50,
    "position_based": _position_based,
    "custom_weighted": _custom_weighted,
}
MODELS = {"new": frozenset(_LATEST_GENERATION), "old": frozenset(_WEIGHTS)}


def share(conversion: Conversion, touches: Sequence[Visit], model: str, value: int) -> list[Credit]:
    """Share one conversion and its `value` (micros) between `touches`, which must not be empty.

    The shares add up to exactly `value`; what does not divide goes to the touch with the largest share, the later of
    equals, which also gets the count. Touches without a share are left out.
    """
    weights = _WEIGHTS[model](touches)
    whole = sum(weights)
    winner = max(range(len(weights)), key=lambda place: (weights[place], place))
    shares = [value * weight // whole for weight in weights]
    shares[winner] += value - sum(shares)
    return [
        Credit(conversion, touch, int(place == winner), shares[place])
        for place, touch in enumerate(touches)
        if weights[place]
    ]
