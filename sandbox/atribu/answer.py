"""Shapes that answers share: the answer itself, rounded money, ratios and moments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.atribu.events import MICROS_PER_CENT

Row = dict[str, object]
_CENTS_PER_UNIT = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint says: `data`, and `pagination` where the contract has pages."""

    data: object
    pagination: Row | None = None


def money(micros: int) -> float:
    """Round micros to cents, half up, and give them in units of the currency."""
    return (micros + MICROS_PER_CENT // 2) // MICROS_PER_CENT / _CENTS_PER_UNIT


def ratio(part: float, whole: float, digits: int = 2) -> float:
    """Divide and round; nothing divided by nothing is 0, because the contract requires a number."""
    return round(part / whole, digits) if whole else 0


def percent(part: float, whole: float) -> float:
    """Give a part of a whole as a percentage of 0 to 100, with two digits."""
    return ratio(100 * part, whole)


def moment(minutes: int) -> str:
    """Write minutes since the epoch as an ISO timestamp in UTC."""
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_name(ordinal: int) -> str:
    """Write a day as `YYYY-MM-DD`."""
    return date.fromordinal(ordinal).isoformat()
