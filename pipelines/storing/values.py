"""The border that values cross between Python and a destination, in both directions.

Here a day is a pendulum Date and a moment an aware datetime in UTC. Drivers give days as text or as moments, moments
without a time zone, numbers as Decimal, and truth as a number; and few of them take pendulum's types.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from dlt.common.destination import DestinationCapabilitiesContext
from pendulum import Date

from sources.rest.catalogue.columns import Type


def to_destination(values: Iterable[Any], capabilities: DestinationCapabilitiesContext) -> list[Any]:
    """Values as the driver of a destination takes them."""
    as_text = capabilities.sqlglot_dialect == "sqlite"  # which stores days and moments as text
    return [_sent(one, aware=capabilities.supports_tz_aware_datetime, as_text=as_text) for one in values]


def from_destination(rows: Iterable[Sequence[Any]], types: Sequence[Type]) -> list[tuple[Any, ...]]:
    """Rows of an answer with values of its columns' types, whatever the driver has given.

    Raises:
        ValueError: the answer has another number of columns, or a value cannot be of the type.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return []
    return list(zip(*(_column(values, kind) for values, kind in zip(columns, types, strict=True)), strict=True))


def _sent(given: Any, *, aware: bool, as_text: bool) -> Any:
    if isinstance(given, datetime):
        there = given.astimezone(UTC)
        moment = datetime.combine(there.date(), there.time(), UTC if aware else None)
        return moment.isoformat(" ", "microseconds") if as_text else moment
    if isinstance(given, date):
        return given.isoformat() if as_text else date(given.year, given.month, given.day)
    return given


def _column(values: Sequence[Any], kind: Type) -> Sequence[Any]:
    if set(map(type, values)) <= {_GIVEN_AS.get(kind), type(None)}:
        return values
    read = _READ[kind]
    return [None if one is None else read(one) for one in values]


def _moment(given: Any) -> datetime:
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    there: datetime = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return there


@lru_cache(maxsize=4096)  # a table has many rows of few days
def _day(given: Any) -> Date:
    day = date.fromisoformat(given[:10]) if isinstance(given, str) else given
    return Date(day.year, day.month, day.day)


_GIVEN_AS: Final[Mapping[Type, type]] = {
    Type.DOUBLE: float,
    Type.BIGINT: int,
    Type.TEXT: str,
    Type.ANY: str,
    Type.BOOLEAN: bool,
}
"""Python types of values that are what they should be."""

_READ: Final[Mapping[Type, Callable[[Any], Any]]] = {**_GIVEN_AS, Type.DATE: _day, Type.TIMESTAMP: _moment}
