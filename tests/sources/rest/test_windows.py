"""Windows are inclusive ranges of days; cutting, widening and joining them loses no day and repeats none."""

from datetime import date
from itertools import pairwise

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import Date

from sources.rest.windows import MAX_DAYS, Grain, Window, align, by_grain, merged, overlap, spans, split, today_in

DAYS = st.dates(date(1999, 1, 1), date(2032, 12, 31)).map(lambda day: Date(day.year, day.month, day.day))
WINDOWS = st.tuples(DAYS, st.integers(0, 1500)).map(lambda drawn: Window(drawn[0], drawn[0].add(days=drawn[1])))
SHORT = st.tuples(st.integers(0, 120), st.integers(0, 30)).map(
    lambda drawn: Window(Date(2026, 1, 1).add(days=drawn[0]), Date(2026, 1, 1).add(days=drawn[0] + drawn[1]))
)


def window(start: str, end: str) -> Window:
    return Window(Date.fromisoformat(start), Date.fromisoformat(end))


def texts(windows: list[Window]) -> list[str]:
    return [str(one) for one in windows]


def days_of(windows: list[Window]) -> list[Date]:
    return [day for one in windows for day in one.dates()]


def test_a_window_counts_both_ends() -> None:
    one = window("2026-02-27", "2026-03-01")
    assert one.days == 3
    assert list(one.dates()) == [Date(2026, 2, 27), Date(2026, 2, 28), Date(2026, 3, 1)]
    assert Date(2026, 2, 27) in one
    assert Date(2026, 3, 1) in one
    assert Date(2026, 2, 26) not in one
    assert Date(2026, 3, 2) not in one


def test_a_window_shows_a_single_day_once() -> None:
    assert str(window("2026-02-27", "2026-02-27")) == "2026-02-27"
    assert str(window("2026-02-27", "2026-03-01")) == "2026-02-27..2026-03-01"


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot start on 2026-03-02 and end on 2026-03-01"):
        window("2026-03-02", "2026-03-01")


@given(WINDOWS, st.integers(1, 400))
def test_split_is_contiguous_and_disjoint_and_covers_both_ends(whole: Window, max_days: int) -> None:
    parts = list(split(whole, max_days))
    assert parts[0].end == whole.end
    assert parts[-1].start == whole.start
    assert all(older.end.add(days=1) == newer.start for newer, older in pairwise(parts))
    assert all(part.days == max_days for part in parts[:-1])
    assert 1 <= parts[-1].days <= max_days


@given(WINDOWS)
def test_no_window_of_a_split_is_longer_than_366_days(whole: Window) -> None:
    assert max(part.days for part in split(whole)) <= 366


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("2024-01-01", "2024-12-31", ["2024-01-01..2024-12-31"], id="a-year-with-a-leap-day"),
        pytest.param("2025-01-01", "2025-12-31", ["2025-01-01..2025-12-31"], id="a-year-without"),
        pytest.param("2025-01-01", "2026-01-01", ["2025-01-01..2026-01-01"], id="366-days"),
        pytest.param(
            "2025-01-01", "2026-01-02", ["2025-01-02..2026-01-02", "2025-01-01"], id="367-days-are-a-full-one-and-a-day"
        ),
        pytest.param(
            "2023-12-31",
            "2025-12-31",
            ["2024-12-31..2025-12-31", "2023-12-31..2024-12-30"],
            id="732-days-are-exactly-two",
        ),
        pytest.param("2024-02-29", "2024-02-29", ["2024-02-29"], id="a-leap-day"),
    ],
)
def test_a_range_is_cut_from_its_newest_day(start: str, end: str, expected: list[str]) -> None:
    assert texts(list(split(window(start, end)))) == expected


def test_the_longest_window_is_a_whole_leap_year() -> None:
    assert window("2024-01-01", "2024-12-31").days == MAX_DAYS


