"""A population has exactly the customers it names, and exactly the named share of them changes each day."""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from sandbox.atribu import Population, create_app
from sandbox.atribu.state import Sandbox
from tests.sandbox.conftest import Client, make_settings

FIRST, SETTLED = date(2026, 1, 1), date(2026, 3, 31)
GOAL = "lead_created"


def make_sandbox(**chosen: object) -> Sandbox:
    population = Population(**{"customers": 200, "goal": GOAL, "change": 0.05} | chosen)
    return create_app(make_settings(population=population)).state.sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox()


class Seen:
    """Everything that is said of each customer on one day."""

    def __init__(self, sandbox: Sandbox, today: date, goal: str = GOAL) -> None:
        sandbox.settings.today = today
        self.customers = sandbox.truth_of_customers(goal, FIRST, today)
        self.visitors = sandbox.truth_of_visitors(FIRST, today)
        self.journeys = {row["customer_profile_id"]: None for row in self.visitors}
        self.journeys = {customer: sandbox.truth_of_journey(customer) for customer in self.journeys}

    def changed(self, other: "Seen") -> list[set[object]]:
        """Name those of whom another day says something else: in customers, in visitors and in journeys."""
        found = []
        for old, new in ((self.customers, other.customers), (self.visitors, other.visitors)):
            before, after = by(old), by(new)
            found.append({customer for customer in after if after[customer] != before[customer]})
        return [
            *found,
            {customer for customer in other.journeys if self.journeys[customer] != other.journeys[customer]},
        ]


def by(rows: list[dict[str, object]]) -> dict[object, list[str]]:
    """Group rows by customer."""
    grouped: dict[object, list[str]] = defaultdict(list)
    for row in rows:
        grouped[row["customer_profile_id"]].append(repr(row))
    return grouped


@pytest.mark.parametrize("goal", ["payment_received", "lead_created"])
def test_everybody_reaches_the_goal_once_in_the_last_sixty_days(goal: str) -> None:
    sandbox = make_sandbox(goal=goal)
    rows = sandbox.truth_of_customers(goal, SETTLED - timedelta(59), SETTLED)
    assert len(rows) == len(by(rows)) == 200
    assert rows == sandbox.truth_of_customers(goal, FIRST, SETTLED)
    assert all(row["touch_count"] == 2 for row in rows)
    assert len(sandbox.truth_of_visitors(FIRST, SETTLED)) == 200
    assert all(sandbox.truth_of_journey(str(customer)) for customer in by(rows))


def test_a_share_of_the_customers_changes_each_day_and_nobody_else(sandbox: Sandbox) -> None:
    days = [SETTLED + timedelta(number) for number in range(4)]
    seen = [Seen(sandbox, day) for day in days]
    changes = [sandbox.changed_customers(day, day + timedelta(1)) for day in days[:-1]]
    assert [len(changed) for changed in changes] == [10, 10, 10]
    for number, changed in enumerate(changes):
        assert seen[number].changed(seen[number + 1]) == [changed] * 3
    assert seen[0].changed(seen[3]) == [set.union(*changes)] * 3
    assert len(sandbox.changed_customers(SETTLED)) == 30
    assert sandbox.changed_customers(FIRST, SETTLED) == set()


def test_half_of_the_changes_are_new_conversions_and_half_are_other_touches(sandbox: Sandbox) -> None:
    before, after = Seen(sandbox, SETTLED), Seen(sandbox, SETTLED + timedelta(1))
    new = {row["conversion_id"] for row in after.customers} - {row["conversion_id"] for row in before.customers}
    assert len(new) == 5
    touches = {row["conversion_id"]: row["touch_count"] for row in before.customers}
    credited = [row for row in after.customers if row["touch_count"] != touches.get(row["conversion_id"])]
    assert len({row["conversion_id"] for row in credited} - new) == 5


