"""What happens in the synthetic world: ads, visits and conversions, each with the day on which it becomes known.

Days are proleptic ordinals (`date.toordinal`), moments are minutes since the Unix epoch in UTC, money is whole micros
(millionths) of the reporting currency, so that sums are exact and rounding happens once per answer.
"""

from dataclasses import dataclass, field
from datetime import date

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
class AdDay:
    """What one ad did on one day, as the platform reports it from the day `known_on`."""

    ad: Ad
    known_on: int
    spend: int
    impressions: int
    clicks: int


@dataclass(frozen=True, eq=False, slots=True)
class Person:
    """An identified customer; the name and the address are synthetic."""

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


@dataclass(frozen=True, eq=False, slots=True)
class Visit:
    """One session: where it came from, where it landed and how it went."""

    visit_id: str
    visitor: Visitor
    day: int
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


@dataclass(frozen=True, eq=False, slots=True)
class Conversion:
    """One goal reached; known from `recorded_on`, gone from `cancelled_on`.

    `touches` are credited until `reattributed_on`, `later_touches` from then. `value` is in micros of the reporting
    currency, `amount` in cents of `currency`.
    """

    conversion_id: str
    visitor: Visitor
    day: int
    at: int
    goal: str
    value: int
    currency: str
    amount: int
    payment_source: str
    recorded_on: int
    touches: tuple[Visit, ...]
    reattributed_on: int = NEVER
    later_touches: tuple[Visit, ...] = ()
    cancelled_on: int = NEVER

    def touches_known_on(self, day: int) -> tuple[Visit, ...]:
        """Give the touches that earn the credit as seen on `day`, oldest first."""
        return self.later_touches if day >= self.reattributed_on else self.touches


@dataclass(frozen=True, slots=True)
class KeywordDay:
    """What one search keyword did on one day; `position_sum` is the position added up over impressions."""

    keyword: str
    impressions: int
    clicks: int
    position_sum: int


@dataclass(slots=True)
class Day:
    """Everything that happened on one day, known or not yet known."""

    visits: list[Visit] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    ad_days: list[AdDay] = field(default_factory=list)
    keywords: list[KeywordDay] = field(default_factory=list)
