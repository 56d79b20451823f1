"""What can go wrong with a metered API: one exception per condition, with the request id where there is one."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import ClassVar, Final

from sources.rest.redaction import CleanError, cleaned, redacted

TEXT_MAX: Final = 200
"""Longest piece of server text that is shown."""

_READ_MAX: Final = 20_000
"""Longest piece of server text that is looked at, so that one as long as an answer costs no time."""

_WORD: Final = re.compile(r"[\w.:/-]{1,80}")


def sanitized(text: object) -> str:
    """Return what a server says in a few words: cleaned, and without keys and query strings."""
    result = " ".join(redacted(cleaned(text[:_READ_MAX] if isinstance(text, str) else "")).split())
    return result if len(result) <= TEXT_MAX else result[: TEXT_MAX - 1] + "…"


def as_identifier(text: object) -> str | None:
    """Return a code or an id that the server sent, None unless it is a single word that holds nothing secret."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) and redacted(text) == text else None


def did_you_mean(name: str, known: Mapping[str, object]) -> str:
    """Return a suggestion for a mistyped name, to be appended to a message."""
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"


class ConfigurationError(CleanError):
    """The configuration cannot work; the message says what to change."""


class WrongShapeError(CleanError, ValueError):
    """Rows differ from the catalogue; the message names fields and types, never values."""


class ApiError(CleanError):
    """A call to the API did not give rows.

    Args:
        what: what happened, in a few words, free of body text and query strings.
        endpoint: name of the endpoint in the catalogue.
        status: HTTP status, where there was an answer.
        code: the server's own error code.
        request_id: what to quote to the vendor.
        server_message: what the server says; sanitized before it is shown.
        retry_after: seconds that the server asks to wait.

    Attributes:
        tries: how often the call was sent.
        elapsed: seconds from the first try to this answer.
        ends_run: the server asks to wait longer than a run waits, so that no further call is worth it.
    """

    meaning: ClassVar[str] = "the API refused the request"
    advice: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        what: str = "",
        *,
        endpoint: str,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        server_message: object = None,
        retry_after: float | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.status = status
        self.code = as_identifier(code)
        self.request_id = as_identifier(request_id)
        self.retry_after = retry_after
        self.tries = 1
        self.elapsed = 0.0
        self.ends_run = False
        tags = [str(part) for part in (status, self.code, self.request_id and f"request {self.request_id}") if part]
        text = f"{endpoint}: {what or self.meaning}"
        text += f" ({', '.join(tags)})" if tags else ""
        text += f", server says: {sanitized(server_message)!r}" if sanitized(server_message) else ""
        text += f", it asks to wait {retry_after:.0f} s" if retry_after else ""
        text += f"; {self.advice}" if self.advice else ""
        super().__init__(text)


class UnauthorizedError(ApiError):
    """401: the key is missing, wrong, expired or revoked."""

    meaning = "the API key is not accepted"
    advice = "check the key, or make a new one in the vendor's dashboard"


class MissingScopeError(ApiError):
    """403: the key lacks the scope that the endpoint needs."""

    meaning = "the API key lacks the scope that this needs"
    advice = "give the key the scope, or leave the resource out with --resources"


class RateLimitedError(ApiError):
    """429: more units were asked for than the key has left."""

    meaning = "the rate limit of the key is used up"
    advice = "another program may be using the same key; run again later, or lower rate_limit"
    retryable = True


class RequestRejectedError(ApiError):
    """4xx: the server does not accept the request as it is."""

    meaning = "the API rejects the request"


class BadRequestError(RequestRejectedError):
    """400: the request is bad; another window of the same address may be accepted."""

    meaning = "the API calls the request bad"


class InvalidParameterError(RequestRejectedError):
    """400 invalid_parameter: a query parameter is not accepted."""

    meaning = "the API rejects a parameter"


class InvalidDateRangeError(RequestRejectedError):
    """400 invalid_date_range: over 366 days, or no dates."""

    meaning = "the API rejects the date range"


class NotFoundError(RequestRejectedError):
    """404: the server does not know the path; it may be older than the endpoint."""

    meaning = "the server does not know this endpoint"
    advice = "check base_url, or leave the resource out with --resources"


class UnavailableError(ApiError):
    """5xx: the server has a problem of its own."""

    meaning = "the server is not available"
    advice = "run again later"
    retryable = True


class InternalError(UnavailableError):
    """500 internal_error: the vendor asks for the request id when this is reported."""

    meaning = "the server reports an internal error"
    advice = "run again later; if it stays, report the request id to the vendor"


class MaintenanceError(UnavailableError):
    """503 of a vendor that uses it for maintenance: every further call would meet it too."""

    meaning = "the server is offline for maintenance"


class SlowAnswerError(UnavailableError):
    """No whole answer within the time-out."""

    meaning = "no whole answer in time"


class UnreachableError(ApiError):
    """No connection: refused, unknown host, reset."""

    meaning = "no answer from the server"
    advice = "check base_url and the network, or run again later"
    retryable = True


class UnconnectedError(UnreachableError):
    """No connection at all, so that nothing was sent and no unit was spent."""


class UnknownHostError(UnconnectedError):
    """The name of the host is not known; a machine without a network says the same of every name."""

    meaning = "the host name is not known"
    advice = "check base_url and how it is spelt; if that is right, the network or its DNS is away: run again later"


class UnexpectedBodyError(ApiError):
    """The answer is not what the contract says; it is never read as an empty list."""

    meaning = "the answer is not what the API's contract says"


class IndistinctRowsError(UnexpectedBodyError):
    """Rows hold nothing that tells them apart: to load them would be to load numbers of nobody knows what."""

    meaning = "nothing in the answer tells its rows apart"


class TooLongAnswerError(UnexpectedBodyError):
    """An answer has more bytes than may be held in memory."""

    meaning = "the answer is too long"
    advice = "raise the option max_answer_mb if an answer may be that long"


class TruncatedBodyError(UnexpectedBodyError):
    """The connection ended before the body did."""

    meaning = "the answer was cut short"
    retryable = True


class RedirectError(ApiError):
    """3xx: redirects are never followed, so that the key stays with the configured host."""

    meaning = "the server redirects"
    advice = "set base_url to the address that answers itself"


STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: UnauthorizedError,
    403: MissingScopeError,
    404: NotFoundError,
    408: UnavailableError,
    429: RateLimitedError,
}
"""Statuses with a meaning of their own; other 5xx are `UnavailableError`, other 4xx `RequestRejectedError`."""


def error_type(
    status: int, code: str | None, codes: Mapping[str, type[ApiError]], statuses: Mapping[int, type[ApiError]] = STATUS
) -> type[ApiError]:
    """Choose the exception of a refusal: by the vendor's code if it has one, else by the HTTP status."""
    server_side = status >= 500  # noqa: PLR2004 - the first digit of an HTTP status is its class
    by_status = {**STATUS, **statuses}.get(status, UnavailableError if server_side else RequestRejectedError)
    by_code = codes.get(code or "", by_status)
    # a code never turns a refusal into a retry, or the other way round: HTTP defines the status
    return by_code if by_code.retryable == by_status.retryable else by_status


def meaning_of(name: str) -> str:
    """Return what an error means whose type was noted by its name; the name itself where nobody knows it any more."""
    kinds = [ApiError]
    for kind in kinds:
        if kind.__name__ == name:
            return kind.meaning
        kinds += kind.__subclasses__()
    return name
