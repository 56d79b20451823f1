"""Shapes that answers share: rounded money, ratios, moments, and what ads did."""

from datetime import UTC, date, datetime

from sandbox.atribu.facts.events import MICROS_PER_CENT
from sandbox.atribu.facts.figures import Figures
from sandbox.server.replies import Row


def money(micros: int) -> float:
    """Round micros to cents, half up, and give them in units of the currency."""
    return units((micros + MICROS_PER_CENT // 2) // MICROS_PER_CENT)


def units(cents: int) -> float:
    """Give cents in units of their currency."""
    return cents / 100


def ratio(part: float, whole: float, digits: int = 2) -> float:
    """Divide and round; nothing divided by nothing is 0, because the contract requires a number."""
    return round(part / whole, digits) if whole else 0


def percent(part: float, whole: float) -> float:
    """Give a part of a whole as a percentage of 0 to 100, with two digits."""
    return ratio(100 * part, whole)


def moment(minutes: int) -> str:
    """Write minutes since 1970 as an ISO timestamp in UTC."""
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_name(ordinal: int) -> str:
    """Write a day as `YYYY-MM-DD`."""
    return date.fromordinal(ordinal).isoformat()


def delivery(sums: Figures) -> Row:
    """Write what ads spent and got for it."""
    return {"spend": money(sums.spend), "impressions": sums.impressions, "clicks": sums.clicks}
