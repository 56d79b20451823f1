"""How visits come about: which channel brings them, what they look at and what the tracking knows of them."""

import random

from sandbox.atribu.events import Ad, Visit, Visitor
from sandbox.dice import chance, identifier

MINUTES_PER_DAY = 1_440
EPOCH = 719_163  # date(1970, 1, 1).toordinal()

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
        visit_id=identifier(rng),
        visitor=visitor,
        day=day,
        at=(day - EPOCH) * MINUTES_PER_DAY + int(rng.random() * MINUTES_PER_DAY),
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
