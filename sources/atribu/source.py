"""`atribu()`: the Atribu API as an ordinary dlt source."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import dlt
import pyarrow as pa
from dlt.extract import DltResource, DltSource
from pendulum import Date
from requests import PreparedRequest
from requests.auth import AuthBase

from sources.atribu.columns import PROFILE
from sources.atribu.endpoints import ATRIBU, ENDPOINTS, with_entity_ids
from sources.atribu.options import Options
from sources.rest.budget import Budget
from sources.rest.catalogue import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.options import nearest, resolve
from sources.rest.reader import Reader
from sources.rest.resources import column_hint, reading_resource
from sources.rest.session import RetryPolicy, Session
from sources.rest.windows import today_in

NAME: Final = ATRIBU.name


def atribu(*, resources: Iterable[str] = (), today: Date | None = None, **options: Any) -> DltSource:
    """Return the Atribu source for `pipeline.run`.

    Each dated resource carries a native `dlt.sources.incremental` on `date`.

    Args:
        resources: names of the resources; without them, the default ones of the catalogue.
        today: last day to load; without it, today in the profile's time zone.
        options: options of `[sources.atribu]` that shall differ from the configuration.

    Raises:
        ConfigurationError: an option or a resource cannot work; the message says what to change.
    """
    settings = configured(**options)
    chosen = select(resources, settings)
    day = today or today_in(settings.timezone)
    reader = open_reader(settings)

    @dlt.source(name=NAME, section=NAME, max_table_nesting=0)
    def source() -> list[DltResource]:
        return [
            reading_resource(
                endpoint,
                reader,
                values=settings.values,
                grain=settings.grain,
                first_day=settings.first_day(day),
                today=day,
                lag_days=settings.horizon_days,
                in_flight=settings.max_in_flight,
            )
            for endpoint in chosen
        ]

    return source()


def configured(**options: Any) -> Options:
    """Read the options of `[sources.atribu]`; explicit ones go first.

    Raises:
        ConfigurationError: an option is unknown, missing or cannot work.
    """
    return resolve(Options, NAME, options)


def select(names: Iterable[str], options: Options) -> list[Endpoint]:
    """Return the catalogue rows of the named resources, or the default ones.

    Raises:
        ConfigurationError: a name is unknown, personal, or needs an option that is not set.
    """
    wanted = list(dict.fromkeys(names)) or [name for name, endpoint in ENDPOINTS.items() if endpoint.default]
    catalogue = with_entity_ids(options.entity_ids_separator, options.entity_ids_per_call)
    open_names: Mapping[str, Endpoint] = {name: row for name, row in catalogue.items() if not row.pii}
    for name in wanted:
        if name not in catalogue:
            raise ConfigurationError(f"there is no resource {name!r}{nearest(name, open_names)}")
        if name not in open_names:
            raise ConfigurationError(f"{name} holds personal data, which this version does not load")
        for_each = catalogue[name].for_each
        if for_each and for_each.option and not getattr(options, for_each.option):
            raise ConfigurationError(f"{name} needs the option {for_each.option} of [sources.{NAME}]")
    return [catalogue[name] for name in wanted]


def open_reader(options: Options) -> Reader:
    """Open the way to the API: one session, one budget, one reader."""
    session = Session(
        ATRIBU,
        base_url=options.base_url,
        auth=BearerKey(options.api_key),
        budget=Budget(options.rate_limit, options.rate_period),
        retry=RetryPolicy(tries=options.max_tries, seconds=options.max_retry_seconds, timeout=options.request_timeout),
        connections=options.max_in_flight,
    )
    return Reader(
        session,
        with_entity_ids(options.entity_ids_separator, options.entity_ids_per_call),
        grain=options.grain,
        options={"compare_ads": options.compare_ads},
    )


def profile_resource(options: Options, profile_id: str) -> DltResource:
    """Return the table `profile`: what configuration says of the profile and the API does not."""
    row = {
        "profile_id": profile_id,
        "timezone": options.timezone,
        "reporting_currency": options.reporting_currency,
    }
    fields = [pa.field(column.name, pa.string(), nullable=column.name != "profile_id") for column in PROFILE]
    return dlt.resource(
        [pa.Table.from_pylist([row], schema=pa.schema(fields))],
        name="profile",
        columns={column.name: column_hint(column, ("profile_id",)) for column in PROFILE},
        write_disposition="merge",
        merge_key="profile_id",
    )


class BearerKey(AuthBase):
    """Puts the key into the `Authorization` header, where a `.netrc` of the machine cannot replace it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
