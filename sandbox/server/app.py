"""The way of a request through a stand-in: key and path, faults, rate limit, answer, log."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.server.faults import Fault
from sandbox.server.limiter import retry_after
from sandbox.server.replies import Refusal, Reply, deliver, replaced
from sandbox.server.state import BaseSandbox, Call

_log = logging.getLogger(__name__)
_WITH_BODY = {"POST", "PUT"}

AnySandbox = TypeVar("AnySandbox", bound=BaseSandbox[Any])


@dataclass(frozen=True, slots=True)
class Request:
    """What a request says besides method and path: headers in lower case, the query as sent and decoded."""

    headers: dict[str, str]
    query: str
    pairs: list[tuple[str, str]]
    body: bytes


class Api(ABC, Generic[AnySandbox]):
    """One vendor's API, the only place where its requests come in.

    It is an ASGI app of its own: faults need the connection, vendors the query as it was sent, and layers cost time.
    """

    base_path: ClassVar[str]
    """Where the API begins, with a slash at both ends."""
    key_parameter: ClassVar[str | None] = None
    """Query parameter that may hold the key; it is not logged."""

    def __init__(self, sandbox: AnySandbox) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def admit(self, call: Call, request: Request) -> tuple[int, Callable[[], Reply]]:
        """Check key, path and permission; give the price in units, and what writes the answer once it is paid.

        Both refuse with `Refusal`.
        """

    @abstractmethod
    def refused(self, call: Call, refusal: Refusal) -> Reply:
        """Write the vendor's error."""

    def in_place_of_answer(self, call: Call, fault: Fault) -> Reply:
        """Write what a fault puts in the place of an answer."""
        return replaced(fault, lambda status: self.refused(call, Refusal(status)))

    def more_headers(self, call: Call) -> dict[str, str]:  # noqa: ARG002 - for vendors that have some
        """Give the headers that every reply has, if there are any."""
        return {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and log it."""
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        pairs = parse_qsl(query, keep_blank_values=True)
        call = Call(
            method=scope["method"],
            path=path.removeprefix(self.base_path) if path.startswith(self.base_path) else "",
            query={name: value for name, value in pairs if name != self.key_parameter},
        )
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive) if call.method in _WITH_BODY else b""
        try:
            reply = self._reply(call, Request(headers, query, pairs, body))
        except Refusal as refusal:
            reply = self.refused(call, refusal)
        except Exception:  # noqa: BLE001 - whatever went wrong, the client gets the documented body and the log the cause
            _log.exception("The sandbox failed to answer %s", call.path)
            reply = self.refused(call, Refusal(500))
        reply.headers |= self.more_headers(call)
        call.status, call.at = reply.status, self.sandbox.clock()
        self.sandbox.log.append(call)
        await deliver(scope, send, reply, call.fault, self.sandbox.settings.latency)

    def _reply(self, call: Call, request: Request) -> Reply:
        sandbox = self.sandbox
        units, answer = self.admit(call, request)
        fault = sandbox.strike(call, free=True)
        if fault is not None:
            return self.in_place_of_answer(call, fault)
        verdict = sandbox.limiter(call.key or "").take(units, sandbox.clock())
        if not verdict.allowed:
            reply = self.refused(call, Refusal(429))
            reply.headers |= retry_after(sandbox.settings.retry_after, verdict.retry_after)
            return reply
        call.units = units
        fault = sandbox.strike(call, free=False)
        if fault is not None and not fault.spoils:
            return self.in_place_of_answer(call, fault)
        return answer()


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def make_app(api: Api[Any]) -> Starlette:
    """Make the app of an API; `app.state.sandbox` is its sandbox."""
    app = Starlette(routes=[Route("/{path:path}", api)])
    app.state.sandbox = api.sandbox
    return app