@pytest.mark.parametrize(
    ("grain", "start", "end", "today", "expected"),
    [
        pytest.param(Grain.DAY, "2026-03-04", "2026-03-05", "2026-03-31", "2026-03-04..2026-03-05", id="days-stay"),
        pytest.param(
            Grain.WEEK, "2026-03-04", "2026-03-05", "2026-03-31", "2026-03-02..2026-03-08", id="week-from-monday"
        ),
        pytest.param(
            Grain.WEEK, "2026-03-02", "2026-03-08", "2026-03-31", "2026-03-02..2026-03-08", id="whole-week-stays"
        ),
        pytest.param(
            Grain.WEEK, "2025-12-31", "2026-01-01", "2026-03-31", "2025-12-29..2026-01-04", id="week-over-a-year-end"
        ),
        pytest.param(
            Grain.WEEK, "2026-03-30", "2026-03-31", "2026-03-31", "2026-03-30..2026-03-31", id="never-past-today"
        ),
        pytest.param(
            Grain.MONTH, "2024-02-10", "2024-02-10", "2026-03-31", "2024-02-01..2024-02-29", id="month-with-leap-day"
        ),
        pytest.param(
            Grain.MONTH, "2025-12-31", "2026-01-01", "2026-03-31", "2025-12-01..2026-01-31", id="months-at-a-year-end"
        ),
        pytest.param(
            Grain.MONTH, "2026-03-15", "2026-03-20", "2026-03-25", "2026-03-01..2026-03-25", id="month-until-today"
        ),
        pytest.param(
            Grain.DAY, "2026-03-15", "2026-04-20", "2026-03-25", "2026-03-15..2026-04-20", id="nothing-is-cut-off"
        ),
    ],
)
def test_a_range_is_widened_to_whole_weeks_and_months(
    grain: Grain, start: str, end: str, today: str, expected: str
) -> None:
    assert str(align(window(start, end), grain, Date.fromisoformat(today))) == expected


@given(WINDOWS, st.sampled_from(Grain), st.integers(0, 40))
def test_a_widened_range_holds_the_range_and_stays_as_it_is_when_widened_again(
    whole: Window, grain: Grain, ahead: int
) -> None:
    today = whole.end.add(days=ahead)
    wide = align(whole, grain, today)
    assert wide.start <= whole.start
    assert whole.end <= wide.end <= today
    assert align(wide, grain, today) == wide


@pytest.mark.parametrize(
    ("grain", "start", "end", "expected"),
    [
        pytest.param(Grain.DAY, "2025-12-31", "2026-01-01", ["2026-01-01", "2025-12-31"], id="days"),
        pytest.param(
            Grain.WEEK,
            "2025-12-29",
            "2026-01-07",
            ["2026-01-05..2026-01-07", "2025-12-29..2026-01-04"],
            id="weeks-over-a-year-end",
        ),
        pytest.param(
            Grain.MONTH,
            "2025-12-01",
            "2026-02-10",
            ["2026-02-01..2026-02-10", "2026-01-01..2026-01-31", "2025-12-01..2025-12-31"],
            id="months-over-a-year-end",
        ),
        pytest.param(Grain.MONTH, "2024-02-01", "2024-02-29", ["2024-02-01..2024-02-29"], id="a-month-with-a-leap-day"),
        pytest.param(
            Grain.MONTH, "2026-01-30", "2026-02-02", ["2026-02-01..2026-02-02", "2026-01-30..2026-01-31"], id="cut-ends"
        ),
    ],
)
def test_a_range_is_cut_at_the_ends_of_its_weeks_and_months(
    grain: Grain, start: str, end: str, expected: list[str]
) -> None:
    assert texts(list(by_grain(window(start, end), grain))) == expected


@given(WINDOWS, st.sampled_from([Grain.WEEK, Grain.MONTH]))
def test_windows_of_a_grain_hold_each_day_once_and_never_cross_a_seam(whole: Window, grain: Grain) -> None:
    parts = list(by_grain(whole, grain))
    assert days_of(parts[::-1]) == list(whole.dates())
    assert all(part.start.start_of(grain.value) == part.end.start_of(grain.value) for part in parts)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(("2026-01-01", "2026-01-10"), ("2026-01-05", "2026-01-20"), "2026-01-05..2026-01-10", id="partly"),
        pytest.param(("2026-01-01", "2026-01-31"), ("2026-01-05", "2026-01-06"), "2026-01-05..2026-01-06", id="inside"),
        pytest.param(("2026-01-01", "2026-01-10"), ("2026-01-10", "2026-01-20"), "2026-01-10", id="one-day"),
        pytest.param(("2026-01-01", "2026-01-10"), ("2026-01-11", "2026-01-20"), "None", id="neighbours-share-nothing"),
    ],
)
def test_two_windows_share_the_days_that_both_hold(one: tuple[str, str], other: tuple[str, str], expected: str) -> None:
    assert str(overlap(window(*one), window(*other))) == expected
    assert overlap(window(*one), window(*other)) == overlap(window(*other), window(*one))


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [("2026-01-05", "2026-01-06"), ("2026-01-01", "2026-01-04")], ["2026-01-01..2026-01-06"], id="neighbours"
        ),
        pytest.param(
            [("2026-01-01", "2026-01-09"), ("2026-01-02", "2026-01-03")], ["2026-01-01..2026-01-09"], id="one-inside"
        ),
        pytest.param(
            [("2025-12-31", "2025-12-31"), ("2026-01-01", "2026-01-01")], ["2025-12-31..2026-01-01"], id="over-a-year"
        ),
        pytest.param(
            [("2026-01-03", "2026-01-04"), ("2026-01-01", "2026-01-01")],
            ["2026-01-01", "2026-01-03..2026-01-04"],
            id="a-gap-of-a-day-stays",
        ),
    ],
)
def test_windows_that_touch_or_overlap_become_one(windows: list[tuple[str, str]], expected: list[str]) -> None:
    assert texts(merged(window(*one) for one in windows)) == expected


