"""What can be chosen: the world, the keys, and how the server reads what the contract leaves open."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sandbox.server.limiter import RetryAfter
from sandbox.server.state import BaseSettings

READ_KEY = "a1" * 16
WRITE_KEY = "b2" * 16
READ_WRITE_KEY = "c3" * 16
ADMIN_KEY = "d4" * 16
PROJECTS = ("5f0e1c2ab7d94e3f80a1c6d2", "61b47d90e2c85a3f17d4b9e0")
QUIET_PROJECT = "63a9f5d87c1e402b96e8d3f4"

Permission = Literal["Read", "Write", "Read & Write"]
AcceptsTime = Literal["literal", "space", "plus", "both"]
DetailShape = Literal["object", "list", "series"]
ErrorBody = Literal["Message", "message", "absent", "empty", "html"]


@dataclass(frozen=True)
class Key:
    """What an API key may do; an administrator's key also sees what is hidden for administrators only."""

    permission: Permission
    administrator: bool = False

    def may(self, action: Literal["Read", "Write"]) -> bool:
        """Tell whether the permission covers `action`."""
        return self.permission in {action, "Read & Write"}


def _default_keys() -> dict[str, Key]:
    return {
        READ_KEY: Key("Read"),
        WRITE_KEY: Key("Write"),
        READ_WRITE_KEY: Key("Read & Write"),
        ADMIN_KEY: Key("Read", administrator=True),
    }


@dataclass(frozen=True)
class Size:
    """How big the made-up world is: kinds of transactions in a project, and events of it on an average weekday."""

    transactions: int = 12
    events_per_day: int = 200


@dataclass
class Settings(BaseSettings):
    """Everything a test or a demo may choose, besides what every stand-in has.

    `size` and `late_days` make the world when the app is created.

    The world:
        as_of: the day at whose end questions are asked; move it to see the past restated.
        late_days: within how many days the last events of a minute arrive.
        projects: ids that exist; those in `quiet` have no events.
        admin_only: ids of projects, ids or names of transactions that only an administrator's key sees.
        extra: answers of endpoints that a test makes up, by path below `/v2/`; a callable is given the query.

    What the contract leaves open about time:
        timezone: in which `timeStart` and `timeEnd` are read.
        accepts_time: how the `+` between date and time may be written. `literal`: as `+` only. `space`: also `%20`, as
            a server that decodes forms takes it. `plus`: also `%2B`, as a server that does not. `both`: all three.
        end_inclusive: whether the minute that `timeEnd` names belongs to the range.
        other_durations: whether `timeDur` takes more than the documented examples, such as `24h`.
        refuses_future: whether a `timeEnd` after now is refused.
        max_range_days: longest range; None takes any.

    What it leaves open about answers:
        row_cap: most rows of a list; None gives all. `capped_stats`: whether `stats` counts only those.
        detail_shape: what `data` of one transaction is: a row, a list with that row, or a row per day with its `date`.
        empty_status: status of a list without rows; 204 has no body.
        error_body: where the text of an error is: under `Message` or `message`, nowhere in an object, in no body at
            all, or in a page of HTML.

    What it leaves open about keys:
        key_headers: headers that are read for a key.
        no_key_status, wrong_key_status, wrong_permission_status: how a key is refused.

    Every call costs one unit. `maintenance` answers 503 to everything.
    """

    retry_after: RetryAfter = "absent"
    as_of: date = date(2026, 3, 31)
    size: Size = field(default_factory=Size)
    late_days: int = 3
    projects: tuple[str, ...] = (*PROJECTS, QUIET_PROJECT)
    quiet: frozenset[str] = frozenset({QUIET_PROJECT})
    admin_only: set[str] = field(default_factory=set)
    extra: dict[str, object] = field(default_factory=dict)
    timezone: str = "UTC"
    accepts_time: AcceptsTime = "literal"
    end_inclusive: bool = False
    other_durations: bool = False
    refuses_future: bool = False
    max_range_days: int | None = None
    row_cap: int | None = None
    capped_stats: bool = False
    detail_shape: DetailShape = "object"
    empty_status: Literal[200, 204] = 200
    error_body: ErrorBody = "Message"
    keys: dict[str, Key] = field(default_factory=_default_keys)
    key_headers: frozenset[str] = frozenset({"X-API-KEY"})
    no_key_status: int = 401
    wrong_key_status: int = 401
    wrong_permission_status: int = 403
    maintenance: bool = False
