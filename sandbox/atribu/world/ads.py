"""The ad accounts of the made-up world: which ads there are and what each spends on a day."""

import random
from collections.abc import Iterator

from sandbox.atribu.facts.events import MICROS_PER_CENT, Ad, AdReport
from sandbox.atribu.settings import Size
from sandbox.worlds.chance import chance, make_uuid, seeded

_PLATFORMS = (("Paid Social", "facebook"), ("Paid Search", "google"), ("Paid Social", "instagram"))
_THEMES = ("Spring Sale", "Lead Form", "Retargeting", "Brand", "Lookalike", "New Arrivals", "Webinar", "Local")
_FORMATS = ("Video", "Carousel", "Image", "Story")
_REST_CYCLE = 28
_REST_LENGTH = 9
_RESTATED_FOR_DAYS = 28


def make_ads(seed: int, size: Size) -> list[Ad]:
    """Make every ad of the accounts; the first campaign never rests, so each day has at least one running ad."""
    rng = seeded(seed, "ads")
    return [ad for campaign in range(size.campaigns) for ad in _campaign_ads(rng, campaign, size)]


def _campaign_ads(rng: random.Random, campaign: int, size: Size) -> Iterator[Ad]:
    channel, source = _PLATFORMS[campaign % len(_PLATFORMS)]
    campaign_name = f"{_THEMES[campaign % len(_THEMES)]} - {campaign + 1}"
    campaign_id = make_uuid(rng)
    rest_offset = rng.randrange(_REST_CYCLE) if campaign else None
    for ad_set in range(size.ad_sets):
        ad_set_id = make_uuid(rng)
        for number in range(size.ads):
            yield Ad(
                campaign_id=campaign_id,
                campaign_name=campaign_name,
                ad_set_id=ad_set_id,
                ad_set_name=f"{campaign_name} / Audience {ad_set + 1}",
                ad_id=make_uuid(rng),
                ad_name=f"{_FORMATS[number % len(_FORMATS)]} {campaign + 1}.{ad_set + 1}.{number + 1}",
                external_id=str(rng.randrange(120_000_000_000_000_000, 129_999_999_999_999_999)),
                channel=channel,
                source=source,
                cents_per_day=rng.randrange(500, 6_000),
                rest_offset=rest_offset,
            )


def running_on(ads: list[Ad], day: int) -> list[Ad]:
    """List the ads that are switched on on `day`; campaigns pause for nine days in every four weeks."""
    return [ad for ad in ads if ad.rest_offset is None or (day + ad.rest_offset) % _REST_CYCLE >= _REST_LENGTH]


def reports_of(rng: random.Random, ads: list[Ad], day: int, activity: float) -> Iterator[AdReport]:
    """Yield what each running ad did on `day`: first as reported that day, then as restated up to four weeks later."""
    for ad in running_on(ads, day):
        if chance(rng, 0.1):
            continue
        cents = int(ad.cents_per_day * activity * rng.uniform(0.6, 1.4))
        impressions = cents * rng.randrange(2, 6)
        yield _report(rng, ad, day, cents, impressions)
        if chance(rng, 0.15):
            known_on = day + rng.randrange(1, _RESTATED_FOR_DAYS + 1)
            factor = rng.uniform(0.9, 1.1)
            yield _report(rng, ad, known_on, int(cents * factor) + 1, int(impressions * factor))


def _report(rng: random.Random, ad: Ad, known_on: int, cents: int, impressions: int) -> AdReport:
    clicks = int(impressions * rng.uniform(0.005, 0.03))
    return AdReport(ad=ad, known_on=known_on, spend=cents * MICROS_PER_CENT, impressions=impressions, clicks=clicks)
