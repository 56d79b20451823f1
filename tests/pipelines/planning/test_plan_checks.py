"""Checks and proofs ask for whole stored windows, and say what is fully checked."""

from dataclasses import replace

import pytest
from pendulum import Date

from pipelines.planning.estimate import estimate
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import plan, proof_plan
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.options.common import Restatement
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, by_grain
from tests.pipelines.planning.planned import (
    ALL,
    CHANNELS,
    POLICY,
    SERIES,
    TODAY,
    day_tasks,
    days,
    ledger_of,
    settled,
    told,
)


def test_after_a_pause_longer_than_the_horizon_the_check_begins_a_horizon_before_the_last_one() -> None:
    stopped = TODAY.subtract(days=200)
    ledger = ledger_of([days("2025-01-01", "2025-09-11")], ServerBehaviour(checked=stopped))
    resumed = plan([SERIES, CHANNELS], days("2025-01-01"), POLICY, ledger)
    assert told(resumed.checks) == ["check: channels 2025-06-14..2025-09-11"]
    new = day_tasks("new", "2026-03-25", "2026-03-31", ["channels"])
    assert told(resumed.recent) == ["hint: timeseries 2025-06-14..2026-03-31", *new]
    assert told(resumed.history) == day_tasks("history", "2025-09-12", "2026-03-24", ["channels"])


def test_a_ledger_from_the_future_is_checked_as_if_it_were_of_today() -> None:
    ledger = ledger_of(
        [days("2026-03-01", "2026-04-20")], ServerBehaviour(checked=Date(2026, 4, 21)), today=Date(2026, 4, 21)
    )
    made = plan([CHANNELS], days("2026-03-01"), replace(POLICY, horizon_days=10), ledger)
    assert told(made.tasks) == ["check: channels 2026-03-21..2026-03-31"]


@pytest.mark.parametrize(
    ("restatement", "again", "series"),
    [
        pytest.param(Restatement.FIXED, day_tasks("again", "2026-03-21", "2026-03-30"), "2026-03-21", id="fixed"),
        pytest.param(Restatement.NONE, [], "2026-03-25", id="none"),
    ],
)
def test_without_checks_the_horizon_is_read_again_or_not_at_all(
    restatement: Restatement, again: list[str], series: str
) -> None:
    policy = replace(POLICY, restatement=restatement, horizon_days=10)
    made = plan(ALL[:3], days("2026-01-01"), policy, ledger_of([days("2026-01-01", "2026-03-30")]))
    assert told(made.again) == again
    new = day_tasks("new", "2026-03-31", "2026-03-31")
    assert told(made.recent) == [f"hint: timeseries {series}..2026-03-31", *new]
    assert (made.checks, made.history) == ([], [])


@pytest.mark.parametrize(
    ("grain", "check", "new"),
    [
        pytest.param(Grain.WEEK, "2026-03-16..2026-03-29", "2026-03-30..2026-03-31", id="week"),
        pytest.param(Grain.MONTH, "2026-02-01..2026-02-28", "2026-03-01..2026-03-31", id="month"),
    ],
)
def test_checks_cover_whole_weeks_and_months_that_reach_into_the_horizon(grain: Grain, check: str, new: str) -> None:
    policy = replace(POLICY, grain=grain, horizon_days=10 if grain is Grain.WEEK else 31)
    ledger = ledger_of(list(by_grain(days("2025-12-01"), grain)), grain=grain)
    made = plan([CHANNELS], days("2026-01-01"), policy, ledger)
    assert told(made.tasks) == [f"new: channels {new}", f"check: channels {check}"]


def test_a_check_asks_for_at_most_366_days_and_never_across_a_gap() -> None:
    ledger = ledger_of([days("2024-02-01", "2025-12-31"), days("2026-02-01", "2026-03-30")])
    made = plan([CHANNELS], days("2024-02-01"), replace(POLICY, horizon_days=800), ledger)
    assert told(made.checks) == [
        "check: channels 2026-02-01..2026-03-30",
        "check: channels 2025-02-01..2025-12-31",
        "check: channels 2024-02-01..2025-01-31",
    ]


