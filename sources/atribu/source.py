"""`atribu()`: the Atribu API as an ordinary dlt source."""

from collections.abc import Iterable
from typing import Any, Final

import dlt
import pyarrow as pa
from dlt.extract import DltResource
from pendulum import Date
from requests import PreparedRequest
from requests.auth import AuthBase

from sources.atribu.api import ATRIBU
from sources.atribu.columns import PROFILE, PROFILE_DESCRIPTION, PROFILE_TABLE
from sources.atribu.endpoints import DISCOVERED, DOUBTFUL
from sources.atribu.options import Options
from sources.rest.privacy.policies import Privacy
from sources.rest.vendor.resources import column_hint, described
from sources.rest.vendor.source import Source


@dlt.source(name=ATRIBU.name, section=ATRIBU.name, max_table_nesting=0)
def atribu(
    *, resources: Iterable[str] = (), today: Date | None = None, arrow: bool = False, **options: Any
) -> list[DltResource]:
    """Return the Atribu source for `pipeline.run`.

    Each dated resource carries a native `dlt.sources.incremental` on its day.

    Args:
        resources: names of the resources; without them, the default ones of the catalogue.
        today: last day to load; without it, today in the profile's time zone.
        arrow: hand out Arrow tables, which load faster; steps such as `add_map` then see a table, not a row.
        options: options of `[sources.atribu]` that go before the configuration.

    Raises:
        ConfigurationError: an option or a resource cannot work; the message says what to change.
    """
    return SOURCE.resources(resources, today, options, arrow=arrow)


def privacy(options: Options) -> Privacy:
    """Return every endpoint, asked as the options have it, and what becomes of personal data."""
    return options.privacy(options.catalogue)


def profile_table(options: Options, profile_id: str, name: str) -> list[DltResource]:
    """Return the table `profile`: what configuration says of the profile and the API does not."""
    row = {
        "profile_id": profile_id,
        "timezone": options.timezone,
        "reporting_currency": options.reporting_currency,
        "profile_name": name or None,
    }
    fields = [pa.field(column.name, pa.string(), nullable=column.name != "profile_id") for column in PROFILE]
    resource = dlt.resource(
        [pa.Table.from_pylist([row], schema=pa.schema(fields))],
        name=PROFILE_TABLE,
        columns={column.name: column_hint(column, ("profile_id",)) for column in PROFILE},
        write_disposition="merge",
        merge_key="profile_id",
    )
    return [described(resource, PROFILE_DESCRIPTION)]


class BearerKey(AuthBase):
    """Puts the key into the `Authorization` header, where a `.netrc` of the machine cannot replace it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


SOURCE: Final = Source(
    name=ATRIBU.name,
    options=Options,
    api=lambda _: ATRIBU,
    auth=lambda _, key: BearerKey(key),
    privacy=privacy,
    extra_resources=profile_table,
    keyless={"api_key": "atb_live_none"},
    discovered=DISCOVERED,
    doubtful=DOUBTFUL,
)
"""Atribu, as the engine sees it."""
