"""Windows that the API has changed are found by sums: all of them, for few calls; nothing is claimed unproved."""

import math
import random
from collections.abc import Sequence
from datetime import date
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.planning.estimate import search_calls
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.proving.search import Finding
from sources.rest.catalogue.columns import Measure
from tests.pipelines.proving.changing_world import (
    DAYS,
    KEYS,
    NOTHING,
    Server,
    days_read,
    examined,
    loaded,
    truth,
    world,
)


def test_a_quiet_range_is_proved_by_the_call_that_was_made() -> None:
    server, have = world(90)
    finding = examined(server, have)
    assert (finding, server.calls) == (Finding(NOTHING, proved=True), ["2026-01-01..2026-03-31"])


def test_a_range_of_one_window_is_that_window_read_anew() -> None:
    server, have = world(1)
    server.put(0, "Paid", 10)
    finding = examined(server, have)
    assert (finding.proved, server.calls, have.rows) == (True, ["2026-01-01"], truth(server, have))


@pytest.mark.slow
def test_one_of_ninety_days_is_found_for_few_calls_and_fewer_the_younger_it_is() -> None:
    calls = []
    for day in range(0, 90, 2):
        server, have = world(90)
        server.put(day, "Email", 10)
        finding = examined(server, have)
        assert (finding.proved, day in days_read(finding)) == (True, True)
        assert have.rows == truth(server, have)
        calls.append(len(server.calls))
    assert (calls[-1], max(calls)) == (6, 10)
    assert sum(calls[:10]) > sum(calls[-10:]) * 1.3


@pytest.mark.sweep
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_days_changed_the_loaded_days_are_true_afterwards(data: st.DataObject) -> None:
    server, have = world(45)
    for day in data.draw(st.sets(st.integers(0, 44))):
        change(server, day, data.draw(st.sampled_from(CHANGES)))
    changed_days = [DAYS[day].start for day in data.draw(st.lists(st.integers(0, 44), max_size=5))]
    finding = examined(server, have, changed_days={Measure.OUTCOMES: changed_days})
    assert (finding.proved, finding.complete, finding.behaviour) == (True, True, NOTHING)
    assert have.rows == truth(server, have)
    assert len(server.calls) <= search_calls(45)


@pytest.mark.slow
@given(st.integers(1, 40), st.data())
@settings(max_examples=20, deadline=None)
def test_no_search_makes_more_calls_than_its_bound(days: int, data: st.DataObject) -> None:
    server, have = world(days, unique=data.draw(st.booleans()))
    changed = data.draw(st.sets(st.integers(0, days - 1)))
    for day in changed:
        server.put(day, data.draw(st.sampled_from(KEYS)), data.draw(st.integers(-30, 30)), data.draw(st.integers(0, 3)))
    moved = data.draw(st.sets(st.integers(0, days - 1)))
    server.after = {data.draw(st.integers(1, 2 * days)): partial(moved_on, server, moved)}
    suspects = [DAYS[day].start for day in data.draw(st.lists(st.integers(0, days - 1), max_size=5))]
    examined(server, have, changed_days={Measure.OUTCOMES: suspects})
    assert len(server.calls) <= search_calls(days)


def moved_on(server: Server, days: set[int]) -> None:
    """Change days while they are asked about."""
    for day in days:
        server.put(day, "Paid", 5000)


@pytest.mark.parametrize("days", [1, 2, 3, 5, 12, 30, 90])
def test_a_search_in_a_range_of_which_all_has_changed_and_nothing_adds_up_keeps_to_its_bound(
    days: int,
) -> None:
    server, have = world(days, unique=True)
    for day in range(days):
        server.put(day, "Paid", 10)
    examined(server, have)
    assert len(server.calls) <= search_calls(days)


CHANGES = ("restated", "moved", "vanished", "emptied", "appeared")


def change(server: Server, day: int, how: str) -> None:
    """Change a day; what there was only falls and what there was not only rises, so that no two days cancel out."""
    values = server.days[day]
    if how == "restated":
        server.put(day, "Paid", -10, -1)
    elif how == "moved":
        server.put(day, "Email", -10)
        server.put(day, "Organic", 10)
    elif how == "vanished":
        del values["Direct"]
    elif how == "emptied":
        values.clear()
    else:
        server.put(day, "Organic", 0, 7)


