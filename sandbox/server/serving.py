"""Serving a sandbox: in a thread for tests, or in the foreground for a demo."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

_HOST = "127.0.0.1"
_START_SECONDS = 10.0


class _Protocol(H11Protocol):
    """Tells each request which connection it came on, so that a fault can reset it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn itself
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def _make_server(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            # Faults end calls with exceptions on purpose; uvicorn would print them.
            log_level="critical",
            server_header=False,
        )
    )


def _listen(port: int) -> socket.socket:
    listener = socket.create_server((_HOST, port))
    # Answers are written in two pieces; waiting to merge them would cost 40 ms on a kept-alive connection.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextlib.contextmanager
def running(app: Starlette, port: int = 0, *, base_path: str = "") -> Iterator[str]:
    """Serve `app` in a background thread and give its base URL; `port` 0 takes any free one."""
    server = _make_server(app)
    with _listen(port) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://{_HOST}:{listener.getsockname()[1]}{base_path}"
        finally:
            server.should_exit = True
            # Idle kept-alive connections are closed by uvicorn; a request in progress is not waited for.
            server.force_exit = True
            thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The sandbox server did not start")
        time.sleep(0.002)


def serve(app: Starlette, port: int) -> None:
    """Serve `app` on the given port of this machine until interrupted."""
    with _listen(port) as listener, contextlib.suppress(KeyboardInterrupt):
        _make_server(app).run(sockets=[listener])