def test_everybody_has_changed_before_anybody_changes_twice(sandbox: Sandbox) -> None:
    days = [SETTLED + timedelta(number) for number in range(23)]
    assert len(sandbox.changed_customers(SETTLED, days[20])) == 200
    again = sandbox.changed_customers(days[20], days[21])
    assert again == sandbox.changed_customers(days[0], days[1])
    assert Seen(sandbox, days[20]).changed(Seen(sandbox, days[21])) == [again] * 3


def test_the_past_stays_as_it_was_known(sandbox: Sandbox) -> None:
    before = Seen(sandbox, SETTLED)
    Seen(sandbox, SETTLED + timedelta(3))
    Seen(sandbox, SETTLED + timedelta(30))
    assert before.changed(Seen(sandbox, SETTLED)) == [set()] * 3


def test_the_same_seed_makes_the_same_people_change() -> None:
    day = SETTLED + timedelta(2)
    one, other = (Seen(make_sandbox(), day) for _ in range(2))
    assert (one.customers, one.visitors, one.journeys) == (other.customers, other.visitors, other.journeys)
    sandbox = create_app(make_settings(seed=2, population=Population(customers=200, goal=GOAL))).state.sandbox
    assert sandbox.changed_customers(SETTLED, day) != make_sandbox().changed_customers(SETTLED, day)


def test_other_endpoints_tell_the_same(sandbox: Sandbox) -> None:
    sandbox.settings.today = SETTLED + timedelta(5)
    range_ = {"date_from": FIRST, "date_to": sandbox.settings.today}
    counts: dict[str, int] = defaultdict(int)
    for row in sandbox.answer("conversions/timeseries", range_):
        counts[row["event_type"]] += row["count"]
    goals = [row["conversion_key"] for row in sandbox.answer("goals")]
    assert counts == {
        goal: len(rows) for goal in goals if (rows := sandbox.truth_of_customers(goal, FIRST, range_["date_to"]))
    }
    assert counts[GOAL] == 200 + 5 * 5
    assert counts == {row["event_type"]: row["count"] for row in sandbox.answer("conversions", range_)}


def test_a_population_answers_over_http(start: Callable[..., Client]) -> None:
    client = start(make_settings(population=Population(customers=30, goal=GOAL)))
    asked = {"date_from": FIRST.isoformat(), "date_to": SETTLED.isoformat()}
    rows = client.data("customers", goal=GOAL, limit=100, **asked)
    assert rows == client.sandbox.truth_of_customers(GOAL, FIRST, SETTLED)
    assert len(rows) == 30
    assert client.data("visitors", limit=100, **asked) == client.sandbox.truth_of_visitors(FIRST, SETTLED)
    customer = rows[0]["customer_profile_id"]
    assert client.data(f"customers/{customer}/journey") == client.sandbox.truth_of_journey(customer)


@pytest.mark.sweep
def test_ten_thousand_customers_are_quickly_made_and_asked_for() -> None:
    started = time.process_time()
    sandbox = create_app(make_settings(population=Population())).state.sandbox
    asked = {"goal": "payment_received", "date_from": FIRST, "date_to": SETTLED, "limit": 100}
    rows = sandbox.answer("customers", asked)
    assert time.process_time() - started < 5
    started = time.process_time()
    for _ in range(10):
        sandbox.answer("customers", asked)
    assert (time.process_time() - started) / 10 < 0.02
    started = time.process_time()
    for row in rows:
        sandbox.truth_of_journey(row["customer_profile_id"])
    assert (time.process_time() - started) / len(rows) < 0.005


def test_a_population_needs_room_before_today() -> None:
    with pytest.raises(ValueError, match="needs 70 days"):
        create_app(make_settings(population=Population(), today=date(2026, 2, 1)))


def test_only_a_population_knows_who_changed() -> None:
    with pytest.raises(TypeError, match="population"):
        create_app(make_settings()).state.sandbox.changed_customers(FIRST)
