"""What a request may ask for, strictly read: whatever the contract does not name is refused."""

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, get_origin, get_type_hints

from sandbox.atribu.facts.attribution import MODELS
from sandbox.atribu.facts.events import GOALS, LEVELS
from sandbox.atribu.facts.view import View
from sandbox.atribu.settings import Figures, Generation, Levels, Paging, Settings
from sandbox.server.replies import Refusal, Row

MAX_DAYS = 366
MAX_LIMIT = 100
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Cursor = tuple[int, str]
_DIGITS = re.compile(r"[0-9]{1,6}")


class _Unreadable(Exception):  # noqa: N818 - carries why a value cannot be read, for the refusal
    pass


def _bad_range(message: str) -> Refusal:
    return Refusal(400, message, "invalid_date_range")


def _day(text: str) -> int:
    # fromisoformat also reads 20260131 and 2026-W05-6, which the contract does not know.
    if _DATE.fullmatch(text):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(text).toordinal()
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
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < math.inf:
            return float(text)
    raise _Unreadable("must be a number of 0 or more")


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


def _cursor(text: str) -> Cursor:
    at, bar, key = text.partition("|")
    if not bar:
        raise _Unreadable("is not a cursor of an earlier answer")
    return _minutes(at), _text(key)


def _yes_or_no(text: str) -> bool:
    return _one_of({"true", "false"})(text) == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What one request asks for: settings of the server, and each parameter with its reader and its default.

    `first` and `last` are the days of `date_from` and `date_to`, `cursor` is the time and the id of the last row seen,
    and `parent` the id in the path. Without `capped` all rows are given, where the API stops at `limit`. Which values
    `model` may have depends on the generation.
    """

    generation: Generation
    paging: Paging
    levels: Levels
    zero_fill: bool
    figures: Figures
    capped: bool = True
    parent: str = ""
    model: str = "last_touch"
    first: Annotated[int, _day] = 0
    last: Annotated[int, _day] = 0
    limit: Annotated[int, _whole(1, MAX_LIMIT)] = 10
    level: Annotated[str, _one_of(LEVELS)] = "campaign"
    goal: Annotated[str, _one_of(GOALS)] = ""
    search: Annotated[str, str] = ""
    entity_ids: Annotated[tuple[str, ...], _list] = ()
    cursor: Annotated[Cursor | None, _cursor] = None
    window: Annotated[str, _one_of({"7d", "14d", "28d", "lifetime"})] = "28d"
    ad_external_id: Annotated[str, _text] = ""
    ad_a: Annotated[str, _text] = ""
    ad_b: Annotated[str, _text] = ""
    top_n: Annotated[int, _whole(1, 100)] = 10
    top: Annotated[int, _whole(1, 50)] = 20
    days_back: Annotated[int, _whole(1, 365)] = 60
    min_cluster_size: Annotated[int, _whole(1, 1_000)] = 3
    min_spend: Annotated[float, _amount] = 0.0
    objectives: Annotated[tuple[str, ...], _list] = ()
    truth_grades: Annotated[tuple[str, ...], _list] = ()
    formats: Annotated[tuple[str, ...], _list] = ()
    has_video: Annotated[bool | None, _yes_or_no] = None

    def days(self, view: View) -> range:
        """Give the days asked for that a view has."""
        return view.clip(self.first, self.last)

    @property
    def is_old(self) -> bool:
        """Tell whether the web-traffic fields of the older generation are sent."""
        return self.generation == "old"

    def cut(self, rows: list[Row]) -> list[Row]:
        """Keep the first `limit` rows, as the API does."""
        return rows[: self.limit] if self.capped else rows


_FIELDS = {"date_from": "first", "date_to": "last", "score_window": "window"}
_READERS: dict[str, Callable[[str], object]] = {"cursor_time": _minutes, "cursor_id": _text} | {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Query, include_extras=True).items()
    if get_origin(hint) is Annotated
}


def read_query(
    pairs: Iterable[tuple[str, str]],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    defaults: Mapping[str, object],
    settings: Settings,
) -> Query:
    """Check the parameters of one request and turn them into a `Query`, or raise `Refusal`."""
    readers = _READERS | _left_open(settings)
    # Any: each reader gives the type of its field.
    fields: dict[str, Any] = dict(defaults)
    ignores = settings.unknown_parameters == "ignored"
    for name, text in _texts(pairs, required, optional, ignores=ignores).items():
        field = _FIELDS.get(name, name)
        try:
            fields[field] = readers[field](text)
        except _Unreadable as why:
            raise Refusal(400, f"{name} {why}") from None
    if ("cursor_time" in fields) != ("cursor_id" in fields):
        raise Refusal(400, "cursor_time and cursor_id belong together")
    if "cursor_id" in fields:
        fields["cursor"] = fields.pop("cursor_time"), fields.pop("cursor_id")
    query = Query(
        generation=settings.generation,
        paging=settings.paging,
        levels=settings.levels,
        zero_fill=settings.zero_fill,
        figures=settings.figures,
        **fields,
    )
    if query.first > query.last:
        raise _bad_range("date_from is after date_to")
    if query.last - query.first >= MAX_DAYS:
        raise _bad_range(f"Date range exceeds {MAX_DAYS} days")
    return query


def _left_open(settings: Settings) -> dict[str, Callable[[str], object]]:
    """Make the readers of values of which the contract does not say what becomes of wrong ones."""
    models = MODELS[settings.generation]
    whole = _whole(1, MAX_LIMIT if settings.over_limit == "refused" else 999_999)

    def model(text: str) -> str:
        return _one_of(models)(text) if settings.unknown_models == "refused" or text in models else "last_touch"

    return {"model": model, "limit": lambda text: min(whole(text), MAX_LIMIT)}


def _texts(
    pairs: Iterable[tuple[str, str]], required: tuple[str, ...], optional: tuple[str, ...], *, ignores: bool
) -> dict[str, str]:
    """Give the values by name; refuses names that are unknown (unless those are ignored), repeated or missing."""
    texts: dict[str, str] = {}
    for name, text in pairs:
        if ignores and name not in (*required, *optional):
            continue
        if name not in required and name not in optional:
            raise Refusal(400, f"{name} is not a parameter of this endpoint")
        if name in texts:
            raise Refusal(400, f"{name} is given more than once")
        texts[name] = text
    for name in sorted(set(required) - texts.keys()):
        raise Refusal(400, f"{name} is required")
    return texts
