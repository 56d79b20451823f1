"""Who visits, and how visits come about: the browser, the channel that brings it, the pages and the tracking.

Names of people are made up, and their addresses end in `example.com`.
"""

import random

from sandbox.atribu.facts.events import Ad, Person, Visit, Visitor
from sandbox.worlds.chance import chance, make_uuid
from sandbox.worlds.days import MINUTES_PER_DAY, midnight

_FIRST = ("Ada", "Bruno", "Carla", "Diego", "Elena", "Farid", "Greta", "Hugo", "Inés", "Jonas", "Kira", "Luis", "Mara")
_LAST = ("Abel", "Brandt", "Castro", "Dumas", "Eriksen", "Flores", "Gómez", "Hansen", "Ibarra", "Jansen", "Kovač")
_PLACES = (
    ("US", "Austin"),
    ("US", "Denver"),
    ("MX", "Puebla"),
    ("CL", "Santiago"),
    ("CL", "Valdivia"),
    ("AR", "Rosario"),
    ("ES", "Sevilla"),
    ("BR", "Recife"),
)
_MACHINES = (
    ("desktop", "Chrome", "macOS"),
    ("desktop", "Chrome", "Windows"),
    ("desktop", "Firefox", "Linux"),
    ("desktop", "Edge", "Windows"),
    ("mobile", "Safari", "iOS"),
    ("mobile", "Chrome", "Android"),
    ("mobile", "Samsung Internet", "Android"),
    ("tablet", "Safari", "iPadOS"),
)
_ORGANIC = (
    ("Direct", None, None, "(none)"),
    ("Organic Search", "google", "organic", "google.com"),
    ("Organic Search", "bing", "organic", "bing.com"),
    ("Organic Social", "instagram", "social", "instagram.com"),
    ("Email", "newsletter", "email", "mail.example.com"),
    ("Referral", "partner", "referral", "partner.example.com"),
    ("Affiliate", "affiliate", "affiliate", "deals.example.com"),
)
_ORGANIC_WEIGHTS = (30, 25, 5, 10, 10, 6, 2)
_PAID_REFERRERS = {"facebook": "facebook.com", "google": "google.com", "instagram": "instagram.com"}
_PAID_SHARE = 0.45
_PAID_TRACKING = ("full_utms", "full_utms", "full_utms", "fbclid_only")


def make_visitor(rng: random.Random, number: int, known: list[Visitor]) -> Visitor:
    """Make the visitor `number`: anonymous, a new person, or another device of somebody in `known`."""
    place, machine = rng.choice(_PLACES), rng.choice(_MACHINES)
    person: Person | None = None
    trail: list[Visit] = []
    if chance(rng, 0.35):
        if known and chance(rng, 0.2):
            other = rng.choice(known)
            person, trail, place = other.person, other.trail, (other.country, other.city)
        else:
            person = _make_person(rng, number)
    return Visitor(make_uuid(rng), person, *place, *machine, trail)


def make_customer(rng: random.Random, number: int) -> Visitor:
    """Make the visitor `number` as a new person with one browser."""
    place, machine = rng.choice(_PLACES), rng.choice(_MACHINES)
    return Visitor(make_uuid(rng), _make_person(rng, number), *place, *machine, trail=[])


def _make_person(rng: random.Random, number: int) -> Person:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    return Person(
        customer_profile_id=make_uuid(rng),
        name=None if chance(rng, 0.05) else f"{first} {last}",
        email=None if chance(rng, 0.05) else f"person{number}@example.com",
    )


def make_pages(count: int) -> list[str]:
    """Name `count` landing pages."""
    named = ["/", "/pricing", "/book", "/shop", "/contact"]
    return (named + [f"/blog/post-{number}" for number in range(1, count)])[:count]


def make_visit(rng: random.Random, visitor: Visitor, day: int, ads: list[Ad], pages: list[str]) -> Visit:
    """Make one visit of `visitor` on `day`; `ads` are those running that day."""
    if ads and chance(rng, _PAID_SHARE):
        ad: Ad | None = rng.choice(ads)
    else:
        ad = None
    if ad is None:
        channel, source, medium, referrer = rng.choices(_ORGANIC, _ORGANIC_WEIGHTS)[0]
        tracking = "full_utms" if channel in {"Email", "Affiliate"} else "no_tracking"
    else:
        channel, source, medium, referrer = ad.channel, ad.source, "cpc", _PAID_REFERRERS[ad.source]
        tracking = rng.choice(_PAID_TRACKING)
    pageviews = 1 if chance(rng, 0.45) else rng.randrange(2, 9)
    return Visit(
        visit_id=make_uuid(rng),
        visitor=visitor,
        at=midnight(day) + int(rng.random() * MINUTES_PER_DAY),
        channel=channel,
        source=source,
        medium=medium,
        ad=ad,
        page=pages[int(len(pages) * rng.random() ** 2)],
        referrer=referrer,
        pageviews=pageviews,
        engaged_seconds=pageviews * rng.randrange(5, 90),
        tracking=tracking,
    )
