"""The budget says when a call may leave: units are held until they are back, and a server may name fewer."""

import pytest

from sources.rest.calling.budget import Budget, CallTooDearError, Reservation
from sources.rest.calling.spending_stores import Memory
from tests.clock import Clock
from tests.sources.rest.calling.rate_limiters import burst, heard, leave


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget(60, 60.0, clock=clock, sleep=clock.sleep)


@pytest.fixture
def exact(clock: Clock) -> Budget:
    """Make one whose server is known not to count by two weighted windows."""
    return Budget(60, 60.0, clock=clock, sleep=clock.sleep, store=knowing_better())


def knowing_better() -> Memory:
    store = Memory()
    with store.changing() as spending:
        spending.places = ()
    return store


def test_the_first_call_travels_alone_until_it_is_answered(budget: Budget, clock: Clock) -> None:
    assert budget.reserve(1).wait == 0
    assert budget.reserve(1).wait > 0
    clock.now += 1000
    assert budget.reserve(1).wait > 0
    budget.settle(Reservation(1))
    assert budget.reserve(1).wait == 0
    assert budget.reserve(1).wait == 0


def test_the_whole_limit_leaves_in_one_burst_after_a_rest(budget: Budget, clock: Clock) -> None:
    heard(budget)
    clock.now += 130  # two weighted windows have forgotten the first one
    assert burst(budget) == 60


def test_heavy_calls_leave_in_one_burst_up_to_the_limit(budget: Budget, clock: Clock) -> None:
    heard(budget)
    clock.now += 130
    assert burst(budget, units=3) == 20


def test_units_are_held_until_a_period_after_the_answer(exact: Budget, clock: Clock) -> None:
    heard(exact)
    assert burst(exact) == 59
    clock.now = 100.0
    assert burst(exact) == 1
    exact.settle(Reservation(59))
    clock.now = 100.0 + 60.0
    assert burst(exact) == 0
    clock.now = 100.0 + 60.7
    assert burst(exact) == 59


def test_how_a_server_counts_is_found_out_anew_once_everything_that_was_spent_is_forgotten(
    exact: Budget, clock: Clock
) -> None:
    heard(exact)
    clock.now = 500.0
    assert burst(exact) == 60
    exact.settle(Reservation(60))
    clock.now = 500.0 + 60.7
    assert burst(exact) == 0
    clock.now = 500.0 + 62.0
    assert burst(exact) == 1


def test_where_two_weighted_windows_are_possible_units_come_back_over_the_period_after(
    budget: Budget, clock: Clock
) -> None:
    heard(budget)
    clock.now = 200.0
    assert burst(budget) == 60
    budget.settle(Reservation(60))
    back = []
    for second in (250, 260, 262, 272, 292, 312, 332):
        clock.now = float(second)
        budget.settle(Reservation(calls := burst(budget)))
        back.append(calls)
    # most is counted where a window has begun at 260 s, after which the burst is covered less and less; at 332 s where
    # one has begun at 272 s, which counts 50 and still covers a little of the one of 262 s
    assert back == [0, 0, 1, 10, 20, 20, 9]


def test_a_waiting_call_is_told_when_its_units_are_back(exact: Budget, clock: Clock) -> None:
    heard(exact)
    clock.now = 100.0
    assert burst(exact) == 60
    exact.settle(Reservation(60))
    wait = exact.reserve(3).wait
    clock.now += wait - 0.01
    assert exact.reserve(3).wait > 0
    clock.now += 0.01
    assert exact.reserve(3).wait == 0


def test_a_waiting_call_is_never_told_to_wait_for_too_long(budget: Budget, clock: Clock) -> None:
    heard(budget)
    clock.now = 200.0
    assert burst(budget) == 60
    budget.settle(Reservation(60))
    asked = 0
    while (wait := budget.reserve(3).wait) > 0:
        clock.now, asked = clock.now + wait, asked + 1
    assert 263 < clock.now < 263.5
    assert asked < 50


def test_fewer_units_left_than_believed_lower_what_may_be_spent(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=10)
    assert burst(budget) == 10


def test_no_units_left_hold_every_call_back_for_a_period(exact: Budget, clock: Clock) -> None:
    exact.settle(leave(exact, 1), limit=60, remaining=0)
    assert burst(exact) == 0
    clock.now = 60.0
    assert burst(exact) == 0
    clock.now = 60.7
    assert burst(exact) == 1


