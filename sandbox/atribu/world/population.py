"""A world of a known number of customers, of whom a known share changes each day; made for size, not for realism."""

import random
from dataclasses import dataclass, replace
from datetime import date

from sandbox.atribu.facts.events import GOALS, Conversion, Day, Visit, Visitor
from sandbox.atribu.settings import Population, Size
from sandbox.atribu.world.growth import World
from sandbox.atribu.world.visits import make_customer, make_visit
from sandbox.worlds.chance import chance, make_uuid, seeded
from sandbox.worlds.days import MINUTES_PER_DAY, day_at, midnight

_LEAD_DAYS = 10
_VISITS = 3
_SECOND_GOAL_SHARE = 0.3
_MINUTES_TO_CONVERT = 30


@dataclass(slots=True)
class _Customer:
    """One customer with the latest conversion of the goal."""

    visitor: Visitor
    latest: Conversion


class PopulatedWorld(World):
    """A world in which everybody reaches the goal once by the day `settled`, and a few change on every day after it.

    Whoever changes visits once more that day and, in turns, converts again or has another touch credited for the latest
    conversion. Ads spend nothing and nothing is late, so whatever changes was changed on purpose.
    """

    def __init__(self, seed: int, first_day: date, size: Size, population: Population, settled: date) -> None:
        needed = population.days + _LEAD_DAYS
        if (settled - first_day).days < needed:
            raise ValueError(f"A population of {population.days} days needs {needed} days from first_day to today")
        super().__init__(seed, first_day, size)
        self._population = population
        self._settled = settled.toordinal()
        self._prepared: dict[int, Day] = {}
        rng = seeded(seed, "population")
        self._customers = [self._make_customer(rng, number) for number in range(1, population.customers + 1)]
        # Nobody changes twice before everybody has changed, so that two days never share a customer by chance.
        self._queue = rng.sample(range(population.customers), population.customers)

    def changed_on(self, day: int) -> set[str]:
        """Name the customers that change on `day`, by `customer_profile_id`."""
        persons = (customer.visitor.person for _, customer in self._changing(day))
        return {person.customer_profile_id for person in persons if person is not None}

    def _changing(self, day: int) -> list[tuple[int, _Customer]]:
        if day <= self._settled:
            return []
        count = round(self._population.customers * self._population.change)
        start = (day - self._settled - 1) * count
        turns = range(start, start + count)
        return [(turn, self._customers[self._queue[turn % len(self._queue)]]) for turn in turns]

    def _make_customer(self, rng: random.Random, number: int) -> _Customer:
        goal = self._population.goal
        visitor = make_customer(rng, number)
        day = self._settled - rng.randrange(self._population.days)
        for offset in sorted(rng.sample(range(1, _LEAD_DAYS + 1), _VISITS), reverse=True):
            self._visit(rng, self._prepare(day - offset), visitor, day - offset)
        at = midnight(day) + rng.randrange(MINUTES_PER_DAY)
        made = self._prepare(day).conversions
        latest = _make_conversion(rng, visitor, goal, at, tuple(visitor.trail[1:]))
        made.append(latest)
        if chance(rng, _SECOND_GOAL_SHARE):
            other = rng.choice([other for other in GOALS if other != goal])
            made.append(_make_conversion(rng, visitor, other, at, tuple(visitor.trail)))
        return _Customer(visitor, latest)

    def _prepare(self, day: int) -> Day:
        return self._prepared.setdefault(day, Day())

    def _visit(self, rng: random.Random, made: Day, visitor: Visitor, day: int) -> Visit:
        visit = make_visit(rng, visitor, day, self.ads, self._pages)
        visitor.trail.append(visit)
        made.visits.append(visit)
        return visit

    def _make_day(self, day: int) -> Day:
        made = self._prepare(day)
        rng = seeded(self.seed, "change", day)
        for turn, customer in self._changing(day):
            visit = self._visit(rng, made, customer.visitor, day)
            if turn % 2:
                self._credit_another(customer, day)
                continue
            at = min(visit.at + _MINUTES_TO_CONVERT, midnight(day + 1) - 1)
            touches = (*customer.latest.touches[-1:], visit)
            customer.latest = _make_conversion(rng, customer.visitor, self._population.goal, at, touches)
            made.conversions.append(customer.latest)
        return made

    def _credit_another(self, customer: _Customer, day: int) -> None:
        old = customer.latest
        touches = old.touches[1:] if len(old.touches) >= _VISITS else (customer.visitor.trail[0], *old.touches)
        customer.latest = replace(old, recorded_on=day, touches=touches)
        # As of earlier days the conversion stays as it was; as of later days there is the new one of the same id.
        known = self.days[old.day].conversions
        known[known.index(old)] = replace(old, cancelled_on=day)
        known.append(customer.latest)


def _make_conversion(
    rng: random.Random, visitor: Visitor, goal: str, at: int, touches: tuple[Visit, ...]
) -> Conversion:
    cents = 0 if GOALS[goal] == "pipeline" else rng.randrange(1_000, 60_000)
    return Conversion(make_uuid(rng), visitor, at, goal, cents, recorded_on=day_at(at), touches=touches)
