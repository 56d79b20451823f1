"""How replies leave the server, also when a fault disturbs them on the way."""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

from starlette.types import Scope, Send

from sandbox.atribu.faults import Fault

_TRANSPORT = "transport"
_SLOW_PIECES = 5
NO_ANSWER = 0


class CutOffError(Exception):
    """A body that ends too early on purpose; the server closes the connection."""


@dataclass(slots=True)
class Reply:
    """A status, a body and the headers besides type and length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


async def send_reply(send: Send, reply: Reply, fault: Fault | None) -> None:
    """Send a reply; a `slow` fault stretches the body, a `truncated` one stops in the middle of it."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
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


async def reset(scope: Scope) -> None:
    """Reset the connection of a request that `sandbox.atribu.server` serves, without a single byte of answer."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    # Linger of zero seconds makes the kernel send a reset instead of an orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The abort is carried out by the event loop; uvicorn must see it before this call returns, or it answers 500.
    await asyncio.sleep(0.01)
