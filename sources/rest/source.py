"""What the engine has to know of a vendor: options, catalogue, and how to open the way to the API."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.extract import DltResource, DltSource
from pendulum import Date

from sources.rest.catalogue import Endpoint
from sources.rest.common_options import CommonOptions
from sources.rest.errors import ConfigurationError
from sources.rest.options import nearest, resolve
from sources.rest.reader import Reader
from sources.rest.resources import reading_resource
from sources.rest.windows import today_in

Options = Any
"""Options of the source's own kind; each source knows its own."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One vendor.

    Attributes:
        name: of the source; of its section in the configuration, its pipeline and its dataset, unless told otherwise.
        options: what can be set, with defaults.
        catalogue: endpoints by name, as the options have them.
        open_reader: opens one session, one budget, one reader.
        beside: tables that do not come from the API, for the tenant that the key belongs to.
        keyless: options of a command that has no use for a key.
    """

    name: str
    options: type[CommonOptions]
    catalogue: Callable[[Options], Mapping[str, Endpoint]]
    open_reader: Callable[[Options], Reader]
    beside: Callable[[Options, str], Iterable[DltResource]]
    keyless: Mapping[str, Any]

    def configured(self, **given: Any) -> Options:
        """Read the options of `[sources.<name>]`; explicit ones go first.

        Raises:
            ConfigurationError: an option is unknown, missing or cannot work.
        """
        return resolve(self.options, self.name, given)

    def select(self, names: Iterable[str], options: Options) -> list[Endpoint]:
        """Return the catalogue rows of the named resources or tables, or the default ones.

        Raises:
            ConfigurationError: a name is unknown, personal, or needs an option that is not set.
        """
        catalogue = self.catalogue(options)
        owners = {table: name for name, row in catalogue.items() for table in row.tables}
        wanted = list(dict.fromkeys(owners.get(name, name) for name in names)) or [
            name for name, endpoint in catalogue.items() if endpoint.default
        ]
        open_names: Mapping[str, Endpoint] = {name: row for name, row in catalogue.items() if not row.pii}
        for name in wanted:
            if name not in catalogue:
                raise ConfigurationError(f"there is no resource {name!r}{nearest(name, open_names)}")
            if name not in open_names:
                raise ConfigurationError(f"{name} holds personal data, which this version does not load")
            for_each = catalogue[name].for_each
            if for_each and for_each.option and not getattr(options, for_each.option):
                raise ConfigurationError(f"{name} needs the option {for_each.option} of [sources.{self.name}]")
        return [catalogue[name] for name in wanted]

    def plain(self, resources: Iterable[str], today: Date | None, given: Mapping[str, Any]) -> DltSource:
        """Return an ordinary dlt source: each dated resource carries a native `dlt.sources.incremental` on its day.

        Raises:
            ConfigurationError: an option or a resource cannot work; the message says what to change.
        """
        options = self.configured(**given)
        chosen = self.select(resources, options)
        day = today or today_in(options.timezone)
        reader = self.open_reader(options)

        @dlt.source(name=self.name, section=self.name, max_table_nesting=0)
        def source() -> list[DltResource]:
            return [
                reading_resource(
                    endpoint,
                    reader,
                    values=options.values,
                    grain=options.grain,
                    first_day=options.first_day(day),
                    today=day,
                    lag_days=options.horizon_days,
                    in_flight=options.max_in_flight,
                )
                for endpoint in chosen
            ]

        return source()
