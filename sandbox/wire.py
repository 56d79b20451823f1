"""How replies leave the server, also when a fault disturbs them on the way."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from starlette.types import Scope, Send

from sandbox.faults import ERRORS, Fault, Words, spoil

_TRANSPORT = "transport"
_SLOW_PIECES = 5
_NO_CONTENT = 204
NO_ANSWER = 0
_PLAIN = Words()


class CutOffError(Exception):
    """A body that ends too early on purpose; the server closes the connection."""


@dataclass(slots=True)
class Reply:
    """A status, a body and the headers besides type and length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def replaced(fault: Fault, refuse: Callable[[int], Reply]) -> Reply:
    """Write what `fault` puts in the place of an answer; `refuse` writes the vendor's error of a status."""
    if fault.kind in ERRORS:
        reply = refuse(ERRORS[fault.kind])
        if fault.kind == "429":
            reply.headers["Retry-After"] = str(fault.retry_after)
        return reply
    if fault.kind == "redirect":
        return Reply(fault.redirect_status, b"", headers={"Location": fault.location})
    return Reply(_NO_CONTENT if fault.kind == "204" else NO_ANSWER, b"")


def success(body: object, fault: Fault | None, words: Words = _PLAIN) -> Reply:
    """Write a successful answer, spoiled by `fault` in the given words."""
    if fault is None:
        return Reply(200, orjson.dumps(body))
    content_type = "text/html" if fault.kind == "html" else "application/json"
    return Reply(200, spoil(fault.kind, body, words), content_type)


async def send_reply(send: Send, reply: Reply, fault: Fault | None) -> None:
    """Send a reply; a `slow` fault stretches the body, a `truncated` one stops in the middle of it."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.status != _NO_CONTENT:
        headers.append((b"content-type", reply.content_type.encode()))
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    kind = fault.kind if fault is not None and reply.status == 200 else None  # noqa: PLR2004 - its own name
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


async def deliver(scope: Scope, send: Send, reply: Reply, fault: Fault | None, latency: float) -> None:
    """Send a reply, or reset the connection where there is none, after `latency` seconds."""
    if latency:
        # Charged and logged on arrival, answered later: that is what a client's budget has to live with.
        await asyncio.sleep(latency)
    if reply.status == NO_ANSWER:
        await reset(scope)
    else:
        await send_reply(send, reply, fault)


async def reset(scope: Scope) -> None:
    """Reset the connection of a request that `sandbox.server` serves, without a single byte of answer."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    # Linger of zero seconds makes the kernel send a reset instead of an orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The abort is carried out by the event loop; uvicorn must see it before this call returns, or it answers 500.
    await asyncio.sleep(0.01)
