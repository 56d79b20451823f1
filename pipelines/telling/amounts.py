"""Numbers of the report, and how they are written."""

from decimal import Decimal
from typing import Any

from pipelines.telling.charts import Rows


def sum_of(rows: Rows, column: str) -> Decimal:
    """Sum of a column; what is not known counts nothing."""
    return sum((Decimal(str(row[column])) for row in rows if row[column] is not None), Decimal())


def quotient(above: Any, below: Any) -> float | None:
    """One number by another, where that is known and not 0."""
    return float(above) / float(below) if above is not None and below else None


def ratio(above: Any, below: Any) -> str:
    """The same as a text."""
    return plain(quotient(above, below))


def share(part: Any, whole: Any) -> str:
    """The same as a percentage."""
    found = quotient(part, whole)
    return "-" if found is None else f"{found:.1%}"


def money(given: Any) -> str:
    """An amount with cents."""
    return "-" if given is None else f"{given:,.2f}"


def plain(given: Any) -> str:
    """A number with at most two places."""
    return "-" if given is None else f"{round(float(given), 2):,.10g}"
