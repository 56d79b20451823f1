"""What can go wrong between a client and the server, described as data."""

from collections.abc import Callable, Mapping
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
ERROR_CODES: dict[Kind, tuple[int, str]] = {
    "429": (429, "rate_limit_exceeded"),
    "429_without_retry_after": (429, "rate_limit_exceeded"),
    "401": (401, "unauthorized"),
    "403": (403, "insufficient_scope"),
    "500": (500, "internal_error"),
    "502": (502, "internal_error"),
    "503": (503, "service_unavailable"),
}
HTML = b"<!doctype html><title>Atribu</title><p>We are checking your browser.</p>"


@dataclass
class Fault:
    """One thing that goes wrong on calls of `path` (a glob below `/api/v1/`, such as `customers/*`).

    It strikes `times` calls (None: without end), only every `every`-th matching call (1: each), and only when `match`
    agrees with the query parameters. `retry_after` is the seconds a `429` names, `seconds` how long a `slow` body
    takes, `location` where a `redirect` leads.
    """

    path: str
    kind: Kind
    times: int | None = 1
    every: int = 1
    match: Callable[[Mapping[str, str]], bool] | None = None
    retry_after: int = 1
    seconds: float = 0.1
    location: str = "https://elsewhere.example.com/api/v1/"
    struck: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)

    @property
    def is_free(self) -> bool:
        """Tell whether the fault strikes before the limiter, so that the call costs nothing."""
        return self.kind in _FREE_KINDS

    def strikes(self, path: str, query: Mapping[str, str]) -> bool:
        """Tell whether this call is hit, and count it."""
        if not fnmatchcase(path, self.path) or (self.match is not None and not self.match(query)):
            return False
        self._seen += 1
        if self._seen % self.every or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


def spoil(kind: Kind, body: dict[str, object]) -> bytes:
    """Write a successful body the way `kind` spoils it; `slow` and `truncated` leave the bytes alone."""
    if kind == "html":
        return HTML
    if kind == "missing_data":
        return orjson.dumps({name: value for name, value in body.items() if name != "data"})
    if kind == "unknown_field":
        return orjson.dumps(body | {"data": _with_extra(body["data"])})
    if kind == "wrong_type":
        return orjson.dumps(body | {"data": _with_text(body["data"])})
    return orjson.dumps(body)


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
