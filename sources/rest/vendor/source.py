"""A vendor: its options, conventions and catalogue; from these, a reader and an ordinary dlt source."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dlt
from dlt.extract import DltResource
from pendulum import Date
from requests.auth import AuthBase

from sources.rest.calling.budget import Budget
from sources.rest.calling.http_client import MB
from sources.rest.calling.keys import Keys, fingerprint_of
from sources.rest.calling.retry import RetryPolicy
from sources.rest.calling.session import Session
from sources.rest.calling.spending_stores import SharedFile, user_folder
from sources.rest.catalogue.api import Api
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Doubt
from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.options.common import CommonOptions
from sources.rest.options.resolve import KEYS, configured_dataset, configured_keys, is_configured, resolve
from sources.rest.options.sections import Section
from sources.rest.privacy.policies import Privacy
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import VariantValues
from sources.rest.redaction import clean_logs
from sources.rest.vendor.native import Reading, reading_resource

Options = Any
"""Options of the vendor's own type."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One vendor.

    Attributes:
        name: of the source; of its section in the configuration, its pipeline and its dataset, unless told otherwise.
        options: what can be set, with defaults.
        api: the vendor's conventions under the options.
        auth: makes what puts a key into a request.
        privacy: every endpoint by name, and what becomes of personal data under the options.
        extra_resources: makes the tables that do not come from the API, for the tenant that the key belongs to and
            the name that the configuration gives it.
        keyless: options that stand in where a command makes no calls and needs no key; see `without_key`.
        discovered: query parameter -> endpoint and column that list its values, where the options name none.
        doubtful: query parameter -> which of its values a server may not take.
    """

    name: str
    options: type[CommonOptions]
    api: Callable[[Options], Api]
    auth: Callable[[Options, str], AuthBase]
    privacy: Callable[[Options], Privacy]
    extra_resources: Callable[[Options, str, str], Iterable[DltResource]]
    keyless: Mapping[str, Any]
    discovered: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    doubtful: Mapping[str, Doubt] = field(default_factory=dict)

    def catalogue(self, options: Options) -> Mapping[str, Endpoint]:
        """Return the endpoints by name, as they are loaded under the options."""
        return self.privacy(options).loaded_catalogue()

    def open_reader(self, options: Options) -> Reader:
        """Open the way to the API: one session, one budget, one reader."""
        clean_logs()
        keys = Keys(options.keys, partial(self.auth, options))
        session = Session(
            self.api(options),
            base_url=options.base_url,
            keys=keys,
            budget=Budget(
                options.rate_limit,
                options.rate_period,
                store=SharedFile(user_folder, lambda: f"{keys.fingerprint}.json"),
                answer_within=options.request_timeout,
            ),
            retry=RetryPolicy(
                tries=options.max_tries,
                seconds=options.max_retry_seconds,
                timeout=options.request_timeout,
                max_bytes=round(options.max_answer_mb * MB),
            ),
            connections=options.max_in_flight,
        )
        privacy = self.privacy(options)
        catalogue = privacy.loaded_catalogue()
        named = {row.for_each.option for row in catalogue.values() if row.for_each} - {""}
        ids = {option: getattr(options, option) for option in named}
        return Reader(session, catalogue, grain=options.grain, options=ids, labels=options.labels, privacy=privacy)

    def configured(self, profile: str = "", **given: Any) -> Options:
        """Read the options of `[sources.<name>]`, or of one of its profiles; explicit ones go first.

        Raises:
            ConfigurationError: an option is unknown, missing or cannot work.
        """
        return resolve(self.options, Section(self.name, profile), given)

    def without_key(self, profile: str = "") -> Mapping[str, Any]:
        """Return options for a command that makes no calls: a key that is none, and what else is needed and not set."""
        section = Section(self.name, profile)
        return {
            name: value
            for name, value in self.keyless.items()
            if name in KEYS or not is_configured(self.options, section, name)
        }

    def fingerprints(self, profile: str = "") -> tuple[str, ...]:
        """Return what tells the configured keys of a profile from others, whether they work or not."""
        return tuple(map(fingerprint_of, configured_keys(self.options, Section(self.name, profile))))

    def dataset(self, profile: str = "") -> str:
        """Return the dataset that is configured for a profile; empty for the one that is called after the source."""
        return configured_dataset(self.options, Section(self.name, profile))

    def select(self, names: Iterable[str], options: Options) -> list[Endpoint]:
        """Return the endpoints of the named resources or tables, or the default ones; personal ones if asked for.

        Raises:
            ConfigurationError: a name is unknown, personal, needs an option that is not set, or costs more units than
                rate_limit has.
        """
        catalogue = self.catalogue(options)
        owners = {table: name for name, row in catalogue.items() for table in row.tables}
        personal = {name for name, row in catalogue.items() if row.pii}
        if options.include_pii and not personal:
            raise ConfigurationError(f"{self.name} has no personal data; leave out include_pii")
        default = [name for name, row in catalogue.items() if row.default or (row.pii and options.include_pii)]
        wanted = list(dict.fromkeys(owners.get(name, name) for name in names)) or default
        for name in wanted:
            if name not in catalogue:
                offered = {one: row for one, row in catalogue.items() if options.include_pii or not row.pii}
                raise ConfigurationError(f"there is no resource {name!r}{did_you_mean(name, offered)}")
            if name in personal and not options.include_pii:
                raise ConfigurationError(
                    f"{name} holds personal data; ask for it with --include-pii, or with include_pii under"
                    f" [sources.{self.name}]"
                )
            for_each = catalogue[name].for_each
            if for_each and for_each.option and not for_each.queries and not getattr(options, for_each.option):
                raise ConfigurationError(f"{name} needs the option {for_each.option} of [sources.{self.name}]")
        chosen = [catalogue[name] for name in wanted]
        dearest = max(chosen, key=lambda row: row.units, default=None)
        if dearest and dearest.units > options.rate_limit:
            raise ConfigurationError(
                f"option rate_limit is {options.rate_limit}, and a call of {dearest.name} costs {dearest.units} units;"
                f" set it to at least {dearest.units}"
            )
        return chosen

    def values(self, endpoints: Iterable[Endpoint], options: Options, reader: Reader) -> VariantValues:
        """Return the values of the parameters that multiply calls; where none are configured, the API is asked.

        Raises:
            ApiError: the API does not tell them.
        """
        needed = {column.name for endpoint in endpoints for column in endpoint.variant_columns}
        asked = {name: place for name, place in self.discovered.items() if name in needed and not options.values[name]}
        return {**options.values, **{name: reader.values(*place) for name, place in asked.items()}}

    def resources(
        self, names: Iterable[str], today: Date | None, given: Mapping[str, Any], *, arrow: bool
    ) -> list[DltResource]:
        """Return resources for `dlt.source`: each dated one carries a native `dlt.sources.incremental`.

        Raises:
            ConfigurationError: an option or a resource cannot work; the message says what to change.
        """
        options = self.configured(**given)
        chosen = self.select(names, options)
        for endpoint in chosen:
            if endpoint.parents:
                raise ConfigurationError(f"{endpoint.name} needs what is loaded already; load it with elt sync")
        day = options.last_day(today)
        reader = self.open_reader(options)
        reading = Reading(
            reader=reader,
            values=lambda: self.values(chosen, options, reader),
            grain=options.grain,
            first_day=options.first_day(day),
            today=day,
            lag_days=options.horizon_days,
            in_flight=options.max_in_flight,
            arrow=arrow,
        )
        # text stays text, as in an Arrow table
        dlt.current.source_schema().remove_type_detection("iso_timestamp")
        return [reading_resource(endpoint, reading) for endpoint in chosen]
