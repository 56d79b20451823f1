"""Options that every source has; a vendor adds its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from pendulum import Date

from sources.rest.calling.address import checked_base_url
from sources.rest.catalogue.chosen import other_names, without_columns
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.privacy.policies import SECRET_MIN, PiiPolicy, Privacy, policies
from sources.rest.reading.tasks import VariantValues
from sources.rest.windows import DAYS, FIRST_DAY, LAST_DAY, Grain, today_in

_POSITIVE: Final = (
    "rate_limit",
    "rate_period",
    "max_in_flight",
    "request_timeout",
    "max_tries",
    "max_retry_seconds",
    "max_answer_mb",
    "max_units",
    "max_minutes",
)

_MOST: Final = {
    "rate_limit": 1_000_000_000,
    "rate_period": 31_622_400,
    "max_in_flight": 1_000,
    "request_timeout": 86_400,
    "max_tries": 1_000,
    "max_retry_seconds": 31_622_400,
    "max_units": 1_000_000_000_000,
    "max_minutes": 527_040,
    "lag_days": 366,
    "horizon_days": 3_660,
    "wait_for_destination": 31_622_400,
    "reread_units": 1_000_000_000_000,
}
"""What nobody means to exceed (seconds and minutes of a year, ten years), and threads and clocks can take."""


class Restatement(StrEnum):
    """What is done about days that may have changed since they were loaded."""

    EXACT = "exact"  # ask only for what does not add up any more
    FIXED = "fixed"  # read the whole horizon again
    NONE = "none"  # trust what is loaded


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """Options of any source.

    Args:
        api_key: what the vendor gives to those who may read.
        next_api_key: used as soon as the first key is refused, for key rotation.
        base_url: address of the API.
        dataset: schema that `elt` loads into; without it, it has the name of the source.
        start_date: first day to load; without it, `history_days` before the first sync.
        timezone: the time zone that decides what "today" is.
        lag_days: days up to today that are not asked for yet, such as 1 for an API that refuses the future.
        grain: length of the windows of aggregate rows: day, week or month.
        horizon_days: days before today whose numbers may still change.
        restatement: what is done about them: exact, fixed or none.
        tolerance: share by which a value's sum over the horizon may be out before its days are looked for.
        max_units: units that one run may spend.
        max_minutes: minutes that one run may take.
        wait_for_destination: seconds to wait for a DuckDB file that another process holds.
        rate_limit: units per period that the key may spend.
        rate_period: seconds of that period.
        max_in_flight: calls at once.
        request_timeout: seconds for one answer, from connecting to its last byte.
        max_tries: requests per call, the first included.
        max_retry_seconds: longest time for all tries of a call; a run ends if the server asks to wait longer.
        max_answer_mb: most megabytes of one answer, decompressed; a longer one is an error.
        include_pii: load personal resources too.
        pii_policy: what is loaded of personal columns: nothing (drop), a keyed hash (hash) or all (keep).
        pii_columns: other policies for single columns, each as `column=policy` or `resource.column=policy`.
        pii_secret: key of the hashes, at least 32 characters.
        reread_units: units that reading all pages of the horizon again may cost per personal resource and run.
        retired_metrics: metrics that the API need not send any more, each as `metric` or `resource.metric`; values that
            are loaded of them become null where their days are read again.
        leave_out: columns that are not loaded, each as `resource.column`; what is loaded of them becomes null.
        rename: names that columns have in views, each as `resource.column=name`.

    Raises:
        ConfigurationError: a value cannot work.
    """

    history_days: ClassVar[int] = 90
    """Days loaded where no start is configured."""

    api_key: str = field(repr=False, metadata={"secret": True})
    next_api_key: str | None = field(default=None, repr=False, metadata={"secret": True, "goes_with": "api_key"})
    base_url: str = ""
    dataset: str | None = None
    start_date: Date | None = None
    timezone: str = "UTC"
    lag_days: int = 0
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
    max_answer_mb: float = 32.0
    include_pii: bool = False
    pii_policy: PiiPolicy = PiiPolicy.DROP
    pii_columns: tuple[str, ...] = ()
    pii_secret: str | None = field(default=None, repr=False, metadata={"secret": True})
    reread_units: int = 600
    retired_metrics: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked_base_url(self.base_url)
        self.check_positive(*_POSITIVE)
        if not 0 <= self.tolerance < 1:
            raise ConfigurationError(f"option tolerance is a share from 0 to below 1, not {self.tolerance}")
        for name in ("lag_days", "horizon_days", "wait_for_destination", "reread_units"):
            if not getattr(self, name) >= 0:  # what is no number is not
                raise ConfigurationError(f"option {name} cannot be below 0")
        for name, most in _MOST.items():
            if (getattr(self, name) or 0) > most:
                raise ConfigurationError(f"option {name} cannot be above {most}")
        if self.start_date and not FIRST_DAY <= self.start_date <= LAST_DAY:
            raise ConfigurationError(f"option start_date is a day {DAYS}, not {self.start_date}")
        try:
            today_in(self.timezone)
        except ValueError as error:
            raise ConfigurationError(f"option timezone: {error}") from None

    def check_positive(self, *names: str) -> None:
        """Refuse numbers that have to be above 0 and are not.

        Raises:
            ConfigurationError: one of them.
        """
        for name in names:
            if getattr(self, name) is not None and not 0 < getattr(self, name) < float("inf"):
                raise ConfigurationError(f"option {name} must be above 0, not {getattr(self, name)}")

    def last_day(self, today: Date | None = None) -> Date:
        """Last day to ask for, which is still changing; `today` instead of today in the time zone."""
        return (today or today_in(self.timezone)).subtract(days=self.lag_days)

    def first_day(self, today: Date) -> Date:
        """First day to load.

        Raises:
            ConfigurationError: it lies in the future.
        """
        start = self.start_date or today.subtract(days=self.history_days - 1)
        if start > today:
            raise ConfigurationError(f"the first day to load, {start}, lies after today, {today}")
        return start

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that may be used, the first one first."""
        return tuple(key for key in (self.api_key, self.next_api_key) if key)

    def wanted(self, catalogue: Mapping[str, Endpoint]) -> Mapping[str, Endpoint]:
        """Return the catalogue without the columns that are to be left out.

        Raises:
            ConfigurationError: there is no such column, or it is needed, or cannot be renamed.
        """
        try:
            wanted = without_columns(catalogue, self.leave_out)
        except ValueError as error:
            raise ConfigurationError(f"option leave_out: {error}") from None
        self.renamed(wanted)
        return wanted

    def renamed(self, catalogue: Mapping[str, Endpoint]) -> Mapping[str, Mapping[str, str]]:
        """Return resource -> column -> its name in the view of that resource.

        Raises:
            ConfigurationError: there is no such column, or it cannot have that name.
        """
        try:
            return other_names(catalogue, self.rename)
        except ValueError as error:
            raise ConfigurationError(f"option rename: {error}") from None

    def retired(self, catalogue: Mapping[str, Endpoint]) -> frozenset[str]:
        """Return the metrics that the API need not send any more.

        Raises:
            ConfigurationError: there is no such metric.
        """
        known = {
            name: column
            for row in catalogue.values()
            for column in row.columns
            if column.is_metric
            for name in (column.name, f"{row.name}.{column.name}")
        }
        for name in self.retired_metrics:
            if name not in known:
                raise ConfigurationError(
                    f"option retired_metrics: there is no metric {name!r}{did_you_mean(name, known)}"
                )
        return frozenset(self.retired_metrics)

    def privacy(self, catalogue: Mapping[str, Endpoint]) -> Privacy:
        """Return what becomes of personal data.

        Raises:
            ConfigurationError: a policy names no personal column, or a hash has no secret.
        """
        try:
            by_column = policies(self.pii_columns, catalogue)
        except ValueError as error:
            raise ConfigurationError(f"option pii_columns: {error}") from None
        hashes = PiiPolicy.HASH in (self.pii_policy, *by_column.values())
        if (hashes or self.pii_secret) and len(self.pii_secret or "") < SECRET_MIN:
            raise ConfigurationError(
                f"option pii_secret must have at least {SECRET_MIN} characters; it is the key of the hashes of personal"
                " columns, and belongs into .dlt/secrets.toml or the environment"
            )
        return Privacy(catalogue=catalogue, policy=self.pii_policy, by_column=by_column, secret=self.pii_secret or "")

    @property
    def values(self) -> VariantValues:
        """Values of the query parameters that multiply calls."""
        return {}

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Names that the configuration gives to values of such parameters, by parameter."""
        return {}
