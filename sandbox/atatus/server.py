"""Serving the sandbox: in a thread for tests, or in the foreground for a demo."""

from contextlib import AbstractContextManager

from starlette.applications import Starlette

from sandbox import server
from sandbox.server import serve

__all__ = ["running", "serve"]


def running(app: Starlette, port: int = 0) -> AbstractContextManager[str]:
    """Serve `app` in a background thread and give its base URL; `port` 0 takes any free one."""
    return server.running(app, port, base_path="/v2")
