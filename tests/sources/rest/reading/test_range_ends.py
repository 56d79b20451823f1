"""How a server reads the end of a range is found out whatever its days look like, for a bounded number of calls."""

from collections.abc import Mapping
from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from sources.rest.reading.range_ends import CALLS_MAX, DAY, MINUTE, Ends, ends_of

SOME_DAY = date(2026, 3, 30)
MIDNIGHT = datetime(2026, 3, 30)  # noqa: DTZ001 - a moment on the server's clock, whatever that is


class Server:
    """Counts events of minutes from the day's midnight on; `ends` is how it reads the end of a range."""

    def __init__(self, events: Mapping[int, int], ends: Ends) -> None:
        self.events = events
        self.calls = 0
        self._more = ends is Ends.INCLUSIVE

    def count(self, start: datetime, end: datetime) -> float:
        self.calls += 1
        first, last = (start - MIDNIGHT) // MINUTE, (end - MIDNIGHT) // MINUTE + self._more
        return sum(number for minute, number in self.events.items() if first <= minute < last)


@given(
    st.dictionaries(st.integers(0, DAY - 1), st.integers(1, 50), min_size=2, max_size=60),
    st.sampled_from([*Ends]),
)
@settings(max_examples=60, deadline=None)
def test_a_day_with_events_tells_how_ends_are_read(events: dict[int, int], ends: Ends) -> None:
    server = Server(events, ends)
    assert ends_of(server.count, SOME_DAY) is ends
    assert server.calls <= CALLS_MAX


def test_a_busy_day_tells_it_for_a_few_calls_and_a_day_without_events_says_nothing_for_two() -> None:
    busy = Server(dict.fromkeys(range(DAY), 5), Ends.INCLUSIVE)
    assert (ends_of(busy.count, SOME_DAY), busy.calls) == (Ends.INCLUSIVE, 5)
    quiet = Server({}, Ends.INCLUSIVE)
    assert (ends_of(quiet.count, SOME_DAY), quiet.calls) == (None, 2)


def test_a_server_that_ignores_the_time_of_day_is_not_taken_for_one_that_counts_ends() -> None:
    assert ends_of(lambda _, __: 7.0, SOME_DAY) is None
