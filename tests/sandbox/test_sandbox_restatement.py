"""Asking on a later day shows a past that has changed, in each of the ways the truth may be late."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest

from sandbox.atribu import Size, create_app
from tests.sandbox.conftest import make_settings

FIRST = date(2026, 1, 1)
QUARTER = [FIRST + timedelta(number) for number in range(90)]


@pytest.fixture(scope="module")
def ask() -> Callable[..., object]:
    """Ask for one day as known some days later."""
    size = Size(visits_per_day=60, conversions_per_day=12)
    sandbox = create_app(make_settings(size=size)).state.sandbox

    def about(path: str, day: date, days_later: int, **params: object) -> object:
        sandbox.settings.today = day + timedelta(days_later)
        window = {"date_from": day.isoformat(), "date_to": day.isoformat()}
        return sandbox.answer(path, window | params, capped=False)

    return about


def counts(ask: Callable[..., object], day: date, days_later: int) -> dict[str, int]:
    return {row["event_type"]: row["count"] for row in ask("conversions", day, days_later)}


def test_conversions_arrive_for_up_to_45_days(ask: Callable[..., object]) -> None:
    grew = {
        later
        for day in QUARTER[:40]
        for earlier, later in pairwise((0, 5, 15, 30, 45))
        if sum(counts(ask, day, later).values()) > sum(counts(ask, day, earlier).values())
    }
    assert grew == {5, 15, 30, 45}
    assert all(sum(counts(ask, day, 90).values()) <= sum(counts(ask, day, 45).values()) for day in QUARTER[:40])


@pytest.mark.sweep
def test_credit_moves_between_channels_and_campaigns_without_moving_the_total_of_the_day(
    ask: Callable[..., object],
) -> None:
    moved = dict.fromkeys(("channels", "campaigns"), 0)
    kept = ("revenue", "attributed_outcomes", "outcomes", "cash_revenue", "spend")
    for day in QUARTER[20:40]:
        for earlier, later in pairwise(range(50)):
            totals = [ask("overview", day, lag)["current"] for lag in (earlier, later)]
            if all(totals[0][name] == totals[1][name] for name in kept):
                for path in moved:
                    moved[path] += ask(path, day, earlier) != ask(path, day, later)
    assert min(moved.values()) > 3


@pytest.mark.sweep
def test_conversions_without_a_touch_may_be_attributed_later(ask: Callable[..., object]) -> None:
    learned = 0
    for day in QUARTER[20:40]:
        for earlier, later in pairwise(range(50)):
            before, after = (ask("overview", day, lag)["current"] for lag in (earlier, later))
            grew = after["attributed_outcomes"] > before["attributed_outcomes"]
            learned += grew and after["outcomes"] == before["outcomes"]
    assert learned


def test_spend_is_restated_for_four_weeks_and_then_final(ask: Callable[..., object]) -> None:
    first, later, last, after = (
        [ask("overview", day, lag)["current"]["spend"] for day in QUARTER] for lag in (0, 14, 28, 90)
    )
    assert first != later
    assert later != last
    assert last == after


def test_on_some_days_all_conversions_of_a_goal_vanish(ask: Callable[..., object]) -> None:
    emptied = [
        (day, goal)
        for day in QUARTER
        for goal, count in counts(ask, day, 1).items()
        if count > 1 and goal not in counts(ask, day, 60)
    ]
    assert emptied


def test_search_keywords_are_known_two_days_later(ask: Callable[..., object]) -> None:
    assert not any(ask("keywords", day, 1) for day in QUARTER)
    assert any(ask("keywords", day, 2) for day in QUARTER)


def test_days_after_today_hold_no_data(ask: Callable[..., object]) -> None:
    tomorrow = QUARTER[30]
    ask("overview", tomorrow, 60)
    assert ask("overview", tomorrow, -1)["current"]["outcomes"] == 0
    for path in ("channels", "timeseries", "visitors", "campaigns", "revenue", "conversions/timeseries"):
        assert ask(path, tomorrow, -1) == []


def test_customers_show_the_channel_that_is_credited_today(ask: Callable[..., object]) -> None:
    for day in QUARTER[:10]:
        for lag in (0, 40, 80):
            customers = ask("customers", day, lag, goal="payment_received")
            credited = {row["value"]: row["revenue"] for row in ask("channels", day, lag) if row["revenue"]}
            sums: dict[str, float] = {}
            for row in customers:
                if row["channel"]:
                    sums[row["channel"]] = round(sums.get(row["channel"], 0) + row["revenue"], 2)
            assert sums == credited


@pytest.mark.sweep
def test_a_bigger_world_has_more_of_everything() -> None:
    days = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
    small, big = (
        create_app(
            make_settings(size=Size(visits_per_day=100, conversions_per_day=count, pages=pages, keywords=pages))
        ).state.sandbox
        for count, pages in ((2, 5), (60, 400))
    )
    assert small.answer("overview", days)["current"]["outcomes"] < 300
    assert big.answer("overview", days)["current"]["outcomes"] > 2_000
    for path in ("pages", "keywords"):
        assert len(big.answer(path, days | {"limit": 100})) == 100
        assert len(big.answer(path, days, capped=False)) > 100
        assert len(small.answer(path, days, capped=False)) <= 5
