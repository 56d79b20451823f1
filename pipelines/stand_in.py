"""The sandbox servers, for `elt sandbox` and `elt sync --sandbox`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pendulum
from pendulum import Date
from rich.console import Console

from sandbox.atribu.app import create_app
from sandbox.atribu.server import running as running_app
from sandbox.atribu.server import serve as serve_app
from sandbox.atribu.settings import FULL_KEY, Settings
from sources.rest.errors import ConfigurationError

FIRST_DAY: Final = Date(2025, 4, 1)
"""First day of the sandbox's world; always the same, so that another day shows the same world a day later."""

QUICK_LIMIT: Final = 1000
"""Units per second in a demo: the world is on this machine, and nobody shares the key."""


@contextmanager
def running(source: str, today: Date | None) -> Iterator[dict[str, Any]]:
    """Serve a sandbox while the block runs; give the options with which to read from it."""
    settings = _settings(source, today, QUICK_LIMIT, 1.0)
    with running_app(create_app(settings)) as base_url:
        yield {"base_url": base_url, "api_key": FULL_KEY, "rate_limit": QUICK_LIMIT, "rate_period": 1.0}


def serve(source: str, port: int, today: Date | None, rate_limit: int, rate_period: float) -> None:
    """Serve a sandbox until interrupted.

    Raises:
        ConfigurationError: the port is taken or not allowed.
    """
    app = create_app(_settings(source, today, rate_limit, rate_period))
    variables = f"SOURCES__{source.upper()}__"
    Console().print(
        f"serving the {source} sandbox, stop with Ctrl-C; read from it with\n"
        f"{variables}BASE_URL=http://127.0.0.1:{port}/api/v1 {variables}API_KEY={FULL_KEY} elt sync {source}",
        soft_wrap=True,
        highlight=False,
    )
    try:
        serve_app(app, port)
    except OSError as error:
        raise ConfigurationError(f"port {port} cannot be used: {error.strerror}") from None


def _settings(source: str, today: Date | None, rate_limit: int, rate_period: float) -> Settings:
    if source != "atribu":
        raise ConfigurationError(f"there is no sandbox for {source!r}")
    day = today or pendulum.today("UTC").date()
    return Settings(first_day=FIRST_DAY, today=day, limit=rate_limit, period=rate_period)
