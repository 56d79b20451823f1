"""Totals over a window, from which overview and the daily series are written."""

from dataclasses import dataclass, field

from sandbox.atribu.events import GOALS, Visitor
from sandbox.atribu.view import View


@dataclass(slots=True)
class Totals:
    """Sums over a window of days; money is micros of the reporting currency.

    `attributed` is the cash of conversions with at least one touch, `organic` the part of it that no ad earned, `cash`
    all cash.
    """

    spend: int = 0
    outcomes: int = 0
    attributed_outcomes: int = 0
    attributed: int = 0
    organic: int = 0
    cash: int = 0
    cash_payments: int = 0
    visits: int = 0
    pageviews: int = 0
    bounces: int = 0
    engaged_seconds: int = 0
    visitors: set[Visitor] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all was known of the window."""
        return not (self.spend or self.outcomes or self.visits)


def add_up(view: View, first: int, last: int, *, model: str = "last_touch", with_traffic: bool) -> Totals:
    """Sum what is known of the inclusive window; traffic is left out when nobody will look at it."""
    totals = Totals()
    for day in view.clip(first, last):
        totals.spend += sum(report.spend for report in view.ad_days(day))
        for conversion, touches in view.conversions(day):
            totals.outcomes += 1
            totals.attributed_outcomes += bool(touches)
            if GOALS[conversion.goal] == "cash":
                totals.cash += conversion.value
                totals.cash_payments += 1
        for ad, (_, value) in view.by_ad(day, model).items():
            totals.attributed += value
            if ad is None:
                totals.organic += value
        if with_traffic:
            _add_traffic(totals, view, day)
    return totals


def _add_traffic(totals: Totals, view: View, day: int) -> None:
    for group in view.traffic(day, "channel").values():
        totals.visits += group.visits
        totals.pageviews += group.pageviews
        totals.bounces += group.bounces
        totals.visitors |= group.visitors
    totals.engaged_seconds += sum(visit.engaged_seconds for visit in view.visits(day))
