"""Answers that name people: customers, visitors and journeys (sections 5 and 6 of the contract)."""

from functools import partial
from typing import TypeVar

from sandbox.atribu.answers.paging import Listing
from sandbox.atribu.answers.shapes import moment, money, units
from sandbox.atribu.facts.events import GOALS, MICROS_PER_CENT, UNITS_PER_USD, Conversion, Person, Visit, Visitor
from sandbox.atribu.facts.view import KnownConversion, View, kept
from sandbox.atribu.parameters import Cursor, Query
from sandbox.server.replies import Row

Happened = TypeVar("Happened", Visit, Conversion)


def _matches(person: Person | None, search: str) -> bool:
    if person is None:
        return False
    return any(search.casefold() in text.casefold() for text in (person.name, person.email) if text)


def _identity(person: Person | None) -> Row:
    return {
        "customer_profile_id": person.customer_profile_id if person else None,
        "name": person.name if person else None,
        "email": person.email if person else None,
    }


def customers(view: View, query: Query) -> Listing[KnownConversion]:
    """Answer `/customers`: one row per conversion of the goal in the range, latest first.

    Where it came from is the last touch; the two figures of the person are as known today, of their lifetime or of the
    range.
    """
    found = _of_goal(view, query.days(view), query.goal)
    if query.search:
        found = [known for known in found if _matches(known.conversion.visitor.person, query.search)]
    fields = ("conversion_time", "conversion_id")
    return Listing(query, found, _converted_at, partial(_customer, view, _counted(view, query)), fields)


@kept
def _of_goal(view: View, days: range, goal: str) -> list[KnownConversion]:
    found = (known for day in days for known in view.conversions(day) if known.conversion.goal == goal)
    return sorted(found, key=_converted_at)


def _converted_at(known: KnownConversion) -> Cursor:
    return -known.conversion.at, known.conversion.conversion_id


def _counted(view: View, query: Query) -> range:
    """Give the days whose events count in the figures of people."""
    return query.days(view) if query.figures == "range" else view.clip(view.first_day, view.last)


def _within(happened: list[Happened], days: range) -> list[Happened]:
    return [one for one in happened if days.start <= one.day < days.stop]


def _customer(view: View, days: range, known: KnownConversion) -> Row:
    conversion, touches = known
    last = touches[-1] if touches else None
    life = _within(view.lives[conversion.visitor.identity].conversions, days)
    return {
        "conversion_id": conversion.conversion_id,
        **_identity(conversion.visitor.person),
        "country": last.visitor.country if last else None,
        "device": last.visitor.device if last else None,
        "channel": last.channel if last else None,
        "source": last.source if last else None,
        "revenue": money(conversion.cents * MICROS_PER_CENT),
        "revenue_type": GOALS[conversion.goal],
        "conversion_time": moment(conversion.at),
        "time_to_complete_seconds": (conversion.at - touches[0].at) * 60 if touches else 0,
        "touch_count": len(touches),
        "touch_channels": [touch.channel for touch in touches],
        "conversion_count": len(life),
        "total_revenue": money(sum(conversion.cash for conversion in life)),
    }


def visitors(view: View, query: Query) -> Listing[Visitor]:
    """Answer `/visitors`: whoever was seen in the range, last seen first.

    Figures are as known today, of their lifetime or of the range.
    """
    days = _counted(view, query)
    seen = _seen(view, query.days(view), days)
    if query.search:
        seen = [visitor for visitor in seen if _matches(visitor.person, query.search)]
    fields = ("last_seen_at", "visitor_id")
    return Listing(query, seen, partial(_last_seen, view, days), partial(_visitor, view, days), fields)


@kept
def _seen(view: View, asked: range, days: range) -> list[Visitor]:
    return sorted(view.visitors(asked), key=partial(_last_seen, view, days))


def _last_seen(view: View, days: range, visitor: Visitor) -> Cursor:
    return -_within(view.visits_of(visitor), days)[-1].at, visitor.visitor_id


def _visitor(view: View, days: range, visitor: Visitor) -> Row:
    visits = _within(view.visits_of(visitor), days)
    latest = visits[-1]
    paid = _within(view.lives[visitor.identity].conversions, days)
    return {
        "visitor_id": visitor.visitor_id,
        **_identity(visitor.person),
        "country": visitor.country,
        "device": visitor.device,
        "browser": visitor.browser,
        "os": visitor.os,
        "channel": latest.channel,
        "source": latest.source,
        "total_revenue": money(sum(conversion.cash for conversion in paid)),
        "last_seen_at": moment(latest.at),
        "session_count": len(visits),
        "total_pageviews": sum(visit.pageviews for visit in visits),
        "touch_channels": list(dict.fromkeys(visit.channel for visit in visits)),
    }


def journey(view: View, query: Query) -> Listing[Visit | Conversion]:
    """Answer `/customers/{id}/journey`: visits and conversions of one customer, oldest first; no data for others."""
    visits, conversions = view.lives.get(query.parent, ((), ()))
    return Listing(query, sorted([*visits, *conversions], key=_happened), _happened, _event)


def _happened(event: Visit | Conversion) -> Cursor:
    return event.at, event.visit_id if isinstance(event, Visit) else event.conversion_id


def _event(event: Visit | Conversion) -> Row:
    visit, goal, currency, paid = None, "", "", 0
    if isinstance(event, Visit):
        visit = event
    else:
        goal, (_, currency) = event.goal, event.payment
        paid = event.cents * UNITS_PER_USD[currency]
    return {
        "event_type": goal or "page_view",
        "event_name": goal or "Page viewed",
        "event_time": moment(event.at),
        "url": f"https://shop.example.com{visit.page}?utm_source={visit.source or ''}" if visit else None,
        "path": visit.page if visit else None,
        "channel": visit.channel if visit else None,
        "source": visit.source if visit else None,
        "medium": visit.medium if visit else None,
        "campaign": visit.ad.campaign_name if visit and visit.ad else None,
        "value_amount": units(paid) if paid else None,
        "currency": currency if paid else None,
        "device": event.visitor.device,
        "browser": event.visitor.browser,
        "os": event.visitor.os,
        "country": event.visitor.country,
        "city": event.visitor.city,
        "is_synthetic": goal == "payment_received",
    }
