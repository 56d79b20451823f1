"""What can be set under `[sources.atribu]`, by file or environment."""

import re
from dataclasses import dataclass, field
from typing import Final

from pendulum import Date

from sources.rest.coverage import Restatement
from sources.rest.errors import ConfigurationError
from sources.rest.options import nearest
from sources.rest.session import checked_base_url
from sources.rest.windows import Grain, today_in

HISTORY_DAYS: Final = 90
"""Days loaded where no start is configured: the longest attribution window that Atribu starts with."""

MODELS: Final = (
    "last_touch",
    "first_touch",
    "linear",
    "time_decay",
    "last_non_direct",
    "split_50_50",
    "position_based",
    "custom_weighted",
)
"""Documented attribution models, https://www.atribu.app/docs/api/overview; newer servers list only the first five."""

LEVELS: Final = ("campaign", "ad_set", "ad")
_KEY: Final = re.compile(r"atb_live_[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of the Atribu source.

    Args:
        api_key: `atb_live_...`, made in the dashboard under Settings > Developer; belongs to one profile.
        base_url: address of the API.
        start_date: first day to load; without it, 90 days before the first sync.
        timezone: the profile's time zone; it decides what "today" is.
        reporting_currency: the profile's currency, which the API does not tell; kept in the table `profile`.
        models: attribution models to load.
        levels: levels of `campaigns` to load.
        grain: length of the windows of aggregate rows: day, week or month.
        horizon_days: days before today whose numbers attribution may still change.
        restatement: what is done about them: exact, fixed or none.
        tolerance: share by which a value's sum over the horizon may be out before its days are looked for.
        max_units: units that one run may spend.
        max_minutes: minutes that one run may take.
        wait_for_destination: seconds to wait for a DuckDB file that another process holds.
        rate_limit: units per period that the key may spend.
        rate_period: seconds of that period.
        max_in_flight: calls at once.
        request_timeout: seconds for one answer.
        max_tries: requests per call, the first included.
        max_retry_seconds: longest time for all tries of a call.
        entity_ids_separator: joins ids in one call of `campaigns_trend`.
        entity_ids_per_call: ids in one such call.
        compare_ads: pairs of ads for `ads_compare`, each as `first:second`.

    Raises:
        ConfigurationError: a value cannot work.
    """

    api_key: str = field(repr=False, metadata={"secret": True})
    base_url: str = "https://www.atribu.app/api/v1"
    start_date: Date | None = None
    timezone: str = "UTC"
    reporting_currency: str | None = None
    models: tuple[str, ...] = ("last_touch",)
    levels: tuple[str, ...] = LEVELS
    grain: Grain = Grain.DAY
    horizon_days: int = 90
    restatement: Restatement = Restatement.EXACT
    tolerance: float = 0.0
    max_units: int | None = None
    max_minutes: float | None = None
    wait_for_destination: float = 30.0
    rate_limit: int = 60
    rate_period: float = 60.0
    max_in_flight: int = 8
    request_timeout: float = 30.0
    max_tries: int = 5
    max_retry_seconds: float = 300.0
    entity_ids_separator: str = ","
    entity_ids_per_call: int = 50
    compare_ads: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.api_key):
            raise ConfigurationError("api_key is not an Atribu key; it has the form atb_live_...")
        checked_base_url(self.base_url)
        self._check_choices()
        self._check_numbers()
        for pair in self.compare_ads:
            if len(pair.split(":")) != 2 or not all(pair.split(":")):  # noqa: PLR2004 - a pair
                raise ConfigurationError(f"option compare_ads takes pairs as first:second, not {pair!r}")
        try:
            today_in(self.timezone)
        except ValueError as error:
            raise ConfigurationError(f"option timezone: {error}") from None

    def _check_choices(self) -> None:
        for name, known in (("models", MODELS), ("levels", LEVELS)):
            values = getattr(self, name)
            if not values:
                raise ConfigurationError(f"option {name} is empty; name at least one of {', '.join(known)}")
            for value in values:
                if value not in known:
                    raise ConfigurationError(
                        f"{value!r} is not one of the {name}{nearest(value, dict.fromkeys(known))}"
                    )

    def _check_numbers(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) is not None and not 0 < getattr(self, name) < float("inf"):
                raise ConfigurationError(f"option {name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.tolerance < 1:
            raise ConfigurationError(f"option tolerance is a share from 0 to below 1, not {self.tolerance}")
        for name in ("horizon_days", "wait_for_destination"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"option {name} cannot be below 0")

    def first_day(self, today: Date) -> Date:
        """First day to load.

        Raises:
            ConfigurationError: it lies in the future.
        """
        start = self.start_date or today.subtract(days=HISTORY_DAYS - 1)
        if start > today:
            raise ConfigurationError(f"the first day to load, {start}, lies after today, {today}")
        return start

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Values of the query parameters that multiply calls."""
        return {"model": self.models, "level": self.levels}


_POSITIVE: Final = (
    "rate_limit",
    "rate_period",
    "max_in_flight",
    "request_timeout",
    "max_tries",
    "max_retry_seconds",
    "entity_ids_per_call",
    "max_units",
    "max_minutes",
)
