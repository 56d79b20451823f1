"""One request over HTTP: no redirects, no cookies, a whole answer in time or a typed error."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import requests
import urllib3
from requests.auth import AuthBase

from sources.rest import errors
from sources.rest.calling.address import is_loopback
from sources.rest.calling.deadline import CuttableAdapter, within

CHUNK_BYTES: Final = 65_536
DIGITS_MAX: Final = 15
"""Longest number of a header that is believed: every such one is exact as a float."""
MB: Final = 1_000_000
HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": requests.utils.default_user_agent(),
}

_Request = requests.exceptions.RequestException
_FAILURES: Final[tuple[tuple[type[Exception], str, type[errors.ApiError], str], ...]] = (
    (urllib3.exceptions.ProtocolError, "", errors.TruncatedBodyError, ""),
    (urllib3.exceptions.DecodeError, "", errors.UnexpectedBodyError, "the answer cannot be decompressed"),
    (urllib3.exceptions.ReadTimeoutError, "", errors.SlowAnswerError, "no whole answer within {timeout:g} s"),
    (requests.exceptions.Timeout, "", errors.SlowAnswerError, "no whole answer within {timeout:g} s"),
    (TimeoutError, "", errors.SlowAnswerError, "no whole answer within {timeout:g} s"),
    (requests.exceptions.SSLError, "", errors.UnreachableError, "the TLS certificate is not accepted"),
    (_Request, "NameResolutionError", errors.UnknownHostError, ""),
    (_Request, "refused", errors.UnconnectedError, "the connection is refused"),
    (_Request, "RemoteDisconnected", errors.UnreachableError, "the connection was closed without an answer"),
    (_Request, "reset", errors.UnreachableError, "the connection was reset"),
    (_Request, "", errors.UnreachableError, "the connection failed"),
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
    """Connections to one API. Thread-safe.

    Of what the machine is set up for, only the proxies and certificates for this address are used: a `.netrc` adds no
    credentials. A proxy is used for https alone, where it sees neither key nor query, and never for this machine.

    Args:
        base_url: where every request goes.
        timeout: seconds from the look-up of the host's name to the last byte of the answer.
        connections: calls in flight at once.
        max_bytes: most bytes of an answer, decompressed.
    """

    def __init__(self, base_url: str, *, timeout: float, connections: int, max_bytes: int) -> None:
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._adapter = CuttableAdapter(pool_connections=1, pool_maxsize=connections)
        with requests.Session() as usual:
            found = usual.merge_environment_settings(base_url, {}, stream=True, verify=None, cert=None)
        self._verify: bool | str = found["verify"] or True
        direct = base_url.startswith("http:") or is_loopback(base_url)
        self._proxies = {} if direct else dict(found["proxies"])

    def get(self, url: str, auth: AuthBase, endpoint: str, *, seconds: float = float("inf")) -> Response:
        """Send a request and read its whole answer, in `seconds` at most if they are fewer than the time-out.

        Raises:
            ApiError: there is none, it breaks off or is too long; it names the endpoint, and nothing of the URL.
        """
        request = requests.Request("GET", url, headers=dict(HEADERS), auth=auth).prepare()
        headers: dict[str, str] = {}
        try:
            return within(min(seconds, self._timeout), partial(self._exchange, request, endpoint, headers))
        except tuple(kind for kind, *_ in _FAILURES) as error:
            # its text quotes the URL with its query: only its kind is passed on
            meaning, what = next(
                (meaning, what)
                for kind, word, meaning, what in _FAILURES
                if isinstance(error, kind) and word in str(error)
            )
            request_id = errors.as_identifier(headers.get("x-request-id"))
            raise meaning(what.format(timeout=self._timeout), endpoint=endpoint, request_id=request_id) from None

    def _exchange(self, request: requests.PreparedRequest, endpoint: str, headers: dict[str, str]) -> Response:
        """Send a request and read its answer; `headers` are filled before the body is read."""
        deadline = time.monotonic() + self._timeout
        # not by a session of requests: that reads the whole body of a redirect, however long
        with self._adapter.send(
            request, stream=True, timeout=self._timeout, verify=self._verify, proxies=self._proxies
        ) as response:
            headers |= {name.lower(): value for name, value in response.headers.items()}
            body = bytearray()
            # read1 returns what is there: a body that trickles cannot outlast the deadline
            for chunk in iter(lambda: response.raw.read1(CHUNK_BYTES, decode_content=True), b""):
                body += chunk
                if len(body) > self._max_bytes:
                    raise errors.TooLongAnswerError(
                        f"the answer has more than {self._max_bytes / MB:g} MB",
                        endpoint=endpoint,
                        status=response.status_code,
                        request_id=errors.as_identifier(headers.get("x-request-id")),
                    )
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            return Response(response.status_code, response.headers, bytes(body))

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def _whole_number(value: str) -> int | None:
    return int(value) if value.isdecimal() and len(value) <= DIGITS_MAX else None
