"""One command as it was given: options and command line, resolved into the few values that each room needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from dlt.extract import DltResource

from pipelines.destinations.target import Target
from pipelines.planning.policy import Policy
from pipelines.planning.request import Request
from sources.rest.calling.budget import Rate
from sources.rest.calling.keys import fingerprint_of
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Doubt
from sources.rest.errors import ConfigurationError
from sources.rest.options.common import CommonOptions, Restatement
from sources.rest.privacy.policies import Privacy
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import VariantValues
from sources.rest.vendor.source import Source
from sources.rest.windows import Window

SLICE_UNITS_MAX: Final = 600
"""Most units of one commit, however fast the key is: it bounds memory and what a crash can lose."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may spend, and how fast.

    Attributes:
        rate: units that the key may spend in a period.
        in_flight: calls at once.
        max_units: units that the run may spend; None for any number.
        max_minutes: minutes that it may take; None for any number.
    """

    rate: Rate
    in_flight: int
    max_units: int | None
    max_minutes: float | None

    @property
    def allowance(self) -> tuple[float, float]:
        """Units and seconds after which the run stops."""
        return self.max_units or float("inf"), (self.max_minutes or float("inf")) * 60

    @property
    def slice_units(self) -> int:
        """Units after which rows are committed: about once a minute."""
        return min(SLICE_UNITS_MAX, max(1, round(self.rate.per_minute)))


@dataclass(frozen=True)
class RunConfig:
    """What one command is about; each property is what one room needs to know, made out when it is asked for.

    Args:
        source: the vendor.
        options: its options, in force.
        request: what is asked for on the command line.
    """

    source: Source
    options: CommonOptions
    request: Request

    def check(self) -> None:
        """See whether this can work, before anything is locked or opened.

        Raises:
            ConfigurationError: it cannot.
        """
        if not self.endpoints or not self.days.days:
            raise ConfigurationError("there is nothing to load")

    def without_personal_data(self) -> "RunConfig":
        """Return the same for everything but personal data."""
        return RunConfig(self.source, replace(self.options, include_pii=False), self.request)

    @cached_property
    def endpoints(self) -> Sequence[Endpoint]:
        """Catalogue rows that are asked for.

        Raises:
            ConfigurationError: a resource is unknown, personal, or needs an option that is not set.
        """
        return self.source.select(self.request.resources, self.options)

    @cached_property
    def privacy(self) -> Privacy:
        """What becomes of personal data."""
        return self.source.privacy(self.options)

    @cached_property
    def catalogue(self) -> Mapping[str, Endpoint]:
        """Every endpoint by name, as it is loaded."""
        return self.privacy.loaded_catalogue()

    @property
    def days(self) -> Window:
        """Days that are asked for.

        Raises:
            ConfigurationError: there are none, or they lie in the future.
        """
        return self.request.days(self.options)

    @cached_property
    def policy(self) -> Policy:
        """How the past is gone about; what only the destination and the API can tell is added later."""
        request, options = self.request, self.options
        return Policy(
            today=request.day(options),
            horizon_days=options.horizon_days,
            restatement=Restatement.FIXED if request.full else options.restatement,
            grain=options.grain,
            values=options.values,
            looks_back=request.since is None,
            keeps_start=request.since is None and options.start_date is None,
            tolerance=options.tolerance,
            reread_units=options.reread_units,
            retired=options.retired(self.catalogue),
        )

    @property
    def target(self) -> Target:
        """Where rows go."""
        request = self.request
        return Target(self.source.name, request.destination, request.dataset, wait=self.options.wait_for_destination)

    def target_of(self, endpoints: Sequence[Endpoint]) -> Target:
        """Return where the rows of some endpoints go, all of them personal or none."""
        return self.target.for_personal_data() if endpoints[0].pii else self.target

    @property
    def limits(self) -> Limits:
        """What the run may spend, and how fast."""
        options = self.options
        return Limits(
            rate=Rate(options.rate_limit, options.rate_period),
            in_flight=options.max_in_flight,
            max_units=options.max_units,
            max_minutes=options.max_minutes,
        )

    @property
    def key_fingerprint(self) -> str:
        """Tells the configured key from others."""
        return fingerprint_of(self.options.api_key)

    @property
    def include_pii(self) -> bool:
        """Personal resources are loaded too."""
        return self.options.include_pii

    @property
    def discovers(self) -> frozenset[str]:
        """Parameters whose values the API is asked for where none are configured."""
        return frozenset(self.source.discovered)

    @property
    def doubtful(self) -> Mapping[str, Doubt]:
        """Parameters of which a server may not take each value."""
        return self.source.doubtful

    def discovered_values(self, endpoints: Sequence[Endpoint], reader: Reader) -> VariantValues:
        """Return the values of the parameters that multiply calls; those that nobody has configured are asked for.

        Raises:
            ApiError: the API does not tell them.
        """
        return self.source.values(endpoints, self.options, reader)

    def extra_resources(self, tenant: str) -> Iterable[DltResource]:
        """Return tables that do not come from the API, for the tenant that the key belongs to."""
        return self.source.extra_resources(self.options, tenant)

    def open_reader(self) -> Reader:
        """Open the way to the API."""
        return self.source.open_reader(self.options)
