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

from sources.rest.errors import (
    RedirectError,
    SlowAnswerError,
    TruncatedBodyError,
    UnconnectedError,
    UnexpectedBodyError,
    UnreachableError,
    as_identifier,
)

CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of the server.

    Attributes:
        headers: by name; upper and lower case are the same.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """What to quote to the vendor."""
        return _request_id(self.headers)

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
    """Connections to one API; thread-safe.

    Args:
        timeout: seconds for connecting, and for a whole answer.
        connections: most that are kept open.
    """

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
        # the exceptions of requests quote the URL with its query: only their kind is passed on
        except urllib3.exceptions.ProtocolError:
            raise TruncatedBodyError(endpoint=endpoint, request_id=_request_id(headers)) from None
        except urllib3.exceptions.DecodeError:
            what = "the answer cannot be decompressed"
            raise UnexpectedBodyError(what, endpoint=endpoint, request_id=_request_id(headers)) from None
        except (urllib3.exceptions.ReadTimeoutError, requests.exceptions.Timeout):
            raise SlowAnswerError(f"no whole answer within {self._timeout:g} s", endpoint=endpoint) from None
        except requests.exceptions.SSLError:
            raise UnreachableError("the TLS certificate is not accepted", endpoint=endpoint) from None
        except requests.exceptions.RequestException as error:
            raise _unreachable(endpoint, error) from None
        except ValueError:
            # requests reads the address of a redirect even where it does not follow it
            raise RedirectError("the server redirects to an address that cannot be read", endpoint=endpoint) from None
        finally:
            if response is not None:
                response.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _request_id(headers: Mapping[str, str]) -> str | None:
    return as_identifier(headers.get("X-Request-ID"))


def _whole_number(value: str) -> int | None:
    return int(value) if value.isdecimal() else None


def _unreachable(endpoint: str, error: requests.exceptions.RequestException) -> UnreachableError:
    """Name the reason of a failed connection without the URL that requests puts into its text."""
    text = str(error)
    for mark, kind, what in (
        ("NameResolutionError", UnconnectedError, "the host name is not known"),
        ("refused", UnconnectedError, "the connection is refused"),
        ("RemoteDisconnected", UnreachableError, "the connection was closed without an answer"),
        ("reset", UnreachableError, "the connection was reset"),
    ):
        if mark in text:
            return kind(what, endpoint=endpoint)
    return UnreachableError("the connection failed", endpoint=endpoint)