def test_more_units_left_than_believed_change_nothing(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=60)
    assert burst(budget) == 59


def test_what_the_server_says_remains_leaves_although_it_is_not_known_to_be_back(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    for left in range(58, 0, -1):
        budget.settle(leave(budget, 1), limit=60, remaining=left)
    budget.settle(leave(budget, 1), limit=60, remaining=40)  # a bucket is refilled, or a window has ended
    assert burst(budget) == 40


def test_calls_that_the_server_may_have_counted_later_are_taken_off_what_it_says_remains(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    first, *others = [leave(budget, 1) for _ in range(59)]
    budget.settle(first, limit=60, remaining=58)
    assert burst(budget) == 0
    for call in others:
        budget.settle(call)
    last = others[-1]
    assert (last.sent, last.in_flight) == (60, 59)


def test_what_is_only_known_to_be_back_leaves_at_the_pace_of_the_limit_until_its_answer_tells_more(
    budget: Budget, clock: Clock
) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    for call in [leave(budget, 1) for _ in range(59)]:
        budget.settle(call, limit=60, remaining=0)
    clock.now = 100.0
    call = leave(budget, 1)
    assert budget.reserve(1).wait > 0
    clock.now = 101.0
    assert burst(budget) == 1
    budget.settle(call, limit=60, remaining=59)
    assert burst(budget) == 58


def test_the_last_units_that_are_free_leave_evenly_where_a_run_needs_more(budget: Budget, clock: Clock) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    budget.want(90)
    assert burst(budget) == 54
    moments: list[int] = []
    while len(moments) < 5:
        while (call := budget.reserve(1)).wait > 0:
            clock.now += call.wait
        moments.append(round(clock.now))
    assert moments == [10, 20, 30, 40, 50]


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        pytest.param(59, 1000, id="all-that-is-wanted-is-free"),
        pytest.param(90, 60, id="no-more-may-be-spent"),
        pytest.param(110, 1000, id="its-last-period-needs-nearly-all-of-the-limit"),
    ],
)
def test_nothing_is_kept_back_where_that_would_gain_nothing(budget: Budget, wanted: int, allowed: int) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    budget.want(wanted)
    budget.allow(allowed)
    for _ in range(59):
        leave(budget, 1)


def test_a_unit_that_is_kept_back_is_left_to_whoever_needs_it_now(clock: Clock) -> None:
    store = Memory()
    one, other = (Budget(60, 60.0, clock=clock, store=store) for _ in range(2))
    one.settle(leave(one, 1), limit=60, remaining=59)
    one.want(90)
    assert burst(one) == 54
    leave(other, 1)


def test_more_calls_than_any_server_lets_pass_do_not_leave_whatever_it_says(budget: Budget) -> None:
    passed = 0
    while (call := budget.reserve(1)).wait == 0:
        budget.settle(call, limit=60, remaining=59)
        passed += 1
    assert passed == 120


def test_after_a_refusal_what_the_server_says_lets_no_call_leave(budget: Budget, clock: Clock) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    for call in [leave(budget, 1) for _ in range(59)]:
        budget.settle(call, limit=60, remaining=0)
    clock.now = 70.0
    budget.settle(leave(budget, 1), limit=60, remaining=0, refused=True)
    budget.settle(Reservation(1), limit=60, remaining=59)
    assert burst(budget) == 0


def test_the_first_call_may_be_refused_for_what_an_earlier_run_has_spent(budget: Budget, clock: Clock) -> None:
    budget.settle(leave(budget, 1), limit=60, remaining=0, refused=True)
    clock.now = 130.0
    budget.settle(leave(budget, 1), limit=60, remaining=59)
    assert burst(budget) == 59


def test_units_are_left_to_somebody_else_for_each_refusal_and_tried_again_after_a_while(
    budget: Budget, clock: Clock
) -> None:
    heard(budget)
    calls = [leave(budget, 1) for _ in range(3)]
    for call in calls:  # they left before the first refusal was known, and count as one
        budget.settle(call, limit=60, remaining=0, refused=True)
    free = []
    for second in (200, 500, 900, 1300):
        clock.now = float(second)
        free.append(burst(budget))
        budget.refund(Reservation(free[-1]))
    assert free == [58, 59, 60, 60]


