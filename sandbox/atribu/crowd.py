"""Who visits: people with synthetic names and `example.com` addresses, and the browsers they come with."""

import random

from sandbox.atribu.events import Person, Visit, Visitor
from sandbox.dice import chance, identifier

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


def make_visitor(rng: random.Random, number: int, known: list[Visitor]) -> Visitor:
    """Make the visitor `number`: anonymous, a new person, or another device of somebody in `known`."""
    country, city = rng.choice(_PLACES)
    device, browser, system = rng.choice(_MACHINES)
    person: Person | None = None
    trail: list[Visit] = []
    if chance(rng, 0.35):
        if known and chance(rng, 0.2):
            other = rng.choice(known)
            person, trail = other.person, other.trail
            country, city = other.country, other.city
        else:
            person = _make_person(rng, number)
    return Visitor(
        visitor_id=identifier(rng),
        person=person,
        country=country,
        city=city,
        device=device,
        browser=browser,
        os=system,
        trail=trail,
    )


def make_customer(rng: random.Random, number: int) -> Visitor:
    """Make the visitor `number` as a new person with one browser."""
    country, city = rng.choice(_PLACES)
    device, browser, system = rng.choice(_MACHINES)
    return Visitor(
        visitor_id=identifier(rng),
        person=_make_person(rng, number),
        country=country,
        city=city,
        device=device,
        browser=browser,
        os=system,
        trail=[],
    )


def _make_person(rng: random.Random, number: int) -> Person:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    return Person(
        customer_profile_id=identifier(rng),
        name=None if chance(rng, 0.05) else f"{first} {last}",
        email=None if chance(rng, 0.05) else f"person{number}@example.com",
    )
