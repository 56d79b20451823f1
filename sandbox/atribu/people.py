"""Answers that name people: customers, visitors and journeys (sections 5 and 6 of the contract)."""

from sandbox.atribu.answer import Answer, Row, moment, money
from sandbox.atribu.events import GOALS, Conversion, Person, Visit, Visitor
from sandbox.atribu.paging import page_of, rank
from sandbox.atribu.query import Query
from sandbox.atribu.view import Known, View, cash_of

_CENTS_PER_UNIT = 100


def _matches(person: Person | None, search: str) -> bool:
    if not search:
        return True
    if person is None:
        return False
    return any(search.casefold() in text.casefold() for text in (person.name, person.email) if text)


def _identity(person: Person | None) -> Row:
    return {
        "customer_profile_id": person.customer_profile_id if person else None,
        "name": person.name if person else None,
        "email": person.email if person else None,
    }


def customers(view: View, query: Query) -> Answer:
    """Answer `/customers`: one row per conversion of the goal in the range, latest first.

    Where it came from is the last touch; the two lifetime figures are as known today.
    """
    found = (
        known
        for day in view.clip(query.first, query.last)
        for known in view.conversions(day)
        if known.conversion.goal == query.goal and _matches(known.conversion.visitor.person, query.search)
    )
    ranked = rank(found, lambda known: (known.conversion.at, known.conversion.conversion_id))
    return page_of(query, ranked, lambda known: _customer(view, known))


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


def visitors(view: View, query: Query) -> Answer:
    """Answer `/visitors`: whoever was seen in the range, with lifetime figures as known today, last seen first."""
    seen = view.visitors(query.first, query.last)
    if query.search:
        seen = [placed for placed in seen if _matches(placed[1].person, query.search)]
    return page_of(query, seen, lambda visitor: _visitor(view, visitor))


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


def journey(view: View, query: Query) -> Answer:
    """Answer `/customers/{id}/journey`: visits and conversions of one customer, oldest first; no data for others."""
    person_visits, person_conversions = view.lives.of_profile(query.parent)
    events = [(visit.at, visit.visit_id, _visited(visit)) for visit in person_visits]
    events += [(made.at, made.conversion_id, _converted(made)) for made in person_conversions]
    events.sort(key=lambda event: event[:2])
    if query.cursor is not None:
        after = query.cursor
        events = [event for event in events if event[:2] > after]
    page = events[: query.limit] if query.capped else events
    pagination: Row = {"has_next": len(events) > len(page)}
    if pagination["has_next"]:
        at, key, _ = page[-1]
        pagination["cursor"] = f"{moment(at)}|{key}"
    return Answer([row for _, _, row in page], pagination)


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
