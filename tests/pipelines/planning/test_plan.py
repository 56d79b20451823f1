"""A plan asks for what is new, what was missed and what is older, in the order of its worth; slices cut it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import Plan, cost, plan, slices
from pipelines.planning.policy import OpenPages
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window
from tests.pipelines.planning.planned import (
    ALL,
    CHANNELS,
    OVERVIEW,
    POLICY,
    SERIES,
    TODAY,
    day_tasks,
    days,
    ledger_of,
    settled,
    told,
)


def test_a_first_run_loads_series_snapshots_and_this_week_before_older_days_newest_first() -> None:
    first = plan(ALL, days("2026-03-02"), POLICY, Ledger())
    cheap = ["new: timeseries 2026-03-02..2026-03-31", "snapshot: goals"]
    assert told(first.recent) == [*cheap, *day_tasks("new", "2026-03-25", "2026-03-31")]
    assert told(first.history) == day_tasks("history", "2026-03-02", "2026-03-24")
    assert (first.again, first.checks) == ([], [])
    assert first.tasks == [*first.recent, *first.history]


def test_the_next_day_costs_a_hint_two_days_that_were_open_and_one_check_a_variant() -> None:
    ledger, asked = Ledger(), days("2025-06-01")
    settled(plan(ALL, asked, POLICY, ledger), ledger, POLICY)
    after = replace(POLICY, today=TODAY.add(days=1))
    second = plan(ALL, Window(asked.start, after.today), after, ledger)
    assert told(second.recent) == [
        "hint: timeseries 2025-12-31..2026-04-01",
        "snapshot: goals",
        *day_tasks("new", "2026-03-31", "2026-04-01"),
    ]
    assert told(second.checks) == [f"check: {name} 2025-12-31..2026-03-30" for name in ("overview linear", "channels")]
    assert (second.again, second.history, cost(second.tasks)) == ([], [], 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every", "expected"),
    [
        pytest.param(1, [0, 1, 2, 3, 7, 14, 30, 60, 90], id="every-day"),
        pytest.param(5, [0, 5, 10, 15, 30, 60, 90], id="every-fifth-day"),
        pytest.param(40, [0, 40, 80, 120], id="every-fortieth-day"),
    ],
)
def test_days_that_sums_cannot_check_are_read_once_for_the_rungs_that_they_have_passed(
    every: int, expected: list[int]
) -> None:
    ledger = ledger_of([], ServerBehaviour(cut=(Window(TODAY, TODAY),)))
    ages: list[int] = []
    for age in range(0, 160, every):
        policy = replace(POLICY, today=TODAY.add(days=age))
        made = plan([CHANNELS], Window(TODAY.subtract(days=30), policy.today), policy, ledger)
        ages += [age for task in made.tasks if task.window == Window(TODAY, TODAY)]
        assert not [task for task in made.checks if task.window and TODAY in task.window]
        settled(made, ledger, policy)
        ledger.add(Task(CHANNELS, Window(TODAY, TODAY)), Grain.DAY, policy.today, cut=True)
    assert ages == expected


def entities(
    rows_per_day: float, *, checked: int = 1, begun: Sequence[OpenPages] = (), loaded: int = 91, **differs: Any
) -> Plan:
    """The plan for visitors of which some days are loaded, some days after they were last looked at whole."""
    visitors = ENDPOINTS["visitors"]
    ledger, window = Ledger(), Window(TODAY.subtract(days=91), TODAY)
    if loaded:
        ledger.add(Task(visitors, Window(TODAY.subtract(days=loaded), TODAY)), Grain.DAY, TODAY)
        ledger.learn(Task(visitors), Grain.DAY, ServerBehaviour(checked=TODAY.subtract(days=checked)))
    policy = replace(POLICY, rows_per_day={("visitors", ""): rows_per_day}, open_pages={("visitors", ""): begun})
    return plan([visitors], window, replace(policy, **differs), ledger)


def questions(made: Plan) -> list[tuple[str, str, str, bool]]:
    """Each task as reason and days, the day down to which it is read, and whether it goes on with a list."""
    return [(task.reason, str(task.window), str(task.since or ""), bool(task.after)) for task in made.tasks]


def test_a_first_load_of_entities_is_one_question_per_366_days_newest_first() -> None:
    asked = Window(TODAY.subtract(days=499), TODAY)
    made = plan([ENDPOINTS["visitors"]], asked, POLICY, Ledger())
    newest = Window(TODAY.subtract(days=365), TODAY)
    assert told(made.recent) == [f"new: visitors {newest}"]
    assert told(made.history) == [f"history: visitors {asked.start}..{newest.start.subtract(days=1)}"]


@pytest.mark.parametrize("rows", [0, 20, 200])
def test_the_horizon_of_entities_is_one_question_however_many_rows_it_has(rows: float) -> None:
    made = entities(rows, reread_units=600)
    assert told(made.tasks) == [f"again: visitors {TODAY.subtract(days=91)}..{TODAY}"]
    assert (cost(made.tasks), made.notes) == (3 * max(1, ceil(rows * 92 / 100)), [])
    assert [task.window for task in made.fully_checked] == [Window(TODAY.subtract(days=91), TODAY)]


def test_rows_before_the_horizon_are_asked_for_apart_from_it() -> None:
    made = entities(20, loaded=80, horizon_days=60)
    assert told(made.again) == [f"again: visitors {TODAY.subtract(days=61)}..{TODAY}"]
    assert told(made.history) == [f"history: visitors {TODAY.subtract(days=91)}..{TODAY.subtract(days=81)}"]


def test_entities_whose_horizon_costs_too_much_are_read_whole_every_week_and_else_their_newest_pages() -> None:
    made = entities(200, reread_units=100)
    horizon, week = f"{TODAY.subtract(days=91)}..{TODAY}", POLICY.recent.start
    assert questions(made) == [("new", horizon, str(week), False)]
    assert (cost(made.tasks), made.fully_checked) == (3 * 14, [])
    (note,) = made.notes
    assert "all pages of 90 days again would cost about 540 units, more than reread_units (100)" in note
    due = entities(200, reread_units=100, checked=7)
    assert [(reason, since) for reason, _, since, _ in questions(due)] == [("again", "")]
    assert due.fully_checked


def test_without_restatement_only_the_newest_pages_of_entities_are_read_with_figures_of_the_horizon() -> None:
    horizon = f"{TODAY.subtract(days=91)}..{TODAY}"
    assert questions(entities(20, restatement=Restatement.NONE)) == [("new", horizon, str(POLICY.recent.start), False)]


def test_a_list_that_was_begun_is_gone_on_with_and_on_a_later_day_its_newest_pages_are_read_before() -> None:
    start, page = TODAY.subtract(days=91), (("cursor_id", "v1"),)
    same_day = OpenPages(Window(start, TODAY), None, page)
    assert questions(entities(20, begun=[same_day], loaded=0)) == [("new", f"{start}..{TODAY}", "", True)]
    earlier = TODAY.subtract(days=2)
    before = OpenPages(Window(start, earlier), None, page)
    horizon = f"{TODAY.subtract(days=90)}..{TODAY}"
    assert questions(entities(20, begun=[before], loaded=0)) == [
        ("new", horizon, str(earlier), False),
        ("new", f"{start}..{earlier}", "", True),
    ]


def test_a_list_of_more_pages_than_one_can_have_is_asked_for_in_several_ranges() -> None:
    ends = [task.window.days for task in entities(40_000, reread_units=10**6).tasks if task.window]
    assert ends == [25, 25, 25, 17]


def test_moving_the_start_back_loads_only_the_days_before_and_those_between() -> None:
    ledger = ledger_of([days("2026-02-01", "2026-02-10"), days("2026-02-14", "2026-03-30")])
    made = plan([CHANNELS, SERIES], days("2026-01-25"), replace(POLICY, restatement=Restatement.NONE), ledger)
    assert told(made.recent) == ["hint: timeseries 2026-03-25..2026-03-31", "new: channels 2026-03-31"]
    series = ["gap: timeseries 2026-02-11..2026-02-13", "history: timeseries 2026-01-25..2026-01-31"]
    assert sorted(told(made.history[:2])) == series
    gap = day_tasks("gap", "2026-02-11", "2026-02-13", ["channels"])
    assert told(made.history[2:]) == [*gap, *day_tasks("history", "2026-01-25", "2026-01-31", ["channels"])]


def test_another_grain_loads_aggregates_anew_and_series_not() -> None:
    ledger = ledger_of([days("2026-03-02", "2026-03-30")])
    made = plan([SERIES, CHANNELS], days("2026-03-10"), replace(POLICY, grain=Grain.WEEK, horizon_days=10), ledger)
    assert told(made.tasks) == [
        "hint: timeseries 2026-03-21..2026-03-31",
        "new: channels 2026-03-30..2026-03-31",
        "new: channels 2026-03-23..2026-03-29",
        "history: channels 2026-03-16..2026-03-22",
        "history: channels 2026-03-09..2026-03-15",
    ]


def test_another_model_loads_only_what_it_adds() -> None:
    policy = replace(POLICY, values={"model": ("linear", "custom")}, horizon_days=1)
    made = plan([OVERVIEW, CHANNELS], days("2026-03-29"), policy, ledger_of([days("2026-03-29", "2026-03-30")]))
    assert told(made.tasks) == [
        "new: overview linear 2026-03-31",
        "new: overview custom 2026-03-31",
        "new: channels 2026-03-31",
        "new: overview custom 2026-03-30",
        "new: overview custom 2026-03-29",
        "check: overview linear 2026-03-30",
        "check: channels 2026-03-30",
    ]


@pytest.mark.parametrize(
    ("names", "windows", "groups", "expected"),
    [
        pytest.param(["channels", "visitors"], ["2026-03-01", "2026-03-02"], 5, 8, id="units-of-each-call"),
        pytest.param(["campaigns_trend"], ["2026-03-01"], 1, 2, id="a-call-for-ids"),
        pytest.param(["campaigns_trend"], ["2026-03-01", "2026-03-02"], 3, 8, id="a-call-for-ids-a-range"),
        pytest.param(["ads_trajectory", "ads_forecast"], [""], 2, 5, id="a-call-for-ids-that-two-share"),
    ],
)
def test_a_plan_costs_its_calls_and_each_list_of_ids_once_a_range(
    names: list[str], windows: list[str], groups: int, expected: int
) -> None:
    tasks = [Task(ENDPOINTS[name], days(day, day) if day else None) for name in names for day in windows]
    assert cost(tasks, groups) == expected


@given(st.lists(st.sampled_from(["channels", "visitors", "campaigns_trend", "goals"]), max_size=40), st.integers(1, 12))
def test_slices_keep_every_task_in_order_and_are_as_full_as_their_units_allow(names: list[str], units: int) -> None:
    tasks = [Task(ENDPOINTS[name], days("2026-03-01")) for name in names]
    groups = list(slices(tasks, units))
    assert [task for group in groups for task in group] == tasks
    assert all(cost(group) <= units or len(group) == 1 for group in groups)
    assert all(cost([*group, after[0]]) > units for group, after in pairwise(groups))


def test_after_a_pause_longer_than_the_default_start_no_day_is_left_out_between() -> None:
    ledger = ledger_of([days("2025-09-01", "2025-11-30")])
    made = plan([SERIES], days("2026-01-01"), replace(POLICY, keeps_start=True), ledger)
    asked_for = {day for task in made.tasks if task.window for day in task.window.dates()}
    assert asked_for >= set(days("2025-12-01").dates())
