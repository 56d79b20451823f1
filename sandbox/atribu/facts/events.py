"""What can happen: ads, visits and conversions, each with the day on which it becomes known.

Days are ordinals and moments minutes, as in `sandbox.worlds.days`. Money is whole micros (millionths) of the reporting
currency, so that sums are exact and each answer rounds once.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sandbox.worlds.days import day_at

NEVER = date.max.toordinal()
MICROS_PER_CENT = 10_000
REPORTING_CURRENCY = "USD"
UNITS_PER_USD = {"USD": 1, "MXN": 20}

GOALS: dict[str, str] = {
    "payment_received": "cash",
    "lead_created": "pipeline",
    "appointment_booked": "pipeline",
    "closed_won": "pipeline",
    "contact_reply": "pipeline",
    "order_placed": "gross",
}
TRACKING = ("full_utms", "fbclid_only", "no_tracking")
_CAMPAIGN = ("campaign_id", "campaign_name")
_AD_SET = (*_CAMPAIGN, "ad_set_id", "ad_set_name")
# The fields that name a campaign, an ad set or an ad.
LEVELS = {"campaign": _CAMPAIGN, "ad_set": _AD_SET, "ad": (*_AD_SET, "ad_id", "ad_name")}


@dataclass(frozen=True, eq=False, slots=True)
class Ad:
    """One ad with its place in the account; `*_id` are internal UUIDs, `external_id` is the ad platform's id."""

    campaign_id: str
    campaign_name: str
    ad_set_id: str
    ad_set_name: str
    ad_id: str
    ad_name: str
    external_id: str
    channel: str
    source: str
    cents_per_day: int
    rest_offset: int | None


@dataclass(frozen=True, slots=True)
class AdReport:
    """What one ad did on one day, as the platform reports it from the day `known_on`."""

    ad: Ad
    known_on: int
    spend: int
    impressions: int
    clicks: int


@dataclass(frozen=True, eq=False, slots=True)
class Person:
    """An identified customer; the name and the address are made up."""

    customer_profile_id: str
    name: str | None
    email: str | None


@dataclass(frozen=True, eq=False, slots=True)
class Visitor:
    """One browser on one device; `trail` holds every visit of its person, or its own while anonymous."""

    visitor_id: str
    person: Person | None
    country: str
    city: str
    device: str
    browser: str
    os: str
    trail: list["Visit"]

    @property
    def identity(self) -> object:
        """Give what is the same for all visitors that are one person; an anonymous visitor is a person of its own."""
        return self.person.customer_profile_id if self.person else self


@dataclass(frozen=True, eq=False, slots=True)
class Visit:
    """One session: where it came from, where it landed and how it went."""

    visit_id: str
    visitor: Visitor
    at: int
    channel: str
    source: str | None
    medium: str | None
    ad: Ad | None
    page: str
    referrer: str
    pageviews: int
    engaged_seconds: int
    tracking: str

    @property
    def day(self) -> int:
        """Give the day of the visit."""
        return day_at(self.at)


@dataclass(frozen=True, eq=False, slots=True)
class Conversion:
    """One goal reached, worth `cents` of the reporting currency; `payment` is a source and its currency.

    It is known from `recorded_on`, gone from `cancelled_on`. `touches` are credited until `reattributed_on`,
    `later_touches` from then.
    """

    conversion_id: str
    visitor: Visitor
    at: int
    goal: str
    cents: int
    recorded_on: int
    touches: tuple[Visit, ...]
    reattributed_on: int = NEVER
    later_touches: tuple[Visit, ...] = ()
    cancelled_on: int = NEVER
    payment: tuple[str, str] = ("Stripe", REPORTING_CURRENCY)

    @property
    def day(self) -> int:
        """Give the day on which the goal was reached."""
        return day_at(self.at)

    @property
    def is_cash(self) -> bool:
        """Tell whether the goal is a payment."""
        return GOALS[self.goal] == "cash"

    @property
    def cash(self) -> int:
        """Give what the conversion adds to revenue, in micros: nothing unless it is a payment."""
        return self.cents * MICROS_PER_CENT if self.is_cash else 0

    def touches_known_on(self, day: int) -> tuple[Visit, ...]:
        """Give the touches that are credited as seen on `day`, oldest first."""
        return self.later_touches if day >= self.reattributed_on else self.touches


class Searches(NamedTuple):
    """What one search keyword did on one day; `positions` adds up the position of each impression."""

    impressions: int
    clicks: int
    positions: int


@dataclass(slots=True)
class Day:
    """Everything that happened on one day, known or not yet known."""

    visits: list[Visit] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    ad_reports: list[AdReport] = field(default_factory=list)
    keywords: dict[str, Searches] = field(default_factory=dict)