@pytest.mark.parametrize(
    ("asked", "restatement", "expected"),
    [
        pytest.param(days("2026-01-01"), Restatement.EXACT, ["timeseries", "overview linear", "channels"], id="all"),
        pytest.param(days("2026-03-01"), Restatement.FIXED, ["timeseries", "overview linear", "channels"], id="fixed"),
        pytest.param(days("2026-03-02"), Restatement.EXACT, [], id="a-stale-day-before"),
        pytest.param(days("2026-01-01", "2026-03-29"), Restatement.EXACT, [], id="a-stale-day-after"),
        pytest.param(days("2026-01-01"), Restatement.NONE, [], id="nothing-is-looked-at"),
    ],
)
def test_variants_are_settled_whose_changeable_days_are_all_asked_for(
    asked: Window, restatement: Restatement, expected: list[str]
) -> None:
    policy = replace(POLICY, restatement=restatement, horizon_days=30, looks_back=False)
    fully_checked = plan(ALL, asked, policy, ledger_of([days("2026-01-01", "2026-03-30")])).fully_checked
    assert [str(replace(task, window=None)) for task in fully_checked] == expected
    assert {task.window for task in fully_checked} <= {asked}


def test_weeks_that_are_read_whole_settle_although_the_range_begins_within_one() -> None:
    policy = replace(POLICY, grain=Grain.WEEK)
    ledger = ledger_of([days("2026-03-02", "2026-03-29")], grain=Grain.WEEK)
    made = plan([CHANNELS], days("2026-03-04"), policy, ledger)
    assert told(made.checks) == ["check: channels 2026-03-02..2026-03-29"]
    assert told(made.fully_checked) == [": channels 2026-03-04..2026-03-31"]


def test_a_first_day_that_moves_on_with_today_does_not_keep_days_from_being_settled() -> None:
    ledger = Ledger()
    for later in range(3):
        policy = replace(POLICY, today=TODAY.add(days=later))
        asked = Window(policy.today.subtract(days=89), policy.today)
        settled(plan([CHANNELS], asked, policy, ledger), ledger, policy)
        assert ledger.behaviour(Task(CHANNELS), Grain.DAY).checked == policy.today


def test_a_list_that_is_cut_off_is_checked_in_ranges_over_which_it_is_not_and_days_that_are_cut_off_in_none() -> None:
    known = ServerBehaviour().cut_off(days("2026-02-01", "2026-03-30"))
    assert known.whole_days == 29
    assert known.cut_off(days("2026-01-01", "2026-03-30")).whole_days == 29, "a range beside it is as long"
    ledger = ledger_of([days("2026-02-01", "2026-03-30")], known)
    ledger.add(Task(CHANNELS, days("2026-03-10", "2026-03-10")), Grain.DAY, TODAY, cut=True)
    expected = ["check: channels 2026-03-11..2026-03-30"]
    expected += ["check: channels 2026-03-02..2026-03-09", "check: channels 2026-02-01..2026-03-01"]
    assert told(plan([CHANNELS], days("2026-02-01"), POLICY, ledger).checks) == expected
    assert told(proof_plan([CHANNELS], days("2026-02-01"), POLICY, ledger).checks) == expected
    (note,) = proof_plan([CHANNELS], days("2026-02-01"), POLICY, ledger).notes
    assert note.startswith("channels: the API cuts off the lists of 2026-03-10, so that nothing proves them;")
    ledger.add(Task(CHANNELS, days("2026-03-10", "2026-03-10")), Grain.DAY, TODAY)
    checks = told(plan([CHANNELS], days("2026-02-01"), POLICY, ledger).checks)
    assert checks == ["check: channels 2026-03-02..2026-03-30", "check: channels 2026-02-01..2026-03-01"]


