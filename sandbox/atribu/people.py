"""Answers that name people: customers, visitors and journeys (sections 5 and 6 of the contract)."""

from sandbox.atribu.answer import Row, moment, money
from sandbox.atribu.events import GOALS, Conversion, Person, Visit, Visitor
from sandbox.atribu.paging import Cursor, Listing, rank
from sandbox.atribu.query import Query
from sandbox.atribu.view import Known, View, cash_of

_CENTS_PER_UNIT = 100


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


def customers(view: View, query: Query) -> Listing[Known]:
    """Answer `/customers`: one row per conversion of the goal in the range, latest first.

    Where it came from is the last touch; the two lifetime figures are as known today.
    """
    found = view.customers(query.first, query.last, query.goal)
    if query.search:
        found = [placed for placed in found if _matches(placed[1].conversion.visitor.person, query.search)]
    return Listing(query, found, lambda known: _customer(view, known), ("conversion_time", "conversion_id"))


def _customer(view: View, known: Known) -> Row:
    conversion, touches = known
    last = touches[-1] if touches else None
    life = view.lives.conversions_of(conversion.visitor)
    return {
        "conversion_id": conversion.conversion_id,
        **_identity(conversion.visitor.person),
        "country": last.visitor.country if last else None,
        "device": last.visitor.device if last else None,
        "channel": last.channel if last else None,
        "source": last.source if last else None,
        "revenue": money(conversion.value),
        "revenue_type": GOALS[conversion.goal],
        "conversion_time": moment(conversion.at),
        "time_to_complete_seconds": (conversion.at - touches[0].at) * 60 if touches else 0,
        "touch_count": len(touches),
        "touch_channels": [touch.channel for touch in touches],
        "conversion_count": len(life),
        "total_revenue": money(sum(map(cash_of, life))),
    }


def visitors(view: View, query: Query) -> Listing[Visitor]:
    """Answer `/visitors`: whoever was seen in the range, with lifetime figures as known today, last seen first."""
    seen = view.visitors(query.first, query.last)
    if query.search:
        seen = [placed for placed in seen if _matches(placed[1].person, query.search)]
    return Listing(query, seen, lambda visitor: _visitor(view, visitor), ("last_seen_at", "visitor_id"))


def _visitor(view: View, visitor: Visitor) -> Row:
    visits = view.lives.visits_of(visitor)
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
        "total_revenue": money(sum(map(cash_of, view.lives.conversions_of(visitor)))),
        "last_seen_at": moment(latest.at),
        "session_count": len(visits),
        "total_pageviews": sum(visit.pageviews for visit in visits),
        "touch_channels": list(dict.fromkeys(visit.channel for visit in visits)),
    }


def journey(view: View, query: Query) -> Listing[Visit | Conversion]:
    """Answer `/customers/{id}/journey`: visits and conversions of one customer, oldest first; no data for others."""
    visits, conversions = view.lives.of_profile(query.parent)
    return Listing(query, rank([*visits, *conversions], _happened, latest_first=False), _event_of)


def _happened(event: Visit | Conversion) -> Cursor:
    return event.at, event.visit_id if isinstance(event, Visit) else event.conversion_id


def _event_of(event: Visit | Conversion) -> Row:
    return _visited(event) if isinstance(event, Visit) else _converted(event)


def _visited(visit: Visit) -> Row:
    return _event("page_view", "Page viewed", visit.at, visit.visitor, visit) | {
        "url": f"https://shop.example.com{visit.page}?utm_source={visit.source or ''}",
        "path": visit.page,
    }


def _converted(conversion: Conversion) -> Row:
    paid = conversion.amount / _CENTS_PER_UNIT if conversion.value else None
    return _event(conversion.goal, conversion.goal, conversion.at, conversion.visitor, None) | {
        "value_amount": paid,
        "currency": conversion.currency if conversion.value else None,
        "is_synthetic": conversion.goal == "payment_received",
    }


def _event(event_type: str, name: str, at: int, visitor: Visitor, visit: Visit | None) -> Row:
    return {
        "event_type": event_type,
        "event_name": name,
        "event_time": moment(at),
        "url": None,
        "path": None,
        "channel": visit.channel if visit else None,
        "source": visit.source if visit else None,
        "medium": visit.medium if visit else None,
        "campaign": visit.ad.campaign_name if visit and visit.ad else None,
        "value_amount": None,
        "currency": None,
        "device": visitor.device,
        "browser": visitor.browser,
        "os": visitor.os,
        "country": visitor.country,
        "city": visitor.city,
        "is_synthetic": False,
    }