@given(st.lists(SHORT, max_size=8))
def test_merged_windows_hold_the_same_days_with_a_gap_between_each_two(windows: list[Window]) -> None:
    result = merged(windows)
    assert days_of(result) == sorted(set(days_of(windows)))
    assert all(one.end.add(days=1) < other.start for one, other in pairwise(result))


@pytest.mark.parametrize(
    ("windows", "max_days", "expected"),
    [
        pytest.param([], 10, [], id="none"),
        pytest.param([("01-04", "01-04"), ("01-03", "01-03")], 10, ["2026-01-03..2026-01-04"], id="neighbours"),
        pytest.param([("01-01", "01-03"), ("01-04", "01-06")], 6, ["2026-01-01..2026-01-06"], id="as-long-as-may-be"),
        pytest.param(
            [("01-01", "01-03"), ("01-04", "01-06"), ("01-07", "01-08")],
            5,
            ["2026-01-01..2026-01-03", "2026-01-04..2026-01-08"],
            id="never-cut-within-a-window",
        ),
        pytest.param(
            [("01-01", "01-02"), ("01-04", "01-05")],
            10,
            ["2026-01-01..2026-01-02", "2026-01-04..2026-01-05"],
            id="a-gap",
        ),
        pytest.param(
            [("01-01", "01-31"), ("02-01", "02-28")],
            7,
            ["2026-01-01..2026-01-31", "2026-02-01..2026-02-28"],
            id="too-long",
        ),
    ],
)
def test_windows_that_touch_share_ranges_made_of_whole_windows(
    windows: list[tuple[str, str]], max_days: int, expected: list[str]
) -> None:
    given_windows = [window(f"2026-{start}", f"2026-{end}") for start, end in windows]
    assert texts(spans(given_windows, max_days)) == expected


@given(WINDOWS, st.sampled_from(Grain))
def test_ranges_of_whole_windows_are_at_most_366_days_long_and_as_few_as_that_allows(
    whole: Window, grain: Grain
) -> None:
    parts = list(by_grain(whole, grain))
    ranges = spans(parts)
    assert days_of(ranges) == list(whole.dates())
    assert {one.start for one in ranges} <= {part.start for part in parts}
    assert all(one.days <= 366 for one in ranges)
    after = {part.start: part for part in parts}
    assert all(one.days + after[other.start].days > 366 for one, other in pairwise(ranges))


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        pytest.param("Pacific/Kiritimati", Date(2026, 1, 1), id="first-to-see-the-new-year"),
        pytest.param("UTC", Date(2025, 12, 31), id="utc"),
        pytest.param("Europe/Madrid", Date(2025, 12, 31), id="madrid"),
        pytest.param("Pacific/Pago_Pago", Date(2025, 12, 30), id="behind-the-date-line"),
    ],
)
def test_today_is_the_day_of_the_time_zone_on_either_side_of_the_date_line(
    monkeypatch: pytest.MonkeyPatch, timezone: str, expected: Date
) -> None:
    frozen = pendulum.datetime(2025, 12, 31, 10, 30)
    monkeypatch.setattr(pendulum, "now", frozen.in_timezone)
    assert today_in(timezone) == expected


def test_an_unknown_time_zone_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars/Olympus'; use a name such as 'Europe/Madrid'"):
        today_in("Mars/Olympus")
