"""The time range of a request, on the server's clock; whatever the contract does not name is refused."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from sandbox.atatus.settings import AcceptsTime, Settings
from sandbox.server.replies import Refusal
from sandbox.worlds.days import MINUTES_PER_DAY

DURATIONS = frozenset({"30m", "60m", "6h", "12h", "1d", "2d", "3d", "7d", "14d", "1M"})
_ENDS = {"timeStart", "timeEnd"}
_UNITS = {"m": 1, "h": 60, "d": MINUTES_PER_DAY, "M": 30 * MINUTES_PER_DAY}
_DURATION = re.compile(r"([1-9][0-9]{0,3})([mhdM])")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ +][0-9]{2}:[0-9]{2}")
_SPELLINGS: dict[AcceptsTime, frozenset[str]] = {
    "literal": frozenset({"+"}),
    "space": frozenset({"+", "%20"}),
    "plus": frozenset({"+", "%2B"}),
    "both": frozenset({"+", "%20", "%2B"}),
}


class Parameter(NamedTuple):
    """One query parameter: its name, its value as a form would decode it, and the value as it was sent."""

    name: str
    value: str
    raw: str


class Span(NamedTuple):
    """A range of minutes since 1970 in UTC, without its end."""

    start: int
    end: int


def read_parameters(query: str) -> list[Parameter]:
    """Split a query string."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [Parameter(unquote_plus(name), unquote_plus(raw), raw) for name, _, raw in pairs]


def start_of(day: date, settings: Settings) -> int:
    """Give the minute at which `day` starts on the server's clock."""
    return _minute_of(datetime.combine(day, datetime.min.time()), settings)


def now(settings: Settings) -> int:
    """Give the minute at which questions are asked: the very end of `settings.as_of`."""
    return start_of(settings.as_of + timedelta(1), settings)


def day_of(minute: int, settings: Settings) -> date:
    """Give the day on the server's clock."""
    return datetime.fromtimestamp(minute * 60, ZoneInfo(settings.timezone)).date()


def _minute_of(moment: datetime, settings: Settings) -> int:
    return int(moment.replace(tzinfo=ZoneInfo(settings.timezone)).timestamp()) // 60


def read_span(parameters: Sequence[Parameter], settings: Settings) -> Span:
    """Check the time range of a call: either `timeDur`, or `timeStart` with `timeEnd`."""
    given = {parameter.name: parameter for parameter in parameters}
    unknown = sorted(given.keys() - _ENDS - {"timeDur"})
    if unknown:
        raise Refusal(400, "Unknown parameter " + ", ".join(unknown))
    if len(given) < len(parameters):
        raise Refusal(400, "A parameter is given twice")
    if given.keys() == {"timeDur"}:
        end = now(settings)
        span = Span(end - _duration(given["timeDur"].value, settings), end)
    elif given.keys() == _ENDS:
        end = _moment(given["timeEnd"], settings) + settings.end_inclusive
        span = Span(_moment(given["timeStart"], settings), end)
    else:
        raise Refusal(400, "Either timeDur or timeStart and timeEnd is required")
    if span.start >= span.end:
        raise Refusal(400, "timeStart must be before timeEnd")
    if settings.refuses_future and span.end > now(settings) + settings.end_inclusive:
        raise Refusal(400, "timeEnd lies in the future")
    if settings.max_range_days is not None and span.end - span.start > settings.max_range_days * MINUTES_PER_DAY:
        raise Refusal(400, f"The range is longer than {settings.max_range_days} days")
    return span


def _duration(text: str, settings: Settings) -> int:
    found = _DURATION.fullmatch(text)
    if not found or not (settings.other_durations or text in DURATIONS):
        raise Refusal(400, "timeDur is not one of the known durations")
    return int(found[1]) * _UNITS[found[2]]


def _moment(parameter: Parameter, settings: Settings) -> int:
    spelling = next((mark for mark in ("+", "%20", "%2B") if mark in parameter.raw.upper()), "")
    if _MOMENT.fullmatch(parameter.value) and spelling in _SPELLINGS[settings.accepts_time]:
        with suppress(ValueError, OverflowError):
            return _minute_of(datetime.fromisoformat(parameter.value.replace("+", " ")), settings)
    raise Refusal(400, f"{parameter.name} is not a time of the form YYYY-MM-DD+HH:mm")