@pytest.mark.parametrize("how", CHANGES)
def test_each_way_in_which_a_day_may_change_is_found(how: str) -> None:
    server, have = world(90)
    change(server, 31, how)
    finding = examined(server, have)
    assert (finding.proved, have.rows, 31 in days_read(finding)) == (True, truth(server, have), True)
    assert len(server.calls) <= 2 * math.log2(90)


def test_days_that_moved_up_and_down_are_all_found() -> None:
    chance = random.Random(1)  # noqa: S311 - amounts, not secrets
    server, have = world(90)
    for day in chance.sample(range(90), 20):
        server.put(day, chance.choice(KEYS), 10 * chance.choice([-1, 1]) * chance.randrange(1, 9**6))
    assert examined(server, have).proved
    assert have.rows == truth(server, have)


@pytest.mark.parametrize(
    ("measure", "changed_days", "calls"),
    [
        pytest.param(Measure.OUTCOMES, [17], 2, id="the-day"),
        pytest.param(Measure.OUTCOMES, [3, 17, 17, 60], 3, id="the-day-among-others"),
        pytest.param(Measure.OUTCOMES, [3], 8, id="another-day"),
        pytest.param(Measure.SEARCH, [17], 9, id="the-day-for-another-measure"),
    ],
)
def test_days_that_moved_elsewhere_are_looked_at_first(measure: Measure, changed_days: list[int], calls: int) -> None:
    server, have = world(90)
    server.put(17, "Email", 10)
    finding = examined(server, have, changed_days={measure: [DAYS[day].start for day in changed_days]})
    assert (finding.proved, len(server.calls)) == (True, calls)
    assert have.rows == truth(server, have)


def test_days_whose_changes_elsewhere_add_up_to_the_gap_are_read_together_and_nothing_else_is_asked() -> None:
    server, have = world(90)
    for day, tenths in ((3, 5000), (40, -2000), (77, 1000)):
        server.put(day, "Email", tenths)
    elsewhere: dict[date, float] = {DAYS[day].start: amount for day, amount in ((3, 5.0), (40, -2.0), (77, 1.0))}
    finding = examined(server, have, totals=[(Measure.OUTCOMES, elsewhere)])
    assert (days_read(finding), len(server.calls)) == ({3, 40, 77}, 4)
    assert have.rows == truth(server, have)


def test_a_day_that_holds_what_was_lost_is_read_before_others() -> None:
    server, _ = world(60)
    server.put(11, "Fair", 70_000)
    have = loaded(server)
    server.put(11, "Fair", -70_000)
    server.put(11, "Email", 70_000)
    finding = examined(server, have)
    assert (days_read(finding), len(server.calls)) == ({11}, 2)
    assert have.rows == truth(server, have)


def test_of_days_that_may_cancel_out_all_but_one_are_read() -> None:
    server, have = world(90)
    days = [DAYS[day].start for day in (5, 9, 30, 70)]
    finding = examined(server, have, changed_days={Measure.OUTCOMES: days}, cancelling=True)
    assert (days_read(finding), finding.proved) == ({9, 30, 70}, True)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_expected_what_is_found_is_true(data: st.DataObject) -> None:
    """Expectations order the questions only: wrong ones cost calls, and never a day."""
    server, have = world(30)
    for day in data.draw(st.sets(st.integers(0, 29), max_size=8)):
        change(server, day, data.draw(st.sampled_from(CHANGES)))
    days: list[date] = [day.start for day in DAYS[:30]]
    some_days = st.dictionaries(st.sampled_from(days), st.floats(-50, 50), max_size=6)
    totals = [(data.draw(st.sampled_from(list(Measure))), data.draw(some_days)) for _ in range(2)]
    amounts: dict[Measure, dict[date, Sequence[float]]] = {
        measure: {day: [size] for day, size in data.draw(some_days).items()} for measure in Measure
    }
    finding = examined(server, have, amounts=amounts, totals=totals)
    assert (finding.proved, finding.behaviour) == (True, NOTHING)
    assert have.rows == truth(server, have)
    assert len(server.calls) <= search_calls(30)


def test_an_amount_that_moved_between_two_days_is_found_where_they_moved_elsewhere_too() -> None:
    server, have = world(90)
    server.put(5, "Email", -1000)
    server.put(9, "Email", 1000)
    finding = examined(server, have, changed_days={Measure.OUTCOMES: [DAYS[5].start, DAYS[9].start]}, cancelling=True)
    assert days_read(finding) == {5, 9}
    assert have.rows == truth(server, have)


