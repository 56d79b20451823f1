"""What a request may ask for, strictly read: whatever the contract does not name is refused."""

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sandbox.atribu.facts.attribution import MODELS
from sandbox.atribu.facts.events import GOALS, LEVELS
from sandbox.atribu.facts.view import View
from sandbox.atribu.settings import Generation, Paging, Settings
from sandbox.server.replies import Refusal, Row

MAX_DAYS = 366
MAX_LIMIT = 100
WINDOWS = frozenset({"7d", "14d", "28d", "lifetime"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What one request asks for: checked parameters, the defaults of the contract, and settings of the server."""

    generation: Generation
    paging: Paging
    zero_fill: bool
    capped: bool = True
    parent: str = ""
    date_from: date = date.min
    date_to: date = date.min
    limit: int = 10
    model: str = "last_touch"
    level: str = "campaign"
    goal: str = ""
    search: str = ""
    entity_ids: tuple[str, ...] = ()
    cursor_time: int | None = None
    cursor_id: str | None = None
    cursor: tuple[int, str] | None = None
    window: str = "28d"
    ad_external_id: str = ""
    ad_a: str = ""
    ad_b: str = ""
    top_n: int = 10
    top: int = 20
    days_back: int = 60
    min_cluster_size: int = 3
    min_spend: float = 0.0
    objectives: tuple[str, ...] = ()
    truth_grades: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    has_video: bool | None = None

    @property
    def first(self) -> int:
        """Give the first day asked for, as an ordinal."""
        return self.date_from.toordinal()

    @property
    def last(self) -> int:
        """Give the last day asked for, as an ordinal."""
        return self.date_to.toordinal()

    def days(self, view: View) -> range:
        """Give the days asked for that can hold anything."""
        return view.clip(self.first, self.last)

    @property
    def is_old(self) -> bool:
        """Tell whether the web-traffic fields of the older generation are sent."""
        return self.generation == "old"

    def cut(self, rows: list[Row]) -> list[Row]:
        """Keep the first `limit` rows, as the API does; the whole list when the truth is asked for uncapped."""
        return rows[: self.limit] if self.capped else rows


class _Unreadable(Exception):  # noqa: N818 - carries why a value cannot be read, for the refusal
    pass


def _bad_range(message: str) -> Refusal:
    return Refusal(400, message, "invalid_date_range")


def _day(text: str) -> date:
    # fromisoformat also reads 20260131 and 2026-W05-6, which the contract does not know.
    if _DATE.fullmatch(text):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(text)
    raise _bad_range(f"{text!r} is not a date of the form YYYY-MM-DD")


def _one_of(choices: Iterable[str]) -> Callable[[str], str]:
    allowed = sorted(choices)

    def read(text: str) -> str:
        if text not in allowed:
            raise _Unreadable("must be one of " + ", ".join(allowed))
        return text

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if _DIGITS.fullmatch(text) and low <= int(text) <= high:
            return int(text)
        raise _Unreadable(f"must be a whole number of {low} to {high}")

    return read


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise _Unreadable("must be a number of 0 or more")
    return amount


def _text(text: str) -> str:
    if not text:
        raise _Unreadable("must not be empty")
    return text


def _list(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if not all(parts):
        raise _Unreadable("must be names separated by commas")
    return parts


def _minutes(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _Unreadable("must be an ISO timestamp") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) // 60


def _cursor(text: str) -> tuple[int, str]:
    at, bar, key = text.partition("|")
    if not bar:
        raise _Unreadable("is not a cursor of an earlier answer")
    return _minutes(at), _text(key)


_READ: dict[str, Callable[[str], object]] = {
    "date_from": _day,
    "date_to": _day,
    "limit": _whole(1, MAX_LIMIT),
    "level": _one_of(LEVELS),
    "goal": _one_of(GOALS),
    "search": str,
    "entity_ids": _list,
    "cursor_time": _minutes,
    "cursor_id": _text,
    "cursor": _cursor,
    "window": _one_of(WINDOWS),
    "score_window": _one_of(WINDOWS),
    "ad_external_id": _text,
    "ad_a": _text,
    "ad_b": _text,
    "top_n": _whole(1, MAX_LIMIT),
    "top": _whole(1, 50),
    "days_back": _whole(1, 365),
    "min_cluster_size": _whole(1, 1_000),
    "min_spend": _amount,
    "objectives": _list,
    "truth_grades": _list,
    "formats": _list,
    "has_video": lambda text: _one_of({"true", "false"})(text) == "true",
}
_READ_MODEL = {generation: _one_of(models) for generation, models in MODELS.items()}


def read_query(
    pairs: Iterable[tuple[str, str]],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    defaults: Mapping[str, object],
    settings: Settings,
) -> Query:
    """Check the parameters of one request and turn them into a `Query`, or raise `Refusal`."""
    values: dict[str, str] = {}
    for name, text in pairs:
        if name not in required and name not in optional:
            raise Refusal(400, f"{name} is not a parameter of this endpoint")
        if name in values:
            raise Refusal(400, f"{name} is given more than once")
        values[name] = text
    for name in sorted(set(required) - values.keys()):
        raise Refusal(400, f"{name} is required")
    # Any: the names were checked above, and each reader gives the type of the field of the same name.
    fields: dict[str, Any] = dict(defaults)
    for name, text in values.items():
        read = _READ_MODEL[settings.generation] if name == "model" else _READ[name]
        try:
            fields["window" if name == "score_window" else name] = read(text)
        except _Unreadable as why:
            raise Refusal(400, f"{name} {why}") from None
    if ("cursor_time" in fields) != ("cursor_id" in fields):
        raise Refusal(400, "cursor_time and cursor_id belong together")
    query = Query(generation=settings.generation, paging=settings.paging, zero_fill=settings.zero_fill, **fields)
    if "date_from" in required:
        _check_range(query)
    return query


def _check_range(query: Query) -> None:
    if query.date_from > query.date_to:
        raise _bad_range("date_from is after date_to")
    if (query.date_to - query.date_from).days >= MAX_DAYS:
        raise _bad_range(f"Date range exceeds {MAX_DAYS} days")
