"""Sums of what is known over days: by ad, by goal, or by whatever else an answer lists."""

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

from sandbox.atribu.facts.attribution import Credit, credits_of
from sandbox.atribu.facts.events import MICROS_PER_CENT, Ad, Searches
from sandbox.atribu.facts.view import View, kept
from sandbox.worlds.sums import add_up, total

Key = TypeVar("Key")
Asked = TypeVarTuple("Asked")


class Figures(NamedTuple):
    """Sums of ads, of conversions and of credit; money is micros of the reporting currency.

    Ads have `spend`, `impressions` and `clicks`. `outcomes` are conversions of every goal, `payments` those that are
    cash, worth `cash`. What touches are credited for begins with `credited`, which counts every goal:
    `credited_payments` and `revenue` are cash, `organic` is the revenue that no ad earned, and `pipeline` the worth of
    all that is not cash.
    """

    spend: int = 0
    impressions: int = 0
    clicks: int = 0
    outcomes: int = 0
    payments: int = 0
    cash: int = 0
    credited: int = 0
    credited_payments: int = 0
    revenue: int = 0
    organic: int = 0
    pipeline: int = 0


class Traffic(NamedTuple):
    """Sums of visits."""

    visits: int = 0
    pageviews: int = 0
    bounces: int = 0
    engaged_seconds: int = 0


NOTHING = Figures()
NOBODY = Traffic()
Summed = TypeVar("Summed", bound=NamedTuple)


def over_days(
    on_day: Callable[[View, int, *Asked], dict[Key, Summed]],
) -> Callable[[View, Iterable[int], *Asked], dict[Key, Summed]]:
    """Make a function of one day a function of many: the figures of each day are kept in the view and added up."""
    kept_on_day = kept(on_day)

    @wraps(on_day)
    def added_up(view: View, days: Iterable[int], *asked: *Asked) -> dict[Key, Summed]:
        return add_up(chain.from_iterable(kept_on_day(view, day, *asked).items() for day in days))

    return added_up


@over_days
def spent(view: View, day: int) -> dict[Ad, Figures]:
    """Add up what ads spent and got for it, by ad."""
    return {
        report.ad: Figures(spend=report.spend, impressions=report.impressions, clicks=report.clicks)
        for report in view.ad_reports(day)
    }


@over_days
def searched(view: View, day: int) -> dict[str, Searches]:
    """Add up what was searched for, by keyword."""
    return view.keywords(day)


@over_days
def visited(view: View, day: int, dimension: str) -> dict[str, Traffic]:
    """Add up visits by one of their attributes."""
    value_of = attrgetter(dimension)
    return add_up(
        (value_of(visit), Traffic(1, visit.pageviews, int(visit.pageviews == 1), visit.engaged_seconds))
        for visit in view.visits(day)
    )


@over_days
def converted(view: View, day: int, dimension: str) -> dict[Any, Figures]:
    """Add up conversions, credited or not, by one of their attributes."""
    value_of = attrgetter(dimension)
    return add_up(
        (value_of(found), Figures(outcomes=1, payments=int(found.is_cash), cash=found.cash))
        for found, _ in view.conversions(day)
    )


@over_days
def credited(view: View, day: int, model: str, dimension: str) -> dict[Any, Figures]:
    """Add up the credit that a model gives, by an attribute of `Credit`."""
    value_of = attrgetter(dimension)
    return add_up((value_of(credit), _of_credit(credit)) for credit in credits_of(view, day, model))


def _of_credit(credit: Credit) -> Figures:
    conversion, visit, counted, value = credit
    return Figures(
        credited=counted,
        credited_payments=counted if conversion.is_cash else 0,
        revenue=value,
        organic=value if visit.ad is None else 0,
        pipeline=0 if conversion.is_cash else conversion.cents * MICROS_PER_CENT * counted,
    )


def by_ad(view: View, days: range, model: str) -> dict[Ad, Figures]:
    """Add up what each ad spent and was credited for."""
    sums = add_up(chain(spent(view, days).items(), credited(view, days, model, "visit.ad").items()))
    return {ad: figures for ad, figures in sums.items() if ad is not None}


@over_days
def _everything(view: View, day: int, model: str) -> dict[None, Figures]:
    today = range(day, day + 1)
    groups = spent(view, today), converted(view, today, "goal"), credited(view, today, model, "visit.ad")
    return {None: total((figures for group in groups for figures in group.values()), NOTHING)}


def everything(view: View, days: range, model: str) -> Figures:
    """Add up ads, conversions and credit."""
    return _everything(view, days, model).get(None, NOTHING)


def traffic(view: View, days: range) -> Traffic:
    """Add up all visits."""
    return total(visited(view, days, "channel").values(), NOBODY)
