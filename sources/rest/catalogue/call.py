"""What a request has to know of the endpoint that it goes to."""

from dataclasses import dataclass

from sources.rest.catalogue.api import DateRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How an endpoint is called.

    Args:
        name: of the endpoint, for errors and counts.
        path: below the base URL; names in braces stand for parameters that go there and not into the query.
        units: what it costs of the rate limit.
        personal: answers may name somebody, so errors quote nothing of them.
        date_range: how days are asked for, where it is not the vendor's usual way.
    """

    name: str
    path: str
    units: int = 1
    personal: bool = False
    date_range: DateRange | None = None
