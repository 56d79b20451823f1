"""Answers that name people: customers, visitors and journeys (sections 5 and 6 of the contract)."""

from functools import partial

from sandbox.atribu.answers.paging import Listing
from sandbox.atribu.answers.shapes import moment, money, units
from sandbox.atribu.facts.events import GOALS, MICROS_PER_CENT, UNITS_PER_USD, Conversion, Person, Visit, Visitor
from sandbox.atribu.facts.view import KnownConversion, View, kept
from sandbox.atribu.parameters import Cursor, Query
from sandbox.server.replies import Row


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

    Where it came from is the last touch; the two lifetime figures are as known today.
    """
    found = _of_goal(view, query.days(view), query.goal)
    if query.search:
        found = [known for known in found if _matches(known.conversion.visitor.person, query.search)]
    fields = ("conversion_time", "conversion_id")
    return Listing(query, found, _converted_at, partial(_customer, view), fields)


@kept
def _of_goal(view: View, days: range, goal: str) -> list[KnownConversion]:
    found = (known for day in days for known in view.conversions(day) if known.conversion.goal == goal)
    return sorted(found, key=_converted_at)


def _converted_at(known: KnownConversion) -> Cursor:
    return -known.conversion.at, known.conversion.conversion_id


def _customer(view: View, known: KnownConversion) -> Row:
    conversion, touches = known
    last = touches[-1] if touches else None
    life = view.lives[conversion.visitor.identity].conversions
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
    """Answer `/visitors`: whoever was seen in the range, with lifetime figures as known today, last seen first."""
    seen = _seen(view, query.days(view))
    if query.search:
        seen = [visitor for visitor in seen if _matches(visitor.person, query.search)]
    fields = ("last_seen_at", "visitor_id")
    return Listing(query, seen, partial(_last_seen, view), partial(_visitor, view), fields)


@kept
def _seen(view: View, days: range) -> list[Visitor]:
    return sorted(view.visitors(days), key=partial(_last_seen, view))


def _last_seen(view: View, visitor: Visitor) -> Cursor:
    return -view.visits_of(visitor)[-1].at, visitor.visitor_id


def _visitor(view: View, visitor: Visitor) -> Row:
    visits = view.visits_of(visitor)
    latest = visits[-1]
    return {
        "visitor_id": visitor.visitor_id,
        **_identity(visitor.person),
        "country": visitor.country,
        "device": visitor.device,
        "browser": visitor.browser,
        "os": visitor.os,
        "channel": latest.channel,
        "source": latest.source,
        "total_revenue": money(sum(conversion.cash for conversion in view.lives[visitor.identity].conversions)),
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
