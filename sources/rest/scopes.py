"""What a key is allowed to do, asked with the cheapest call per scope; personal endpoints are asked about nobody."""

from collections.abc import Iterable, Mapping
from typing import Final

from pendulum import Date

from sources.rest.catalogue import Endpoint
from sources.rest.errors import ApiError, MissingScopeError, UnauthorizedError
from sources.rest.reader import Reader
from sources.rest.tasks import Task, Values
from sources.rest.windows import Window

NOBODYS_DAY: Final = Date(2000, 1, 1)
"""A day before there was anybody: asking for it shows whether the key may ask, and brings no rows."""

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""An id that nobody has; foreign ids give empty answers."""


def scopes_of(endpoints: Iterable[Endpoint]) -> dict[str, list[Endpoint]]:
    """Endpoints by the scope that they need, cheapest first; those without a documented scope are left out."""
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        if endpoint.scope:
            found.setdefault(endpoint.scope, []).append(endpoint)
    return {scope: sorted(rows, key=_price) for scope, rows in found.items()}


def refused(reader: Reader, wanted: Mapping[str, list[Endpoint]], values: Values, today: Date) -> dict[str, ApiError]:
    """Ask about scopes; return those that the key does not have. Whatever else goes wrong says nothing about a scope.

    Raises:
        UnauthorizedError: the key is not accepted at all.
    """
    missing: dict[str, ApiError] = {}
    for scope, (endpoint, *_) in wanted.items():
        try:
            reader.read(_question(endpoint, values, today))
        except UnauthorizedError:
            raise
        except MissingScopeError as error:
            missing[scope] = error
        except ApiError:
            continue
    return missing


def _question(endpoint: Endpoint, values: Values, today: Date) -> Task:
    variant = tuple((param, (values.get(param) or (NOBODY,))[0]) for param in endpoint.by)
    day = NOBODYS_DAY if endpoint.pii else today
    return Task(endpoint, Window(day, day) if endpoint.dated else None, variant, parent=NOBODY)


def _price(endpoint: Endpoint) -> tuple[int, bool, bool]:
    return endpoint.units, endpoint.for_each is not None, not endpoint.any_range
