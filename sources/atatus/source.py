"""`atatus()`: the Atatus API as an ordinary dlt source."""

from collections.abc import Iterable
from typing import Any, Final

from dlt.extract import DltSource
from pendulum import Date

from sources.atatus.auth import ApiKey, Place
from sources.atatus.endpoints import ATATUS
from sources.atatus.options import Options
from sources.rest.privacy.policies import Privacy
from sources.rest.vendor.source import Source


def atatus(*, resources: Iterable[str] = (), today: Date | None = None, **options: Any) -> DltSource:
    """Return the Atatus source for `pipeline.run`.

    Each dated resource carries a native `dlt.sources.incremental` on `date`.

    Args:
        resources: names of the resources; without them, the default ones of the catalogue and the declared ones.
        today: last day to load; without it, today in the time zone of the options.
        options: options of `[sources.atatus]` that go before the configuration.

    Raises:
        ConfigurationError: an option or a resource cannot work; the message says what to change.
    """
    return SOURCE.dlt_source(resources, today, options)


SOURCE: Final = Source(
    name=ATATUS.name,
    options=Options,
    api=lambda options: options.api,
    auth=lambda options, key: ApiKey(key, Place(options.auth)),
    privacy=lambda options: Privacy(catalogue=options.catalogue),
    extra_resources=lambda _, __: (),
    keyless={"api_key": "none", "projects": ["none"]},
)
"""Atatus, as the engine sees it."""
