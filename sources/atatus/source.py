"""`atatus()`: the Atatus API as an ordinary dlt source."""

from collections.abc import Iterable
from typing import Any, Final

from dlt.extract import DltSource
from pendulum import Date

from sources.atatus.auth import ApiKey, Place
from sources.atatus.endpoints import ATATUS
from sources.atatus.options import Options
from sources.rest.calling.budget import Budget
from sources.rest.calling.keys import Keys
from sources.rest.calling.retry import RetryPolicy
from sources.rest.calling.session import Session
from sources.rest.privacy.policies import Privacy
from sources.rest.reading.reader import Reader
from sources.rest.vendor.source import Source


def atatus(*, resources: Iterable[str] = (), today: Date | None = None, **options: Any) -> DltSource:
    """Return the Atatus source for `pipeline.run`.

    Each dated resource carries a native `dlt.sources.incremental` on `date`.

    Args:
        resources: names of the resources; without them, the default ones of the catalogue and the declared ones.
        today: last day to load; without it, today in the time zone of the options.
        options: options of `[sources.atatus]` that shall differ from the configuration.

    Raises:
        ConfigurationError: an option or a resource cannot work; the message says what to change.
    """
    return SOURCE.plain(resources, today, options)


def open_reader(options: Options) -> Reader:
    """Open the way to the API: one session, one budget, one reader."""
    session = Session(
        options.api,
        base_url=options.base_url,
        keys=Keys(options.keys, lambda key: ApiKey(key, Place(options.auth))),
        budget=Budget(options.rate_limit, options.rate_period),
        retry=RetryPolicy(tries=options.max_tries, seconds=options.max_retry_seconds, timeout=options.request_timeout),
        connections=options.max_in_flight,
    )
    return Reader(session, options.catalogue, grain=options.grain)


SOURCE: Final = Source(
    name=ATATUS.name,
    options=Options,
    privacy=lambda options: Privacy(catalogue=options.catalogue),
    open_reader=open_reader,
    extra_resources=lambda _, __: (),
    keyless={"api_key": "none", "projects": ["none"]},
)
"""Atatus, as the engine sees it."""
