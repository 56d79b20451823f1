"""What can go wrong between a client and the server, described as data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

Error = Literal["400", "401", "403", "404", "405", "429", "429_without_retry_after", "500", "502", "503"]
Spoiling = Literal["truncated", "html", "wrong_type", "missing_data", "unknown_field", "slow"]
Tampering = Literal[
    "repeated_cursor",
    "first_cursor",
    "no_cursor",
    "repeated_page",
    "shifted_page",
    "skipping_page",
    "empty_page",
    "endless",
]
Kind = Literal[Error, Spoiling, Tampering, "redirect", "reset", "204"]

# The name of an error begins with its status.
ERRORS: dict[Kind, int] = {kind: int(kind[:3]) for kind in get_args(Error)}
_TAMPERING: dict[Kind, Tampering] = {kind: kind for kind in get_args(Tampering)}
# These strike before the limiter, so they cost nothing; all others are charged like the answer they replace.
_FREE: frozenset[Kind] = frozenset({"429", "429_without_retry_after", "401", "403", "redirect", "reset"})
# These need a page before; a first page is neither hit nor counted.
_ON_LATER_PAGES: frozenset[Kind] = frozenset({"first_cursor", "repeated_page", "shifted_page", "skipping_page"})
_CURSORS = frozenset({"cursor", "cursor_id"})
ELSEWHERE = "https://elsewhere.example.com/"


@dataclass
class Fault:
    """One thing that goes wrong on calls of `path` (a glob below the base path, such as `customers/*`).

    It strikes `times` calls (None: without end), only every `every`-th matching call (1: each), and only when `match`
    agrees with the query parameters. `retry_after` is the seconds a `429` names, `seconds` how long a `slow` body
    takes, `location` where a `redirect` leads and `redirect_status` its status.

    Tampering with the pages of a list:

    - `repeated_cursor`: the next cursor is the one just asked with, on a first page one that leads to it again.
    - `first_cursor`: the next cursor is that of the first page, so that later pages lead round in a circle.
    - `no_cursor`: a next page is promised without a cursor. Where the cursor is read from the last row, its fields are
      missing there.
    - `repeated_page`: the rows of the page before, with the cursor of the right page.
    - `shifted_page`: one row of the page before comes first, as if one was inserted meanwhile; no row is lost.
    - `skipping_page`: the first row is left out, as if one vanished meanwhile; nothing in the answer shows it.
    - `empty_page`: no rows, and a new cursor that leads to the page that should have been here.
    - `endless`: after the last page comes the first again; there is always a next page, and its cursor is new.
    """

    path: str
    kind: Kind
    times: int | None = 1
    every: int = 1
    match: Callable[[Mapping[str, str]], bool] | None = None
    retry_after: int = 1
    seconds: float = 0.1
    location: str = ELSEWHERE
    redirect_status: int = 307
    struck: int = field(default=0, init=False)
    _matched: int = field(default=0, init=False, repr=False)

    @property
    def is_free(self) -> bool:
        """Tell whether the fault strikes before the limiter, so that the call costs nothing."""
        return self.kind in _FREE

    @property
    def spoils(self) -> bool:
        """Tell whether the fault spoils a successful answer; all others stand in its place."""
        return self.kind in get_args(Spoiling) or self.kind in _TAMPERING

    @property
    def tampering(self) -> Tampering | None:
        """Name what the fault does to a page, if that is what it does."""
        return _TAMPERING.get(self.kind)

    def strikes(self, path: str, query: Mapping[str, str]) -> bool:
        """Tell whether this call is hit, and count it."""
        if not fnmatchcase(path, self.path) or (self.match is not None and not self.match(query)):
            return False
        if self.kind in _ON_LATER_PAGES and _CURSORS.isdisjoint(query):
            return False
        self._matched += 1
        if self._matched % self.every or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


def first_to_strike(faults: Iterable[Fault], path: str, query: Mapping[str, str], *, free: bool) -> Fault | None:
    """Find the first fault that hits this call, among those that cost nothing or those that are charged."""
    candidates = (fault for fault in faults if fault.is_free is free)
    return next((fault for fault in candidates if fault.strikes(path, query)), None)
