"""What two weighted windows count lies between the bounds, wherever they begin and whenever calls are counted."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.rest.calling.weighted_windows import EVERYWHERE, PLACES, most_counted, places_that_leave
from tests.sources.rest.calling.rate_limiters import WeightedWindows

PERIOD = 60.0
MANY = 100_000
"""A limit that refuses nothing, so that what remains tells what is counted."""


@given(
    offset=st.floats(0, 59.99), longest=st.floats(0.01, 50.0), pause=st.floats(0.05, 20.0), seed=st.integers(0, 10_000)
)
@settings(max_examples=60, deadline=None)
def test_neither_bound_is_ever_crossed(offset: float, longest: float, pause: float, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable, hides nothing
    server = WeightedWindows(MANY, PERIOD, offset)
    place = int((-offset % PERIOD) / PERIOD * PLACES) % PLACES
    left, answered, now = list[float](), list[float](), 1_000.0
    for _ in range(150):
        now += dice.choice((0.0, 0.0, pause, pause * dice.random() * 5))
        counted_at, answered_at = (now + longest * share for share in sorted((dice.random(), dice.random())))
        kept = [moment for moment in answered if moment > now - 2.02 * PERIOD]
        most = most_counted(kept, EVERYWHERE, PERIOD, now)
        _, remaining = server.hit(counted_at, 1)
        counted = MANY - 1 - remaining  # rounded up
        assert counted - 1 < most + 1e-6
        assert place in places_that_leave(counted, left, EVERYWHERE, PERIOD, (now, answered_at))
        left.append(now)
        answered.append(answered_at)
        now = answered_at


def test_an_exact_server_leaves_no_place_within_a_few_periods() -> None:
    places, left = EVERYWHERE, list[float]()
    for period in range(8):
        now = period * 61.5
        for spent in range(60):  # a burst, of which a window that has just begun knows nothing
            moment = now + spent * 0.05
            places = places_that_leave(spent, left, places, PERIOD, (moment, moment + 0.05))
            left.append(moment)
    assert places == ()


@pytest.mark.parametrize(
    ("after", "counted"),
    [
        pytest.param(59.0, 60, id="they-may-be-of-this-window"),
        pytest.param(60.0, 60, id="the-next-may-just-have-begun"),
        pytest.param(90.0, 30, id="of-the-one-before-half-is-covered"),
        pytest.param(119.0, 1, id="nearly-nothing-is"),
    ],
)
def test_a_burst_is_forgotten_over_the_period_after_it(after: float, counted: int) -> None:
    found = most_counted([1_000.0] * 60, EVERYWHERE, PERIOD, 1_000.0 + after)
    assert counted <= found <= counted + 60 / PLACES + 1e-6


def test_nothing_is_counted_of_a_server_that_has_no_such_windows() -> None:
    assert most_counted([1_000.0] * 60, (), PERIOD, 1_001.0) == 0
