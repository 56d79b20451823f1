"""A server that plays prepared answers, for what a well-behaved one never sends, and sessions that talk to it."""

import asyncio
import atexit
import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.atribu import running
from sources.atribu.api import ATRIBU
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.source import BearerKey
from sources.rest.calling.budget import Budget
from sources.rest.calling.keys import Keys
from sources.rest.calling.retry import RetryPolicy
from sources.rest.calling.session import Session
from sources.rest.reading.reader import Reader

KEY = "atb_live_faults_4f9c2d"
PROFILE = "p1"
META = {"profile_id": PROFILE}


class CutError(Exception):
    """Ends an answer in the middle of its body."""


@dataclass(frozen=True, kw_only=True)
class Say:
    """One prepared answer.

    `data` is wrapped as the contract has it, `body` is sent as it is. `missing` bytes are promised and never sent.
    The answer starts after `late` seconds; its body leaves in `pieces`, with `pause` seconds before each.
    """

    status: int = 200
    data: Any = ()
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    late: float = 0.0
    pieces: int = 1
    pause: float = 0.0

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        body = {"data": self.data, "meta": META} if self.body is None else self.body
        return body if isinstance(body, bytes) else orjson.dumps(body)


def refusal(status: int, code: str | None = None, message: str = "No.", **headers: str) -> Say:
    """Prepare an error as the contract has it; header names are written with underscores."""
    error = {"code": code, "message": message, "status": status} if code else {"message": message}
    return Say(
        status=status,
        body={"error": error},
        headers={"X-Request-ID": "req_1", **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


@dataclass(frozen=True)
class Heard:
    """One request as the server got it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class Script:
    """Plays its answers in order, the last one again and again.

    Attributes:
        prefix: first step of the paths that belong to this script.
        url: base URL, while it is played.
        heard: requests in the order in which they came.
        sent: pieces of bodies that have left.
    """

    def __init__(self, *answers: Say) -> None:
        self.prefix = f"/{id(self)}"
        self.url = _stage().url + self.prefix
        self.heard: list[Heard] = []
        self.sent = 0
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        say = self._answers[min(len(self.heard), len(self._answers) - 1)]
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.heard.append(
            Heard(scope["path"].removeprefix(self.prefix), dict(parse_qsl(scope["query_string"].decode())), headers)
        )
        content = say.content
        fields = {"content-type": "application/json", "content-length": str(len(content) + say.missing)}
        fields |= {name.lower(): value for name, value in say.headers.items()}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in fields.items() if value]
        await asyncio.sleep(say.late)
        await send({"type": "http.response.start", "status": say.status, "headers": raw})
        size = -(-len(content) // say.pieces) or 1
        for start in range(0, len(content), size):
            await asyncio.sleep(say.pause)
            await send({"type": "http.response.body", "body": content[start : start + size], "more_body": True})
            self.sent += 1
        if say.missing:
            raise CutError
        await send({"type": "http.response.body", "body": b""})


class _Stage:
    """One server for all scripts: starting one for each would take most of the time of a test."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self._closing = contextlib.ExitStack()
        self.url = self._closing.enter_context(running(Starlette(routes=[Route("/{path:path}", self)])))
        self.url = self.url.removesuffix("/api/v1")
        atexit.register(self._closing.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the script that it is for."""
        await self.scripts["/" + scope["path"].split("/")[1]](scope, receive, send)


@functools.cache
def _stage() -> _Stage:
    return _Stage()


@contextlib.contextmanager
def playing(*answers: Say) -> Iterator[Script]:
    """Serve a script."""
    script = Script(*answers)
    _stage().scripts[script.prefix] = script
    yield script


@contextlib.contextmanager
def session_for(url: str, *, key: str = KEY, budget: Budget | None = None, **retry: Any) -> Iterator[Session]:
    """Open a session that waits milliseconds where the real one waits seconds."""
    session = Session(
        ATRIBU,
        base_url=url,
        keys=Keys([key], BearerKey),
        budget=budget or Budget(100_000),
        retry=RetryPolicy(**({"tries": 3, "base": 0.001, "timeout": 10.0} | retry)),
    )
    with contextlib.closing(session):
        yield session


@contextlib.contextmanager
def reader_for(url: str, *, key: str = KEY, **options: Any) -> Iterator[Reader]:
    """Open a reader of the Atribu catalogue that tries each call once."""
    with session_for(url, key=key, tries=1) as session:
        yield Reader(session, ENDPOINTS, **options)
