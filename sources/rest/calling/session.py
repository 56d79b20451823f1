"""The one place where a request leaves: key, budget, retries, typed errors."""

import email.utils
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import backoff
import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter

from sources.rest.calling.budget import Budget
from sources.rest.calling.keys import Keys
from sources.rest.catalogue.api import Api
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import (
    ApiError,
    ConfigurationError,
    RateLimitedError,
    RedirectError,
    SlowAnswerError,
    TruncatedBodyError,
    UnauthorizedError,
    UnconnectedError,
    UnexpectedBodyError,
    UnreachableError,
    as_identifier,
    error_type,
)

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
CHUNK_BYTES: Final = 65_536
_BODY_TYPES: Final = frozenset({"application/json", "text/html", "text/plain", "text/xml", "application/xml"})
NO_CONTENT: Final = 204
WAIT_MAX: Final = 60.0
"""Longest wait in seconds between two tries where the server names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long one call is worth.

    Args:
        tries: requests per call, the first one included.
        seconds: longest time for all tries; a `Retry-After` beyond it fails at once.
        base: first wait in seconds where the server names none; it doubles, with full jitter.
        timeout: seconds for connecting, and for a whole answer.
    """

    tries: int = 5
    seconds: float = 300.0
    base: float = 1.0
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: the parsed body and the id to quote to the vendor; `empty` where there was no body to parse."""

    body: Any
    request_id: str | None
    empty: bool = False


def checked_base_url(base_url: str) -> str:
    """Return the base URL without a trailing slash.

    Raises:
        ConfigurationError: it is no URL, carries credentials or a query, or would send the key in plain text.
    """
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is no number
        usable = False
    if not usable:
        raise ConfigurationError("base_url is not an http(s) address; give for example https://host/api/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError("base_url carries credentials, a query or a fragment; give only scheme, host and path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(
            f"base_url sends the key to {parts.hostname} in plain text; use https (http is for loopback only)"
        )
    return base_url.rstrip("/")


class Session:
    """Calls one API with one key; thread-safe.

    Attributes:
        units: units spent, by endpoint; every try counts.
        calls: requests sent.
        retries: those that repeated an earlier one.
        limit_seen: the rate limit that the server last named.
        keys: the keys that go with requests.

    Args:
        api: the vendor's conventions.
        base_url: see `checked_base_url`.
        keys: what goes with a request.
        budget: pays for every try.
        retry: how long one call is worth.
        connections: calls in flight at once.
    """

    def __init__(
        self,
        api: Api,
        *,
        base_url: str,
        keys: Keys,
        budget: Budget,
        retry: RetryPolicy = RetryPolicy(),
        connections: int = 8,
    ) -> None:
        self.api = api
        self.keys = keys
        self.budget = budget
        self.units: Counter[str] = Counter()
        self.limit_seen: int | None = None
        self.calls = 0
        self.retries = 0
        self._base_url = checked_base_url(base_url)
        self._retry = retry
        self._lock = threading.Lock()
        self._http = requests.Session()
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers["Accept"] = "application/json"
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections))
        self._send = backoff.on_exception(
            backoff.runtime,
            ApiError,
            value=self._wait,
            jitter=None,
            max_tries=retry.tries,
            giveup=self._hopeless,
            on_backoff=self._count_retry,
            logger=None,
        )(self._try)

    def get(self, endpoint: Endpoint, params: Mapping[str, str], **path: str) -> Reply:
        """Ask an endpoint and return its answer; parameters that its path names go there.

        Raises:
            ApiError: one subclass per condition, after the retries are spent.
            CallTooDearError: the call costs more than the rate limit.
        """
        path |= {name: value for name, value in params.items() if name in endpoint.path_params}
        params = {name: value for name, value in params.items() if name not in path}
        url = self._base_url + endpoint.path.format_map({name: quote(value, safe="") for name, value in path.items()})
        attempt = _Attempt(endpoint, url, params, key=self.keys.current)
        try:
            reply: Reply = self._send(attempt)
        except UnauthorizedError:
            if not self.keys.refuse(attempt.key):
                raise
            return self.get(endpoint, params, **path)
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _try(self, attempt: "_Attempt") -> Reply:
        endpoint = attempt.endpoint
        self.budget.acquire(endpoint.units)
        with self._lock:
            self.calls += 1
            self.units[endpoint.name] += endpoint.units
        attempt.tries += 1
        attempt.started = attempt.started or time.monotonic()
        limit = remaining = None
        sent = True
        try:
            response, content = self._exchange(attempt)
            limit = _whole(response.headers.get("X-RateLimit-Limit"))
            remaining = _whole(response.headers.get("X-RateLimit-Remaining"))
            self.limit_seen = limit or self.limit_seen
            return self._judge(endpoint, response, content)
        except ApiError as error:
            error.tries, error.elapsed = attempt.tries, time.monotonic() - attempt.started
            sent = not isinstance(error, UnconnectedError)
            raise
        finally:
            if sent:
                self.budget.settle(endpoint.units, limit=limit, remaining=remaining)
            else:
                self.budget.refund(endpoint.units)
                with self._lock:
                    self.units[endpoint.name] -= endpoint.units

    def _exchange(self, attempt: "_Attempt") -> tuple[requests.Response, bytes]:
        """Send a request and read its whole answer within the time-out."""
        endpoint, timeout = attempt.endpoint, self._retry.timeout
        deadline = time.monotonic() + timeout
        response = None
        try:
            response = self._http.get(
                attempt.url,
                params=self._query(endpoint, attempt.params),
                auth=self.keys.sign(attempt.key),
                timeout=timeout,
                stream=True,
                allow_redirects=False,
            )
            chunks = []
            # read1 returns what is there: a body that trickles cannot outlast the deadline
            for chunk in iter(lambda: response.raw.read1(CHUNK_BYTES, decode_content=True), b""):
                chunks.append(chunk)
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            return response, b"".join(chunks)
        # the exceptions of requests quote the URL with its query: only their kind is passed on
        except urllib3.exceptions.ProtocolError:
            raise TruncatedBodyError(endpoint=endpoint.name, request_id=_request_id(response)) from None
        except urllib3.exceptions.DecodeError:
            what = "the answer cannot be decompressed"
            raise UnexpectedBodyError(what, endpoint=endpoint.name, request_id=_request_id(response)) from None
        except (urllib3.exceptions.ReadTimeoutError, requests.exceptions.Timeout):
            raise SlowAnswerError(f"no whole answer within {timeout:g} s", endpoint=endpoint.name) from None
        except requests.exceptions.SSLError:
            raise UnreachableError("the TLS certificate is not accepted", endpoint=endpoint.name) from None
        except requests.exceptions.RequestException as error:
            raise _unreachable(endpoint, error) from None
        except ValueError:
            # requests reads a redirect's address even if it shall not follow it
            raise RedirectError(
                "the server redirects to an address that cannot be read", endpoint=endpoint.name
            ) from None
        finally:
            if response is not None:
                response.close()

    def _query(self, endpoint: Endpoint, params: Mapping[str, str]) -> str:
        """Encode a query; what the vendor takes as it is, it takes so in its own way of asking for days alone."""
        days = endpoint.date_range or self.api.date_range
        dates = {days.start, days.end} if days.format == self.api.date_range.format else set()
        return "&".join(
            urlencode({name: value}, safe=self.api.literal if name in dates else "", quote_via=quote)
            for name, value in params.items()
        )

    def _judge(self, endpoint: Endpoint, response: requests.Response, content: bytes) -> Reply:
        status, request_id = response.status_code, _request_id(response)
        if response.is_redirect or 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
            host = None if endpoint.pii else as_identifier(urlsplit(response.headers.get("Location", "")).hostname)
            what = f"the server redirects to {host}" if host else None
            raise RedirectError(what or "", endpoint=endpoint.name, status=status, request_id=request_id)
        if status == NO_CONTENT and self.api.no_content:
            return Reply(None, request_id, empty=True)
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            body = None
            if response.ok:
                kind = response.headers.get("Content-Type", "").partition(";")[0]
                kind = kind if kind in _BODY_TYPES else "another type" if kind else "no type"
                raise UnexpectedBodyError(
                    f"the answer is not valid JSON ({kind}, {len(content)} bytes)",
                    endpoint=endpoint.name,
                    status=status,
                    request_id=request_id,
                ) from None
        if response.ok:
            return Reply(body, request_id)
        error = dig(body, self.api.error)
        details = error if isinstance(error, dict) else {}
        code = self._clean(details.get("code"))
        exception = error_type(status, code, self.api.codes, self.api.statuses)
        wait = retry_after(response.headers.get("Retry-After"))
        if issubclass(exception, RateLimitedError) and wait:
            self.budget.block(wait)
        elif issubclass(exception, RateLimitedError) and not _tells_limit(response):
            self.budget.slow_down()
        raise exception(
            endpoint=endpoint.name,
            status=status,
            code=code,
            request_id=self._clean(request_id or details.get("request_id")),
            server_message=None if endpoint.pii else self._said(details),  # it may name somebody
            retry_after=wait,
        )

    def _said(self, details: Mapping[str, Any]) -> str | None:
        return next(filter(None, (self._clean(details.get(name)) for name in self.api.message_fields)), None)

    def _clean(self, text: object) -> str | None:
        """What the server says, without the key."""
        if not isinstance(text, str):
            return None
        for secret in self.keys.secrets:
            text = text.replace(secret, "<key>")
        return text

    def _wait(self, error: ApiError) -> float:
        ceiling = min(WAIT_MAX, self._retry.base * 2.0 ** (error.tries - 1))
        wait = error.retry_after or random.uniform(0, ceiling)  # noqa: S311 - spreads retries, hides nothing
        wait = min(wait, self.budget.seconds_left)  # what comes later than that is not asked for any more
        if isinstance(error, RateLimitedError):
            self.budget.block(wait)
        return wait

    def _hopeless(self, error: Exception) -> bool:
        if not isinstance(error, ApiError):
            return True
        return not error.retryable or error.elapsed + (error.retry_after or 0) > self._retry.seconds

    def _count_retry(self, _: Mapping[str, Any]) -> None:
        with self._lock:
            self.retries += 1


@dataclass(slots=True)
class _Attempt:
    endpoint: Endpoint
    url: str
    params: Mapping[str, str]
    key: int
    tries: int = 0
    started: float = 0.0


def retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Read `Retry-After`, given in seconds or as an HTTP date; None where it is absent, past or unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now()
        except ValueError:
            return None
    return seconds if 0 < seconds < float("inf") else None


def dig(body: Any, path: str) -> Any:
    """Return what stands under a dotted path, None where a step is missing; the empty path is the body itself."""
    for name in path.split(".") if path else ():
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdecimal() else None


def _tells_limit(response: requests.Response) -> bool:
    return any(name in response.headers for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining"))


def _request_id(response: requests.Response | None) -> str | None:
    return None if response is None else as_identifier(response.headers.get("X-Request-ID"))


def _unreachable(endpoint: Endpoint, error: requests.exceptions.RequestException) -> UnreachableError:
    """Name the reason of a failed connection without the URL that requests puts into its text."""
    text = str(error)
    for mark, kind, what in (
        ("NameResolutionError", UnconnectedError, "the host name is not known"),
        ("refused", UnconnectedError, "the connection is refused"),
        ("RemoteDisconnected", UnreachableError, "the connection was closed without an answer"),
        ("reset", UnreachableError, "the connection was reset"),
    ):
        if mark in text:
            return kind(what, endpoint=endpoint.name)
    return UnreachableError("the connection failed", endpoint=endpoint.name)
