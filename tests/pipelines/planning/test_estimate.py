"""What a plan costs: at least, if nothing has changed, as it usually goes, and at most."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.planning.estimate import counting_lines, details_line, estimate, newcomers, search_calls
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import plan
from pipelines.planning.policy import SURGE, Counted, Policy, Reason
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain
from tests.pipelines.planning.planned import CHANNELS, POLICY, TODAY, days

CUSTOMERS, VISITORS, JOURNEYS = (ENDPOINTS[name] for name in ("customers", "visitors", "journeys"))
MARCH = days("2026-03-01")
MONTH = days("2026-03-01", "2026-03-30")
GOAL = (("goal", "order_placed"),)


def lists(policy: Policy, ledger: Ledger) -> list[Task]:
    """What a plan of March asks of customers."""
    values = {"goal": ("order_placed",)}
    return plan([CUSTOMERS], MARCH, replace(policy, values=values), ledger).tasks


def loaded() -> Ledger:
    ledger = Ledger()
    ledger.add(Task(CUSTOMERS, MONTH, GOAL), Grain.DAY, TODAY)
    return ledger


def test_windows_that_are_read_cost_what_they_cost() -> None:
    (line,) = estimate([Task(CHANNELS, MARCH, reason=Reason.NEW)] * 2, lambda _: None)
    assert (line.units_min, line.units, line.units_expected, line.units_max) == (2, 2, None, 2)


@pytest.mark.parametrize(("usual", "expected"), [(None, None), (0, 1), (12, 13), (5000, search_calls(31) + 62)])
def test_a_check_costs_its_call_or_a_search_and_is_expected_to_cost_what_it_usually_does(
    usual: int | None, expected: int | None
) -> None:
    habits = {} if usual is None else {("channels", ""): usual}
    (line,) = estimate([Task(CHANNELS, MARCH, reason=Reason.CHECK)], lambda _: None, habits=habits)
    assert (line.units_min, line.units, line.units_expected, line.units_max) == (1, 1, expected, search_calls(31) + 62)


def test_a_list_of_which_nothing_is_known_has_at_least_a_page_and_no_bound() -> None:
    (line,) = estimate(lists(POLICY, Ledger()), lambda _: None)
    assert (line.units_min, line.units, line.units_max, line.assumed) == (3, 3, None, True)
    assert newcomers(lists(POLICY, Ledger()), "customers") is None


def test_a_list_that_is_loaded_grows_by_the_days_that_are_not_and_is_read_twice_where_it_is_counted() -> None:
    policy = replace(POLICY, rows_per_day={("customers", "order_placed"): 100.0})
    tasks = lists(policy, loaded())
    (line,) = estimate(tasks, lambda _: None)
    assert (line.units_min, line.units, line.units_max) == (3, 3 * 31, 2 * 3 * (30 + SURGE))
    assert newcomers(tasks, "customers") == 100 * SURGE


def test_a_list_that_another_endpoint_has_counted_is_bounded_before_anything_of_it_is_loaded() -> None:
    name = ("customers", "order_placed")
    policy = replace(POLICY, counted={name: Counted(100.0, [MONTH])})
    tasks = lists(policy, Ledger())
    (line,) = estimate(tasks, lambda _: None)
    assert (line.units, line.units_max) == (3 * 31, 2 * 3 * (30 + SURGE))
    assert newcomers(tasks, "customers") == 100 * (30 + SURGE)


def test_a_day_of_few_rows_may_still_bring_some() -> None:
    policy = replace(POLICY, rows_per_day={("customers", "order_placed"): 0.0})
    assert newcomers(lists(policy, loaded()), "customers") == SURGE


def test_counts_are_asked_for_again_where_they_differ() -> None:
    (line,) = counting_lines(lists(POLICY, Ledger()))
    assert (line.resource, line.units_min, line.units_max) == ("conversions_timeseries", 1, 2)


ALL = 3 * (1 + 3 + 1 + 2)
"""Units of the details of four people, twice as long as they are loaded."""


@pytest.mark.parametrize(
    ("facts", "least", "expected", "most"),
    [
        pytest.param({"more": None}, 0, None, None, id="nobody knows who comes"),
        pytest.param({"more": 10}, 0, None, ALL + 30, id="everybody may change and some come"),
        pytest.param({"more": 10, "usual": 4}, 0, 9 + 12, ALL + 30, id="some usually change"),
        pytest.param({"more": 10, "usual": 90}, 0, ALL + 30, ALL + 30, id="not more than all"),
        pytest.param({"more": None, "settled": True}, 6, None, 3 * (1 + 3), id="no list is read before"),
    ],
)
def test_details_are_read_of_who_is_due_at_most_of_everybody(
    facts: dict[str, Any], least: int, expected: int | None, most: int | None
) -> None:
    line = details_line(
        JOURNEYS,
        [0, 150],
        [20, 60],
        facts["more"],
        settled=facts.get("settled", False),
        usual=facts.get("usual"),
    )
    assert (line.units_min, line.units, line.units_expected, line.units_max) == (least, 9, expected, most)