def test_more_than_a_quarter_of_the_limit_is_left_to_nobody(budget: Budget, clock: Clock) -> None:
    heard(budget)
    for _ in range(30):
        clock.now += 130.0
        budget.settle(leave(budget, 1), limit=60, remaining=0, refused=True)
    clock.now += 130.0
    assert burst(budget) == 45


def test_units_under_way_are_not_taken_for_those_of_another_program(budget: Budget) -> None:
    heard(budget)
    calls = [leave(budget, 3) for _ in range(3)]
    budget.settle(calls[0], limit=60, remaining=56)
    assert burst(budget) == 50


def test_a_server_may_lower_the_limit(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=20)
    assert budget.limit == 20
    assert burst(budget) == 19


def test_a_server_cannot_raise_the_limit(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=600, remaining=599)
    assert budget.limit == 60
    assert burst(budget) == 59


def test_a_limit_of_zero_is_taken_as_one_so_that_time_still_passes(budget: Budget) -> None:
    budget.settle(leave(budget, 1), limit=0)
    assert budget.limit == 1
    assert 0 < budget.reserve(1).wait < 120


def test_a_call_dearer_than_the_limit_is_refused_at_once(budget: Budget, clock: Clock) -> None:
    with pytest.raises(CallTooDearError, match="a call of 61 units cannot pass a limit of 60 per period"):
        budget.acquire(61)
    assert (clock.slept, budget.spent) == ([], 0)


def test_a_call_that_became_too_dear_leaves_alone_once_nothing_else_is_held(budget: Budget, clock: Clock) -> None:
    budget.settle(leave(budget, 3), limit=2)
    budget.acquire(3)
    assert 60 < clock.now < 200
    assert budget.reserve(1).wait > 0


@pytest.mark.parametrize("limit", [0, 1])
def test_one_answer_that_names_hardly_any_limit_slows_one_period_and_not_the_run(
    budget: Budget, clock: Clock, limit: int
) -> None:
    budget.settle(leave(budget, 1), limit=limit, remaining=0)
    call = budget.acquire(3)
    assert 60 < clock.now < 70
    budget.settle(call, limit=60, remaining=57)
    assert (budget.limit, burst(budget)) == (60, 57)


def test_hardly_any_limit_that_is_named_while_many_calls_are_under_way_slows_two_periods_at_most(
    budget: Budget, clock: Clock
) -> None:
    heard(budget)
    for call in [leave(budget, 3) for _ in range(19)]:
        budget.settle(call, limit=1, remaining=0)
    call = budget.acquire(1)
    assert 60 < clock.now < 126
    budget.settle(call, limit=60, remaining=59)
    clock.now += 1
    assert burst(budget) > 50


def test_a_call_may_cost_the_whole_limit(budget: Budget) -> None:
    assert budget.reserve(60).wait == 0


def test_no_call_leaves_while_the_server_asks_to_wait(budget: Budget, clock: Clock) -> None:
    heard(budget)
    budget.block(30)
    assert budget.reserve(1).wait == 30
    clock.now = 29.0
    assert budget.reserve(1).wait == 1
    clock.now = 30.0
    assert budget.reserve(1).wait == 0


def test_a_shorter_wait_does_not_cut_a_longer_one(budget: Budget) -> None:
    heard(budget)
    budget.block(30)
    budget.block(5)
    assert budget.reserve(1).wait == 30


def test_a_refunded_call_was_never_spent(budget: Budget) -> None:
    heard(budget)
    assert burst(budget) == 59
    budget.refund(Reservation(3))
    assert budget.spent == 57
    assert burst(budget) == 3
    assert budget.spent == 60


def test_waiting_sleeps_in_short_naps_until_the_units_are_back(clock: Clock) -> None:
    budget = heard(Budget(1, 2.5, clock=clock, sleep=clock.sleep, store=knowing_better()))
    budget.acquire(1)
    assert clock.slept == [1.0, 1.0, 0.525]
    assert budget.spent == 2


@pytest.mark.parametrize(
    ("limit", "period"),
    [
        pytest.param(0, 60.0, id="no-unit"),
        pytest.param(-1, 60.0, id="negative"),
        pytest.param(60, 0.0, id="no-time"),
    ],
)
def test_a_limit_that_lets_nothing_through_is_refused(limit: int, period: float) -> None:
    with pytest.raises(ValueError, match=f"not {limit} per {period} s"):
        Budget(limit, period)
