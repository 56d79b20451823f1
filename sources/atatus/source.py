"""`atatus()`: the Atatus API as an ordinary dlt source."""

from collections.abc import Iterable
from typing import Any, Final

import dlt
from dlt.extract import DltResource
from pendulum import Date

from sources.atatus.auth import ApiKey, Place
from sources.atatus.endpoints import ATATUS
from sources.atatus.options import Options
from sources.rest.privacy.policies import Privacy
from sources.rest.vendor.source import Source


@dlt.source(name=ATATUS.name, section=ATATUS.name, max_table_nesting=0)
def atatus(
    *, resources: Iterable[str] = (), today: Date | None = None, arrow: bool = False, **options: Any
) -> list[DltResource]:
    """Return the Atatus source for `pipeline.run`.

    Each dated resource carries a native `dlt.sources.incremental` on its day.

    Args:
        resources: names of the resources; without them, the default ones of the catalogue and the declared ones.
        today: last day to load; without it, today in the time zone of the options.
        arrow: hand out Arrow tables, which load faster; steps such as `add_map` then see a table, not a row.
        options: options of `[sources.atatus]` that go before the configuration.

    Raises:
        ConfigurationError: an option or a resource cannot work; the message says what to change.
    """
    return SOURCE.resources(resources, today, options, arrow=arrow)


SOURCE: Final = Source(
    name=ATATUS.name,
    options=Options,
    api=lambda options: options.api,
    auth=lambda options, key: ApiKey(key, Place(options.auth)),
    privacy=lambda options: Privacy(catalogue=options.catalogue),
    extra_resources=lambda *_: (),
    keyless={"api_key": "none", "projects": ["none"]},
)
"""Atatus, as the engine sees it."""
