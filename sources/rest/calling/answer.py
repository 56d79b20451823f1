"""What an answer means: a body that can be read, or the error that its status and code stand for."""

import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from sources.rest.calling.http_client import Response
from sources.rest.catalogue.api import Api, Call
from sources.rest.dotted_path import value_at
from sources.rest.errors import ApiError, RedirectError, UnexpectedBodyError, as_identifier, error_type

NO_CONTENT: Final = 204
WAIT_MAX: Final = 31_622_400.0
"""Longest wait in seconds that is told and reckoned with: a year. No call is worth one."""
_WHOLE: Final = frozenset({200, 201})
"""Statuses of a whole answer; Atatus documents both, https://docs.atatus.com/docs/api/authentication.html."""

_MULTIPLE_CHOICES: Final = 300
_BAD_REQUEST: Final = 400
_BODY_TYPES: Final = frozenset({"application/json", "text/html", "text/plain", "text/xml", "application/xml"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: the parsed body and the id to quote to the vendor; `empty` where there was no body to parse.

    `link` is the header of that name, which may lead to a next page.
    """

    body: Any
    request_id: str | None
    empty: bool = False
    link: str = ""


def judged(response: Response, call: Call, api: Api, redact: Callable[[str], str]) -> Reply:
    """Return what a good answer holds; `redact` cuts the keys out of what a refusal says.

    Raises:
        ApiError: a redirect, a refusal, a status that stands for no whole answer, or a body that is no JSON.
    """
    if response.status >= _BAD_REQUEST:
        raise _refusal(response, call, api, redact)
    if response.status >= _MULTIPLE_CHOICES:
        host = None if call.pii else as_identifier(_host(response.headers.get("Location", "")))
        what = f"the server redirects to {host}" if host else ""
        raise RedirectError(what, endpoint=call.name, status=response.status, request_id=response.request_id)
    if response.status == NO_CONTENT and api.no_content:
        return Reply(None, response.request_id, empty=True)
    if response.status not in _WHOLE:
        raise UnexpectedBodyError(
            "the status does not stand for a whole answer",
            endpoint=call.name,
            status=response.status,
            request_id=response.request_id,
        )
    try:
        return Reply(orjson.loads(response.content), response.request_id, link=response.headers.get("Link", ""))
    except orjson.JSONDecodeError:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        kind = kind if kind in _BODY_TYPES else "another type" if kind else "no type"
        raise UnexpectedBodyError(
            f"the answer is not valid JSON ({kind}, {len(response.content)} bytes)",
            endpoint=call.name,
            status=response.status,
            request_id=response.request_id,
        ) from None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # half an IPv6 address
        return None


def _refusal(response: Response, call: Call, api: Api, redact: Callable[[str], str]) -> ApiError:
    try:
        error = value_at(orjson.loads(response.content), api.error)
    except orjson.JSONDecodeError:
        error = None
    details = error if isinstance(error, dict) else {}

    def detail(*names: str) -> str | None:
        texts = (details.get(name) for name in names)
        return next((redact(text) for text in texts if isinstance(text, str) and text), None)

    code = detail("code")
    request_id = response.request_id
    return error_type(response.status, code, api.codes, api.statuses)(
        endpoint=call.name,
        status=response.status,
        code=code,
        request_id=redact(request_id) if request_id else detail("request_id"),
        server_message=None if call.pii else detail(*api.message_fields),
        retry_after=retry_after(response.headers.get("Retry-After")),
    )


def retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Read `Retry-After`, given in seconds or as an HTTP date; None where it is absent, past or unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now()
        except (ValueError, OverflowError):
            return None
    return min(seconds, WAIT_MAX) if 0 < seconds < float("inf") else None
