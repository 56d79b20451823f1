"""One request over HTTP: no redirects, no cookies, a whole answer within the time-out or a typed error."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from sources.rest import errors

CHUNK_BYTES: Final = 65_536
DIGITS_MAX: Final = 15
"""Longest number of a header that is believed: every such one is exact as a float."""

_Request = requests.exceptions.RequestException
_FAILURES: Final[tuple[tuple[type[Exception], str, type[errors.ApiError], str], ...]] = (
    (urllib3.exceptions.ProtocolError, "", errors.TruncatedBodyError, ""),
    (urllib3.exceptions.DecodeError, "", errors.UnexpectedBodyError, "the answer cannot be decompressed"),
    (urllib3.exceptions.ReadTimeoutError, "", errors.SlowAnswerError, "no whole answer within {timeout:g} s"),
    (requests.exceptions.Timeout, "", errors.SlowAnswerError, "no whole answer within {timeout:g} s"),
    (requests.exceptions.SSLError, "", errors.UnreachableError, "the TLS certificate is not accepted"),
    (_Request, "NameResolutionError", errors.UnknownHostError, ""),
    (_Request, "refused", errors.UnconnectedError, "the connection is refused"),
    (_Request, "RemoteDisconnected", errors.UnreachableError, "the connection was closed without an answer"),
    (_Request, "reset", errors.UnreachableError, "the connection was reset"),
    (_Request, "", errors.UnreachableError, "the connection failed"),
    # requests reads the address of a redirect even where it does not follow it
    (ValueError, "", errors.RedirectError, "the server redirects to an address that cannot be read"),
)
"""Exception of the HTTP library, a word of its text -> error, what happened; the first match counts."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of the server; names of headers are found in upper or lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """What to quote to the vendor."""
        return errors.as_identifier(self.headers.get("X-Request-ID"))

    @property
    def limit(self) -> int | None:
        """Units per period that the server grants the key."""
        return _whole_number(self.headers.get("X-RateLimit-Limit", ""))

    @property
    def remaining(self) -> int | None:
        """Units of the period that the server says are left."""
        return _whole_number(self.headers.get("X-RateLimit-Remaining", ""))

    @property
    def names_limit(self) -> bool:
        """Whether the server says anything about its rate limit."""
        return "X-RateLimit-Limit" in self.headers or "X-RateLimit-Remaining" in self.headers


class HttpClient:
    """Connections to one API; `timeout` is in seconds, for connecting and for a whole answer. Thread-safe."""

    def __init__(self, timeout: float, connections: int) -> None:
        self._timeout = timeout
        self._http = requests.Session()
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers["Accept"] = "application/json"
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections))

    def get(self, url: str, auth: AuthBase, endpoint: str) -> Response:
        """Send a request and read its whole answer.

        Raises:
            ApiError: there is none, or it breaks off; it names the endpoint, and nothing of the URL.
        """
        deadline = time.monotonic() + self._timeout
        response = None
        headers: Mapping[str, str] = {}
        try:
            response = self._http.get(url, auth=auth, timeout=self._timeout, stream=True, allow_redirects=False)
            headers = response.headers
            chunks = []
            # read1 returns what is there: a body that trickles cannot outlast the deadline
            for chunk in iter(lambda: response.raw.read1(CHUNK_BYTES, decode_content=True), b""):
                chunks.append(chunk)
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            return Response(response.status_code, headers, b"".join(chunks))
        except tuple(kind for kind, *_ in _FAILURES) as error:
            # its text quotes the URL with its query: only its kind is passed on
            meaning, what = next(
                (meaning, what)
                for kind, word, meaning, what in _FAILURES
                if isinstance(error, kind) and word in str(error)
            )
            request_id = errors.as_identifier(headers.get("X-Request-ID"))
            raise meaning(what.format(timeout=self._timeout), endpoint=endpoint, request_id=request_id) from None
        finally:
            if response is not None:
                response.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _whole_number(value: str) -> int | None:
    return int(value) if value.isdecimal() and len(value) <= DIGITS_MAX else None
