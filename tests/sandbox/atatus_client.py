"""A plain HTTP client for a running Atatus sandbox."""

import requests

from sandbox.atatus import PROJECTS, READ_KEY, Settings, Size
from sandbox.atatus.state import Sandbox

PROJECT, OTHER_PROJECT = PROJECTS
LIST = f"projects/{PROJECT}/transactions"
WEEK = {"timeDur": "7d"}
PLENTY = 1_000_000


class AtatusClient:
    """Asks a running sandbox over one kept-alive session, with `READ_KEY` in the header unless told otherwise."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url = url
        self.sandbox = sandbox
        self.session = requests.Session()

    @property
    def settings(self) -> Settings:
        """The settings of the running sandbox."""
        return self.sandbox.settings

    def send(self, method: str, path: str, key: str | None = READ_KEY, **options: object) -> requests.Response:
        """Send one request; follows no redirects."""
        headers = options.pop("headers", {} if key is None else {"X-API-KEY": key})
        url = f"{self.url}/{path}"
        return self.session.request(method, url, headers=headers, timeout=5, allow_redirects=False, **options)

    def get(self, path: str, key: str | None = READ_KEY, **params: object) -> requests.Response:
        """Send one GET."""
        return self.send("GET", path, key, params=params)

    def body(self, path: str, **params: object):  # noqa: ANN201 - JSON of any shape
        """Give the body of an answer that must be a success."""
        reply = self.get(path, **params)
        assert reply.status_code == 200, reply.text
        return reply.json()


def make_atatus_settings(**chosen: object) -> Settings:
    """Make settings of a small world without a limit that matters, changed by `chosen`."""
    return Settings(**{"limit": PLENTY, "size": Size(events_per_day=40)} | chosen)
