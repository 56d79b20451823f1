"""What can be chosen: the world, the keys, and how the server reads what the contract leaves open."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sandbox.atribu.canaries import Canaries
from sandbox.server.state import BaseSettings

DEFAULT_SCOPES = frozenset({"analytics:read", "campaigns:read", "conversions:read", "realtime:read"})
ALL_SCOPES = DEFAULT_SCOPES | {"customers:read", "visitors:read"}
FULL_KEY = "atb_live_sandbox_all_scopes"
DEFAULT_KEY = "atb_live_sandbox_default_scopes"

Generation = Literal["new", "old"]
Figures = Literal["lifetime", "range"]
Paging = Literal["packed_cursor", "opaque_cursor", "in_pagination", "from_last_row"]
Levels = Literal["documented", "own_ids", "in_campaign_id"]
OverLimit = Literal["refused", "cut"]
Unknown = Literal["refused", "ignored"]


def _default_keys() -> dict[str, frozenset[str]]:
    return {FULL_KEY: ALL_SCOPES, DEFAULT_KEY: DEFAULT_SCOPES}


@dataclass(frozen=True)
class Size:
    """How big the made-up world is.

    `visits_per_day` and `conversions_per_day` are weekday averages. `pages` or `keywords` above 100 make lists that the
    API cuts off at its largest `limit`. Ads number `campaigns * ad_sets * ads`. `reattributed` is the share of the
    conversions with a touch whose last one turns out to be another later on.
    """

    visits_per_day: int = 120
    conversions_per_day: int = 12
    campaigns: int = 5
    ad_sets: int = 2
    ads: int = 3
    pages: int = 30
    keywords: int = 40
    reattributed: float = 0.08


@dataclass(frozen=True)
class Population:
    """A world of exactly `customers` customers, each of whom reaches `goal` in the `days` days up to `today`.

    On every day after that, the share `change` of them changes: their rows, as customers and as visitors, and their
    journeys. With 60 days everybody's conversion stays within the last 90 days for a month.
    """

    customers: int = 10_000
    goal: str = "payment_received"
    days: int = 60
    change: float = 0.01


@dataclass
class Settings(BaseSettings):
    """Everything a test or a demo may choose, besides what every stand-in has.

    `size` and `population` make the world when the app is created. `today` is the day on which questions are asked:
    move it to see the past restated. `keys` are the API keys with their scopes. `generation` picks the field sets of
    section 0.1 of the contract, `zero_fill` whether series list
    days without data, `figures` whether figures of people are of their lifetime or of the days that were asked for.

    `paging` says how the cursor is handed out (section 1.8): documented is the field `cursor`, which may be readable or
    not; the last row holds what the parameters want in any case. `levels` says what `/campaigns` answers below the
    level of campaigns: the six documented fields only, ids and names of ad sets and ads beside them, or in the fields
    of the campaign. The document does not tell what becomes of a `limit` above 100 (`over_limit`), of a parameter that
    an endpoint does not know (`unknown_parameters`) and of a `model` that the server does not have (`unknown_models`:
    if ignored, it takes `last_touch`). With `fractions` every number is a sixteenth more than it would be, so that
    counts are fractions and sums still add up.

    `canaries` are planted in what the server says; searching does not find people by them.

    `brands` are further profiles behind the same address, each with everything of its own: by the key that leads to it.

    With a `population` the world consists of these people and spends nothing on ads; what was `today` when the app was
    created is the last day before they start to change.
    """

    today: date = date(2026, 3, 31)
    size: Size = field(default_factory=Size)
    population: Population | None = None
    keys: dict[str, frozenset[str]] = field(default_factory=_default_keys)
    profile_id: str = "5a0d0c8e-7a1b-4c58-9a52-3f1f0b6f2d11"
    generation: Generation = "new"
    paging: Paging = "packed_cursor"
    levels: Levels = "documented"
    over_limit: OverLimit = "refused"
    unknown_parameters: Unknown = "refused"
    unknown_models: Unknown = "refused"
    fractions: bool = False
    zero_fill: bool = False
    figures: Figures = "lifetime"
    canaries: Canaries | None = None
    brands: dict[str, "Settings"] = field(default_factory=dict)
