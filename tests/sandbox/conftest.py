"""A running sandbox and a plain HTTP client for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import atatus as atatus_sandbox
from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from tests.sandbox.atatus_client import AtatusClient, make_atatus_settings

PLENTY = 1_000_000


class Client:
    """Asks a running sandbox with one key over one kept-alive session."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url = url
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {FULL_KEY}"

    def get(self, path: str, **params: object) -> requests.Response:
        """Send one GET; follows no redirects."""
        return self.session.get(f"{self.url}/{path}", params=params, timeout=5, allow_redirects=False)

    def body(self, path: str, **params: object) -> dict[str, object]:
        """Give the body of an answer that must be a success."""
        reply = self.get(path, **params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def data(self, path: str, **params: object):  # noqa: ANN201 - JSON of any shape
        """Give the `data` of an answer that must be a success."""
        return self.body(path, **params)["data"]


def make_settings(**chosen: object) -> Settings:
    """Make settings of a small world without a limit that matters, changed by `chosen`."""
    return Settings(**{"limit": PLENTY, "size": Size(visits_per_day=60, conversions_per_day=12)} | chosen)


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., Client]]:
    """Start sandboxes that are stopped after the module."""
    with ExitStack() as stack:

        def begin(settings: Settings, **options: object) -> Client:
            app = create_app(settings, **options)
            client = Client(stack.enter_context(running(app)), app.state.sandbox)
            stack.callback(client.session.close)
            return client

        yield begin


@pytest.fixture(scope="module")
def settings() -> Settings:
    return make_settings()


@pytest.fixture(scope="module")
def client(start: Callable[..., Client], settings: Settings) -> Client:
    return start(settings)


@pytest.fixture
def fresh(start: Callable[..., Client]) -> Client:
    """A client of a sandbox of its own, with a very small world."""
    size = Size(visits_per_day=10, conversions_per_day=4)
    return start(make_settings(size=size, today=date(2026, 1, 20)))


class Stage:
    """An app that plays another one, so that a server need not be started for each."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[str, Stage]]:
    """Serve whatever is on a stage."""
    stage = Stage()
    with atatus_sandbox.running(Starlette(routes=[Route("/{path:path}", stage)])) as url:
        yield url, stage


@pytest.fixture
def start_atatus(stage: tuple[str, Stage]) -> Iterator[Callable[..., AtatusClient]]:
    """Put an Atatus sandbox on the stage, in place of the one before."""
    url, current = stage
    with ExitStack() as stack:

        def begin(**chosen: object) -> AtatusClient:
            options = {"clock": chosen.pop("clock")} if "clock" in chosen else {}
            current.app = atatus_sandbox.create_app(make_atatus_settings(**chosen), **options)
            client = AtatusClient(url, current.app.state.sandbox)
            stack.callback(client.session.close)
            return client

        yield begin


@pytest.fixture
def atatus(start_atatus: Callable[..., AtatusClient]) -> AtatusClient:
    """A client of an Atatus sandbox of its own, with a small world."""
    return start_atatus()
