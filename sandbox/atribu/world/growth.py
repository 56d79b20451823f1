"""A small made-up marketing world, grown day by day from a seed."""

import random
from datetime import date
from functools import lru_cache

from sandbox.atribu.facts.events import Day, Searches, Visit, Visitor
from sandbox.atribu.facts.view import View
from sandbox.atribu.settings import Size
from sandbox.atribu.world.ads import make_ads, reports_of, running_on
from sandbox.atribu.world.conversions import CLICK_WINDOW_DAYS, make_conversions
from sandbox.atribu.world.visits import make_pages, make_visit, make_visitor
from sandbox.worlds.chance import chance, seeded
from sandbox.worlds.days import activity_on, midnight

_RETURNING_SHARE = 0.4


class World:
    """Everything that happens, from which every endpoint answers.

    A day depends only on the seed, the size, the first day and the days before it, so a world that is asked about a
    later day keeps everything it said about earlier ones. Not thread-safe: one caller at a time.
    """

    def __init__(self, seed: int, first_day: date, size: Size) -> None:
        self.seed = seed
        self.size = size
        self.first_day = first_day.toordinal()
        self.ads = make_ads(seed, size)
        self.days: dict[int, Day] = {}
        self.visitors: list[Visitor] = []
        self._pages = make_pages(size.pages)
        self._keywords = [f"keyword {number}" for number in range(1, size.keywords + 1)]
        self._known: list[Visitor] = []
        self._recent: list[Visit] = []
        self.as_of = lru_cache(maxsize=2)(self._as_of)

    def _as_of(self, day: date) -> View:
        """Show what is known at the end of `day`; asking for a later day shows the past restated."""
        last = day.toordinal()
        for missing in range(self.first_day + len(self.days), last + 1):
            self.days[missing] = self._make_day(missing)
        return View(self.days, self.ads, self.first_day, last)

    def _make_day(self, day: int) -> Day:
        rng = seeded(self.seed, day)
        made = Day()
        activity = activity_on(rng, day)
        ads = running_on(self.ads, day)
        made.ad_reports.extend(reports_of(rng, ads, day, activity))
        for _ in range(max(1, round(self.size.visits_per_day * activity))):
            visit = make_visit(rng, self._some_visitor(rng), day, ads, self._pages)
            visit.visitor.trail.append(visit)
            made.visits.append(visit)
        oldest = midnight(day - CLICK_WINDOW_DAYS)
        self._recent = [visit for visit in self._recent if visit.at >= oldest] + made.visits
        if not chance(rng, 0.05):
            count = round(self.size.conversions_per_day * activity * rng.uniform(0.5, 1.5))
            made.conversions = make_conversions(rng, day, count, self._recent, self.size.reattributed)
        if not chance(rng, 0.1):
            made.keywords = self._make_keywords(day)
        return made

    def _some_visitor(self, rng: random.Random) -> Visitor:
        if self._recent and chance(rng, _RETURNING_SHARE):
            return rng.choice(self._recent).visitor
        visitor = make_visitor(rng, len(self.visitors) + 1, self._known)
        self.visitors.append(visitor)
        if visitor.person is not None:
            self._known.append(visitor)
        return visitor

    def _make_keywords(self, day: int) -> dict[str, Searches]:
        rng = seeded(self.seed, "keywords", day)
        made = {}
        for keyword in self._keywords:
            if not chance(rng, 0.2):
                impressions = rng.randrange(1, 400)
                clicks = rng.randrange(impressions // 10 + 1)
                made[keyword] = Searches(impressions, clicks, impressions * rng.randrange(1, 40))
        return made