def test_a_day_that_is_cut_off_is_read_again_between_two_ages_only_if_it_has_changed_elsewhere() -> None:
    ledger = ledger_of([days("2026-03-01", "2026-03-30")])
    cut = [Task(CHANNELS, days(f"2026-03-{day}", f"2026-03-{day}")) for day in (10, 11, 12)]
    for task in cut:
        ledger.add(task, Grain.DAY, TODAY, cut=True)
    made = plan([CHANNELS], days("2026-03-01"), POLICY, ledger)
    assert told(made.unproved) == [f"restated: channels 2026-03-{day}" for day in (12, 11, 10)]
    assert (told(made.again), set(cut).isdisjoint(made.tasks)) == ([], True)
    (line,) = estimate(made.tasks, lambda _: None)
    (bounded,) = estimate(made.tasks, lambda _: None, perhaps=made.unproved)
    assert (bounded.units_min, bounded.units) == (line.units_min, line.units)
    assert (bounded.units_max or 0) - (line.units_max or 0) == len(cut)

    ledger.note_moved(cut[1], Grain.DAY)
    made = plan([CHANNELS], days("2026-03-01"), POLICY, ledger)
    assert told(made.again) == ["restated: channels 2026-03-11"]
    assert told(made.unproved) == ["restated: channels 2026-03-12", "restated: channels 2026-03-10"]
    assert plan([CHANNELS], days("2026-03-01"), replace(POLICY, restatement=Restatement.NONE), ledger).unproved == []

    for _ in range(2):
        ledger.failed(cut[1], Grain.DAY, TODAY)
        ledger.failed(cut[2], Grain.DAY, TODAY)
    made = plan([CHANNELS], days("2026-03-01"), POLICY, ledger)
    assert [str(task) for task, _ in made.waiting] == ["channels 2026-03-11"]
    assert told(made.unproved) == ["restated: channels 2026-03-10"]


def test_a_loaded_series_is_read_again_as_a_hint_before_checks_however_old_the_range() -> None:
    ledger = ledger_of([days("2026-01-01", "2026-03-30")])
    made = plan([SERIES, CHANNELS], days("2026-02-01", "2026-02-10"), POLICY, ledger)
    assert [task.reason for task in made.tasks] == ["hint", "check"]


def test_a_proof_covers_everything_loaded_that_adds_up_in_calls_of_at_most_366_days() -> None:
    ledger = ledger_of([days("2024-01-01", "2025-01-10"), days("2026-03-01", "2026-03-30")])
    ledger.add(Task(ENDPOINTS["visitors"], days("2026-03-01", "2026-03-30")), Grain.DAY, TODAY)
    proof = proof_plan((*ALL, ENDPOINTS["visitors"]), days("2024-01-06"), POLICY, ledger)
    windows = ("2025-01-06..2025-01-10", "2024-01-06..2025-01-05", "2026-03-01..2026-03-30")
    assert told(proof.again) == [
        "check: timeseries 2024-01-11..2025-01-10",
        "check: timeseries 2024-01-06..2024-01-10",
        "check: timeseries 2026-03-01..2026-03-30",
    ]
    names = ("overview linear", "channels")
    assert told(proof.checks) == [f"check: {name} {window}" for name in names for window in windows]
    assert proof.tasks == [*proof.again, *proof.checks]


WHOLE = {Grain.WEEK: "2026-02-09..2026-03-29", Grain.MONTH: "2026-02-01..2026-02-28"}


@pytest.mark.parametrize(("grain", "expected"), WHOLE.items(), ids=WHOLE)
def test_a_proof_never_asks_for_a_part_of_a_stored_window(grain: Grain, expected: str) -> None:
    ledger = ledger_of(list(by_grain(days("2025-12-01"), grain)), grain=grain)
    proof = proof_plan([CHANNELS], days("2026-02-12"), replace(POLICY, grain=grain), ledger)
    assert told(proof.checks) == [f"check: channels {expected}"]
