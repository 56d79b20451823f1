"""With a tolerance, small changes wait; the bound on what they may come to holds."""

import random

import pytest

from sources.rest.catalogue.columns import Measure
from tests.pipelines.proving.changing_world import DAYS, KEYS, Home, Server, examined, world


def total(server: Server, key: str) -> int:
    """Revenue of a channel over the range, in tenths of a cent."""
    return sum(day[key][0] for day in server.days)


def out(server: Server, have: Home, key: str) -> float:
    """Share by which what is loaded of a channel is out over the range."""
    here: float = sum(row["revenue"] for rows in have.rows.values() for row in rows if row["value"] == key)
    return abs(here - total(server, key) / 1000) / (total(server, key) / 1000)


def test_a_change_within_the_tolerance_costs_nothing_but_the_check() -> None:
    server, have = world(90)
    server.put(17, "Email", total(server, "Email") // 200)

    finding = examined(server, have, tolerance=0.01)

    assert (finding.proved, len(server.calls), finding.answers) == (True, 1, {})
    assert 0 < out(server, have, "Email") <= 0.01


def test_a_change_beyond_the_tolerance_is_found() -> None:
    server, have = world(90)
    server.put(17, "Email", total(server, "Email") // 20)

    finding = examined(server, have, tolerance=0.01)

    assert finding.proved
    assert DAYS[17] in finding.answers
    assert out(server, have, "Email") == pytest.approx(0.0, abs=1e-6)


def test_the_largest_suspects_are_read_first_and_only_as_many_as_are_needed() -> None:
    server, have = world(90)
    large, small = [3, 40], [5, 9, 21, 33, 57, 60, 71, 80]
    for day in large:
        server.put(day, "Paid", total(server, "Paid") // 10)
    for day in small:
        server.put(day, "Paid", total(server, "Paid") // 10_000)
    changed_days = [DAYS[day].start for day in [*large, *small]]

    finding = examined(server, have, changed_days={Measure.OUTCOMES: changed_days}, tolerance=0.01)

    assert finding.proved
    assert {DAYS[day] for day in large} <= set(finding.answers)
    assert len(finding.answers) < len(changed_days)
    assert out(server, have, "Paid") <= 0.01


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_holds_whatever_changes(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, hides nothing
    server, have = world(60)
    for _ in range(chance.randrange(1, 30)):
        server.put(chance.randrange(60), chance.choice(KEYS), 10 * chance.randrange(1, 10**6))

    finding = examined(server, have, tolerance=0.02)

    assert finding.proved
    assert all(out(server, have, key) <= 0.02 for key in KEYS)


def test_a_channel_that_vanished_is_found_whatever_the_tolerance() -> None:
    server, have = world(30)
    for day in server.days:
        day.pop("Email", None)

    finding = examined(server, have, tolerance=0.5)

    assert finding.proved
    assert not [row for rows in have.rows.values() for row in rows if row["value"] == "Email"]
