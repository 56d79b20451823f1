"""One command as it was given: options and command line, resolved into the few values that each room needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from dlt.extract import DltResource

from pipelines.destinations.ledgers import Ask, Profile, located
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
        profile: whose rows it is about.
    """

    source: Source
    options: CommonOptions
    request: Request
    profile: Profile = field(default_factory=Profile)

    def check(self) -> None:
        """See whether this can work, before anything is locked or opened.

        Raises:
            ConfigurationError: it cannot.
        """
        if not self.endpoints or not self.days.days:
            raise ConfigurationError("there is nothing to load")

    def without_personal_data(self) -> "RunConfig":
        """Return the same for everything but personal data."""
        return replace(self, options=replace(self.options, include_pii=False))

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
    def renamed(self) -> Mapping[str, Mapping[str, str]]:
        """Resource -> column -> its name in the view of that resource."""
        return self.options.renamed(self.catalogue)

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
            date_range=self.source.api(options).date_range,
            full=request.full,
        )

    @property
    def target(self) -> Target:
        """Where rows go, before it is known which ledger of the dataset is the profile's."""
        return self.target_at(self.request.destination)

    def target_at(self, destination: str) -> Target:
        """Return the same for another destination."""
        dataset = self.request.dataset or self.options.dataset or self.source.name
        return Target(self.source.name, destination, dataset, wait=self.options.wait_for_destination)

    def loaded_at(self, target: Target, ask: Ask | None = None) -> Target | None:
        """Return a target with the ledger of the profile; see `located`."""
        told = any(row.tenant for row in self.catalogue.values())
        return located(target, replace(self.profile, told=told, variants=self.untold_variants), ask)

    @cached_property
    def untold_variants(self) -> frozenset[str]:
        """What is asked for of each endpoint whose rows name no profile, and by which alone they can be told apart."""
        return frozenset(
            f"{row.name}|{'|'.join(value for _, value in variant)}"
            for row in self.catalogue.values()
            if row.tenant is None
            for variant in row.variants(self.options.values)
            if variant
        )

    def to_be_read(self, target: Target) -> Target:
        """Return where the profile's rows are to be looked at: nowhere, if it was never loaded as far as is known."""
        found = self.loaded_at(target)
        if found:
            return found
        return replace(target.with_ledger_of(f"nobody {self.profile.name}"), profile_id=None)

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

    @property
    def not_additive_advice(self) -> str:
        """What to look at where nothing adds up over days."""
        return self.source.api(self.options).not_additive_advice

    def discovered_values(self, endpoints: Sequence[Endpoint], reader: Reader) -> VariantValues:
        """Return the values of the parameters that multiply calls; those that nobody has configured are asked for.

        Raises:
            ApiError: the API does not tell them.
        """
        return self.source.values(endpoints, self.options, reader)

    def extra_resources(self, tenant: str) -> Iterable[DltResource]:
        """Return tables that do not come from the API, for the tenant that the key belongs to."""
        return self.source.extra_resources(self.options, tenant, self.profile.name)

    def open_reader(self) -> Reader:
        """Open the way to the API."""
        return self.source.open_reader(self.options)
