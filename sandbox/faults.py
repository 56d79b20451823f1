"""What can go wrong between a client and the server, described as data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

import orjson

Kind = Literal[
    "429",
    "429_without_retry_after",
    "401",
    "403",
    "redirect",
    "reset",
    "204",
    "400",
    "404",
    "405",
    "500",
    "502",
    "503",
    "truncated",
    "html",
    "wrong_type",
    "missing_data",
    "unknown_field",
    "slow",
]

# These stand in the way of the limiter, so they cost nothing; all others are charged like the answer they replace.
_FREE_KINDS: frozenset[Kind] = frozenset({"429", "429_without_retry_after", "401", "403", "redirect", "reset"})
ERRORS: dict[Kind, int] = {
    "400": 400,
    "401": 401,
    "403": 403,
    "404": 404,
    "405": 405,
    "429": 429,
    "429_without_retry_after": 429,
    "500": 500,
    "502": 502,
    "503": 503,
}
_SPOILING: frozenset[Kind] = frozenset({"truncated", "html", "wrong_type", "missing_data", "unknown_field", "slow"})
HTML = b"<!doctype html><title>Just a moment</title><p>We are checking your browser.</p>"


@dataclass
class Fault:
    """One thing that goes wrong on calls of `path` (a glob below the base path, such as `customers/*`).

    It strikes `times` calls (None: without end), only every `every`-th matching call (1: each), and only when `match`
    agrees with the query parameters. `retry_after` is the seconds a `429` names, `seconds` how long a `slow` body
    takes, `location` where a `redirect` leads and `redirect_status` its status.
    """

    path: str
    kind: Kind
    times: int | None = 1
    every: int = 1
    match: Callable[[Mapping[str, str]], bool] | None = None
    retry_after: int = 1
    seconds: float = 0.1
    location: str = "https://elsewhere.example.com/"
    redirect_status: int = 307
    struck: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)

    @property
    def is_free(self) -> bool:
        """Tell whether the fault strikes before the limiter, so that the call costs nothing."""
        return self.kind in _FREE_KINDS

    @property
    def spoils(self) -> bool:
        """Tell whether the fault needs a successful answer to disturb; all others stand in its place."""
        return self.kind in _SPOILING

    def strikes(self, path: str, query: Mapping[str, str]) -> bool:
        """Tell whether this call is hit, and count it."""
        if not fnmatchcase(path, self.path) or (self.match is not None and not self.match(query)):
            return False
        self._seen += 1
        if self._seen % self.every or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


def first_to_strike(faults: Iterable[Fault], path: str, query: Mapping[str, str], *, free: bool) -> Fault | None:
    """Find the first fault that hits this call, among those that cost nothing or those that are charged."""
    candidates = (fault for fault in faults if fault.is_free is free)
    return next((fault for fault in candidates if fault.strikes(path, query)), None)


def spoil(kind: Kind, body: object) -> bytes:
    """Write a successful body the way `kind` spoils it; `slow` and `truncated` leave the bytes alone.

    Without a member `data` the whole body counts as data, and none of it is left by `missing_data`.
    """
    if kind == "html":
        return HTML
    envelope, data = (body, body["data"]) if isinstance(body, dict) and "data" in body else (None, body)
    if kind == "missing_data":
        return orjson.dumps({name: value for name, value in (envelope or {}).items() if name != "data"})
    if kind == "unknown_field":
        data = _with_extra(data)
    if kind == "wrong_type":
        data = _with_text(data)
    return orjson.dumps(data if envelope is None else envelope | {"data": data})


def _with_extra(data: object) -> object:
    if isinstance(data, list):
        return [_with_extra(row) for row in data]
    return data | {"a_new_field": 1} if isinstance(data, dict) else data


def _with_text(data: object) -> object:
    """Turn every number of every row into a word."""
    if isinstance(data, list):
        return [_with_text(row) for row in data]
    if isinstance(data, dict):
        return {name: _with_text(value) for name, value in data.items()}
    return "many" if isinstance(data, int | float) and not isinstance(data, bool) else data
