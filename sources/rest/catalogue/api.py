"""What calling has to know of a vendor and of an endpoint: no more than stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from sources.rest.errors import ApiError
from sources.rest.windows import Window

HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """How a range of days is asked for.

    Args:
        start: query parameter of its beginning.
        end: query parameter of its end.
        format: how a moment is written, as `strftime` has it.
        end_exclusive: the end is the beginning of the day after the last one, and not the last moment of that.
        literal: characters of a moment that are sent as they are, although a query has to encode them.
        hours: a single day is asked for in parts of so many hours; 0 for whole days. A longer range is one question.
    """

    start: str
    end: str
    format: str = "%Y-%m-%d"
    end_exclusive: bool = False
    literal: str = ""
    hours: int = 0

    def __str__(self) -> str:
        ends = "exclusive" if self.end_exclusive else "inclusive"
        parts = f"{self.hours}h" if self.hours else ""
        return " ".join(filter(None, (self.start, self.end, self.format, ends, self.literal, parts)))

    def params(self, window: Window) -> dict[str, str]:
        """Query parameters that ask for some days at once."""
        return self._between(datetime.combine(window.start, time.min), timedelta(days=window.days))

    def calls(self, window: Window) -> int:
        """Return how many questions ask for some days."""
        return HOURS_A_DAY // self.hours if self.hours and window.days == 1 else 1

    def parts(self, window: Window) -> list[tuple[int, dict[str, str]]]:
        """First hour and query parameters of each question that asks for some days, on the server's clock."""
        if self.calls(window) == 1:
            return [(0, self.params(window))]
        midnight, length = datetime.combine(window.start, time.min), timedelta(hours=self.hours)
        return [
            (hour, self._between(midnight + timedelta(hours=hour), length))
            for hour in range(0, HOURS_A_DAY, self.hours)
        ]

    def _between(self, start: datetime, length: timedelta) -> dict[str, str]:
        end = start + length - (timedelta() if self.end_exclusive else timedelta(microseconds=1))
        return {self.start: start.strftime(self.format), self.end: end.strftime(self.format)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeDoubt:
    """What a vendor leaves open about ranges, and which options say it.

    Args:
        option: option that says whether the moment of an end belongs to the range: exclusive or inclusive.
        configured: its value.
        spellings: setting of another option -> how days are asked for under it.
    """

    option: str
    configured: str
    spellings: Mapping[str, DateRange]


@dataclass(frozen=True, kw_only=True, eq=False)  # an endpoint is itself, wherever it is used as a key
class Call:
    """What calling has to know of an endpoint.

    Args:
        name: resource and table name; errors and counts name it.
        path: below the base URL; names in braces stand for parameters that go there and not into the query.
        units: what one call costs of the rate limit.
        date_range: how days are asked for, where it is not the vendor's usual way.
    """

    name: str
    path: str
    units: int = 1
    date_range: DateRange | None = None

    @property
    def pii(self) -> bool:
        """Whether rows hold personal data; then errors quote nothing of an answer."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The conventions of one vendor: how days are asked for, and where things stand in an answer.

    Args:
        name: source name.
        date_range: how days are asked for.
        tenant: dotted path in the body of the id of whose rows they are; None where answers do not tell it.
        echo: dotted paths under which an answer may repeat the range it stands for.
        pagination: dotted path of the paging object; None where there is none.
        error: dotted path of the error object in a refusal; empty where the body is it.
        message_fields: fields of it that may hold the server's message.
        codes: exceptions for the vendor's own error codes.
        statuses: exceptions for statuses that have a meaning of the vendor's own.
        no_content: status 204 is an answer without rows.
        not_additive_advice: what to look at where nothing adds up over days.
        range_doubt: what the vendor leaves open about ranges; None where it leaves nothing open.
    """

    name: str
    date_range: DateRange
    tenant: str | None = None
    echo: tuple[str, ...] = ()
    pagination: str | None = None
    error: str = ""
    message_fields: tuple[str, ...] = ("message",)
    codes: Mapping[str, type[ApiError]] = field(default_factory=dict)
    statuses: Mapping[int, type[ApiError]] = field(default_factory=dict)
    no_content: bool = False
    not_additive_advice: str = ""
    range_doubt: RangeDoubt | None = None
