"""Replies: how they are written, what faults do to them, and how they leave the server."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson
from starlette.types import Scope, Send

from sandbox.server.faults import ERRORS, Fault, Kind

Row = dict[str, object]
OK = 200
NO_CONTENT = 204
NO_ANSWER = 0
HTML = b"<!doctype html><title>Just a moment</title><p>We are checking your browser.</p>"
_SLOW_PIECES = 5


class CutOffError(Exception):
    """A body that ends too early on purpose; the server closes the connection."""


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of the server
    """A request is answered with an error; without `message` or `code` the vendor's usual ones are sent."""

    def __init__(self, status: int, message: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


@dataclass(slots=True)
class Reply:
    """A status, a body and the headers besides type and length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SpoiledTexts:
    """What spoiled bodies say: a page, a word for each number, the value of a new field, the opening of a cut body."""

    html: bytes = HTML
    number: str = "many"
    extra: object = 1
    opening: Mapping[str, object] = field(default_factory=dict)


_PLAIN = SpoiledTexts()


def success(body: object, fault: Fault | None, texts: SpoiledTexts = _PLAIN) -> Reply:
    """Write a successful answer, spoiled by `fault`."""
    if fault is None:
        return Reply(OK, orjson.dumps(body))
    if fault.kind == "html":
        return Reply(OK, texts.html, "text/html")
    return Reply(OK, orjson.dumps(_spoiled(fault.kind, body, texts)))


def _spoiled(kind: Kind, body: object, texts: SpoiledTexts) -> object:
    """Spoil a body; without a member `data` the whole of it counts as data, and `missing_data` leaves none of it."""
    envelope, data = (body, body["data"]) if isinstance(body, dict) and "data" in body else (None, body)
    if kind == "missing_data":
        return {name: value for name, value in (envelope or {}).items() if name != "data"}
    if kind == "unknown_field":
        data = _with_extra(data, texts.extra)
    if kind == "wrong_type":
        data = _with_words(data, texts.number)
    if kind == "truncated" and envelope is not None:
        envelope = {**texts.opening, **envelope}
    return data if envelope is None else envelope | {"data": data}


def _with_extra(data: object, extra: object) -> object:
    if isinstance(data, list):
        return [_with_extra(row, extra) for row in data]
    return data | {"a_new_field": extra} if isinstance(data, dict) else data


def _with_words(data: object, word: str) -> object:
    """Turn every number of every row into a word."""
    if isinstance(data, list):
        return [_with_words(row, word) for row in data]
    if isinstance(data, dict):
        return {name: _with_words(value, word) for name, value in data.items()}
    return word if isinstance(data, int | float) and not isinstance(data, bool) else data


def replaced(fault: Fault, refuse: Callable[[int], Reply]) -> Reply:
    """Write what `fault` puts in the place of an answer; `refuse` writes the vendor's error of a status."""
    if fault.kind in ERRORS:
        reply = refuse(ERRORS[fault.kind])
        if fault.kind == "429":
            reply.headers["Retry-After"] = str(fault.retry_after)
        return reply
    if fault.kind == "redirect":
        return Reply(fault.redirect_status, b"", headers={"Location": fault.location})
    return Reply(NO_CONTENT if fault.kind == "204" else NO_ANSWER, b"")


async def deliver(scope: Scope, send: Send, reply: Reply, fault: Fault | None, latency: float) -> None:
    """Send a reply, or reset the connection where there is none, after `latency` seconds."""
    if latency:
        # Charged and logged on arrival, answered later: that is what a client's budget has to live with.
        await asyncio.sleep(latency)
    if reply.status == NO_ANSWER:
        await _reset(scope)
    else:
        await _send(send, reply, fault)


async def _send(send: Send, reply: Reply, fault: Fault | None) -> None:
    """Send a reply; a `slow` fault stretches the body, a `truncated` one stops in the middle of it."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status != NO_CONTENT:
        headers.append((b"content-type", reply.content_type.encode()))
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    kind = fault.kind if fault is not None and reply.status == OK else None
    if kind == "truncated":
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        raise CutOffError
    if fault is not None and kind == "slow":
        step = len(reply.body) // _SLOW_PIECES + 1
        starts = range(0, len(reply.body), step)
        for start in starts:
            await asyncio.sleep(fault.seconds / len(starts))
            await send({"type": "http.response.body", "body": reply.body[start : start + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": reply.body})


async def _reset(scope: Scope) -> None:
    """Reset the connection of a request that `sandbox.server` serves, without a single byte of answer."""
    transport: asyncio.Transport = scope["state"]["transport"]
    # Linger of zero seconds makes the kernel send a reset instead of an orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The abort is carried out by the event loop; uvicorn must see it before this call returns, or it answers 500.
    await asyncio.sleep(0.01)
