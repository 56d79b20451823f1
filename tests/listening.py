"""A server on loopback that notes who calls."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Say nothing."""


@contextmanager
def listening(status: str = "200 OK") -> Iterator[tuple[str, list[dict[str, Any] | None]]]:
    """Take calls on loopback; give the address and what was sent, None for a call without a body."""
    calls: list[dict[str, Any] | None] = []

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        calls.append(json.loads(body) if body else None)
        start(status, [])
        return [b""]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook/hidden-path", calls
        server.shutdown()
