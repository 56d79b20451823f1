"""While a key is rotated either one will do, no other profile is loaded with the second, and no other host sees any."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.atribu import ALL_SCOPES, FULL_KEY, Fault
from sandbox.atribu.state import Sandbox
from tests.privacy.conftest import TODAY, Elt, sync
from tests.privacy.people import SMALL, rows_of
from tests.processes import served

pytestmark = pytest.mark.untraced

OLD, NEW = "atb_live_old_and_tired", "atb_live_new_and_fresh"
ADVICE = "api_key is refused and next_api_key works: put it in the place of api_key"


@pytest.fixture
def rotating(sandbox: Sandbox) -> Sandbox:
    """The small world with an old and a new key."""
    sandbox.settings.keys = {OLD: ALL_SCOPES, NEW: ALL_SCOPES}
    return sandbox


@pytest.mark.slow
def test_the_next_key_is_used_as_soon_as_the_first_is_refused(rotating: Sandbox, elt: Elt) -> None:
    both = {"api_key": OLD, "next_api_key": NEW, "resources": "visitors"}
    done = sync(elt, rotating, **both)
    assert done.code == 0
    assert {asked.key for asked in rotating.log} == {OLD}
    assert ADVICE not in done.err

    rotating.settings.keys = {NEW: ALL_SCOPES}
    done = sync(elt, rotating, **both)
    assert done.code == 0
    assert ADVICE in done.err
    assert ADVICE in elt("check", **{name: both[name] for name in ("api_key", "next_api_key")}).err
    assert not {OLD, NEW} & set(done.said.split())


@pytest.mark.slow
def test_a_key_that_is_refused_in_the_middle_costs_nothing(rotating: Sandbox, elt: Elt) -> None:
    rotating.faults.append(Fault("visitors", "401", match=lambda query: query["date_from"] > "2001"))
    done = sync(elt, rotating, resources="visitors,customers", api_key=OLD, next_api_key=NEW)
    assert done.code == 0, done
    assert ADVICE in done.err
    assert {asked.key for asked in rotating.log} == {OLD, NEW}
    assert rows_of("visitors")


@pytest.mark.parametrize("resources", ["visitors", "goals"])
def test_two_refused_keys_are_a_refusal(sandbox: Sandbox, elt: Elt, resources: str) -> None:
    done = sync(elt, sandbox, resources=resources, api_key=OLD, next_api_key=NEW)
    assert done.code == 77
    assert not any(key in done.said for key in (OLD, NEW))


@pytest.mark.slow
def test_a_next_key_of_another_profile_loads_nothing(
    sandbox: Sandbox, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sync(elt, sandbox, resources="visitors", next_api_key=NEW).code == 0
    before = rows_of("visitors")
    other = {"keys": {NEW: ALL_SCOPES}, "profile_id": "somebody else's"}
    with served(first_day=TODAY, today=TODAY, size=SMALL, **other) as (_, url):
        monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", url)
        done = sync(elt, sandbox, "--full", resources="visitors", api_key=FULL_KEY, next_api_key=NEW)
    assert done.code == 78
    assert "the key belongs to profile somebody else's" in done.err
    assert rows_of("visitors") == before


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another server, and what it was sent."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", heard
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("status", [301, pytest.param(308, marks=pytest.mark.sweep)])
def test_another_host_never_hears_of_the_key(
    sandbox: Sandbox, elt: Elt, elsewhere: tuple[str, list[str]], status: int
) -> None:
    address, heard = elsewhere
    sandbox.faults.append(Fault("*", "redirect", times=None, location=address, redirect_status=status))
    done = sync(elt, sandbox, resources="visitors,goals", next_api_key=NEW)
    assert done.code == 78
    assert not heard
