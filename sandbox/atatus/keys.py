"""The three documented ways of sending an API key, and what a request's body says."""

from collections.abc import Iterable, Mapping
from email.message import Message
from email.parser import BytesParser
from urllib.parse import parse_qsl

import orjson

from sandbox.atatus.settings import Key, Settings
from sandbox.server.app import Request
from sandbox.server.replies import Refusal
from sandbox.server.state import KeyFrom

PARAMETER = "api_key"
INVALID_KEY = "API key is invalid!"
_IN_QUERY = {"GET", "DELETE"}
_IN_BODY = {"POST", "PUT"}


def find_key(
    method: str, request: Request, fields: Mapping[str, object], headers: Iterable[str]
) -> tuple[str | None, KeyFrom | None]:
    """Find the key of a request and where it came from; `headers`, those that may hold it, go before the rest."""
    for name in sorted(headers):
        if name.lower() in request.headers:
            return request.headers[name.lower()], "header"
    if method in _IN_QUERY:
        found = (value for name, value in request.pairs if name == PARAMETER)
        return next(((value, "query") for value in found), (None, None))
    if method in _IN_BODY and PARAMETER in fields:
        return str(fields[PARAMETER]), "body"
    return None, None


def authenticate(key: str | None, settings: Settings) -> Key:
    """Give what a key may do; refuses a request without a valid one."""
    if key is None:
        raise Refusal(settings.no_key_status, INVALID_KEY)
    if key not in settings.keys:
        raise Refusal(settings.wrong_key_status, INVALID_KEY)
    return settings.keys[key]


def read_fields(request: Request) -> dict[str, object]:
    """Read the fields of a form or a JSON object; a body that is neither has none."""
    content_type, body = request.headers.get("content-type", ""), request.body
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json_fields(body)
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        return dict(_parts(content_type, body))
    return {}


def _json_fields(body: bytes) -> dict[str, object]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _parts(content_type: str, body: bytes) -> list[tuple[str, object]]:
    # A multipart form is a mail with parts, and the standard library reads mails.
    form = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = form.get_payload() if form.is_multipart() else []
    messages = [part for part in parts if isinstance(part, Message)]
    return [(str(part.get_param("name", "", "content-disposition")), _text(part)) for part in messages]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