def test_rounding_is_learned_from_the_first_contradiction_and_then_means_nothing() -> None:
    server, _ = world(30)
    for day in range(30):
        server.put(day, "Email", 4)
    have = loaded(server)
    finding = examined(server, have)
    assert (finding.proved, finding.behaviour) == (True, ServerBehaviour(rounded=True))
    assert have.rows == truth(server, have)
    again = examined(server, have, finding.behaviour)
    assert (again, len(server.calls)) == (Finding(ServerBehaviour(rounded=True), proved=True), 1)
    server.put(11, "Email", 1000)
    server.put(12, "Email", 0, 1)
    found = examined(server, have, finding.behaviour)
    assert (found.proved, found.behaviour, have.rows) == (True, ServerBehaviour(rounded=True), truth(server, have))


def test_rounding_is_learned_of_a_range_of_two_windows_too() -> None:
    server = Server([{"Email": (4, 1)}, {"Email": (4, 1)}])
    assert examined(server, loaded(server)).behaviour == ServerBehaviour(rounded=True)


def test_a_metric_that_does_not_add_up_is_learned_and_the_others_stay_checked() -> None:
    server, have = world(30, unique=True)
    finding = examined(server, have, ServerBehaviour(not_additive=frozenset({"conversions"})))
    assert (finding.proved, finding.behaviour) == (
        True,
        ServerBehaviour(not_additive=frozenset({"conversions", "pageviews"})),
    )
    again = examined(server, have, finding.behaviour)
    assert (again.proved, len(server.calls)) == (True, 1)
    server.put(11, "Email", 10)
    found = examined(server, have, finding.behaviour)
    assert (found.proved, 11 in days_read(found), len(server.calls) <= 2 * math.log2(30)) == (True, True, True)
    assert have.rows == truth(server, have)


def test_a_metric_that_does_not_add_up_over_three_windows_is_learned_too() -> None:
    server = Server([{"Email": (0, views)} for views in (0, 5, 5)], unique=True)
    assert examined(server, loaded(server)).behaviour == ServerBehaviour(not_additive=frozenset({"pageviews"}))


def test_a_list_that_is_cut_off_over_the_range_proves_nothing() -> None:
    server, have = world(30, cut=8)
    server.put(5, "Paid", 10)
    finding = examined(server, have)
    assert finding == Finding(NOTHING, proved=False, complete=False)
    assert len(server.calls) == 1


@pytest.mark.parametrize("answered", [pytest.param(count, id=f"{count}-answers") for count in range(1, 7)])
def test_nothing_is_claimed_where_an_answer_is_missing(answered: int) -> None:
    server, have = world(30, answers=answered)
    server.put(5, "Paid", 10)
    server.put(25, "Paid", 10)
    finding = examined(server, have, changed_days={Measure.OUTCOMES: [DAYS[2].start]})
    assert (finding.proved, finding.complete, finding.behaviour) == (False, False, NOTHING)
    assert len(server.calls) == answered


@pytest.mark.parametrize(
    ("calls", "changed_days"),
    [
        pytest.param(1, [], id="after-the-check"),
        pytest.param(3, [], id="while-days-are-searched"),
        pytest.param(2, [DAYS[20].start], id="after-the-day-was-read"),
    ],
)
def test_a_world_that_moves_between_two_calls_teaches_nothing(calls: int, changed_days: list[date]) -> None:
    server, have = world(30)
    server.put(20, "Paid", 10)
    server.put(3, "Paid", 10)
    server.after = {calls: lambda: server.put(20, "Paid", 5000)}
    finding = examined(server, have, changed_days={Measure.OUTCOMES: changed_days})
    assert (finding.behaviour, server.after) == (NOTHING, {})


def test_nine_days_that_move_as_long_as_they_are_asked_about_teach_nothing_and_prove_nothing() -> None:
    server, have = world(30)
    moved = 0

    def move() -> None:
        nonlocal moved
        moved += 1
        for day in range(9):
            server.put(day, "Paid", views=moved)
        server.after[len(server.calls) + 1] = move

    server.put(3, "Paid", views=5)
    server.after = {1: move}
    finding = examined(server, have)
    assert (finding.behaviour.not_additive, finding.proved) == (frozenset(), False)
    server.after.clear()
    assert (examined(server, have).proved, have.rows) == (True, truth(server, have))
