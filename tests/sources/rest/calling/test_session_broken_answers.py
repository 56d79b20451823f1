"""Answers that break, stall, lead elsewhere or never come are errors of their own, and the key stays at home."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.atribu import FULL_KEY, Fault, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.errors import (
    ApiError,
    RedirectError,
    SlowAnswerError,
    TruncatedBodyError,
    UnexpectedBodyError,
    UnreachableError,
)
from tests.scripted import KEY, Say, playing, session_for

GOALS = ENDPOINTS["goals"]
CHANNELS = ENDPOINTS["channels"]
DAY = {"date_from": "2026-01-06", "date_to": "2026-01-06"}
GOOD = Say(headers={"X-Request-ID": "req_good"})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Sandbox]]:
    app = create_app(Settings(limit=100_000, size=Size(visits_per_day=5, conversions_per_day=2)))
    with running(app) as url:
        yield url, app.state.sandbox


@pytest.fixture
def sandbox(served: tuple[str, Sandbox]) -> Iterator[tuple[str, Sandbox]]:
    url, sandbox = served
    sandbox.log.clear()
    yield url, sandbox
    sandbox.faults.clear()


def refused_port() -> int:
    """Find a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("kind", "expected", "requests"),
    [
        pytest.param("reset", UnreachableError, 3, id="reset"),
        pytest.param("truncated", TruncatedBodyError, 3, id="cut"),
        pytest.param("html", UnexpectedBodyError, 1, id="html"),
    ],
)
def test_a_broken_answer_is_never_read_as_rows(
    sandbox: tuple[str, Sandbox], kind: str, expected: type[ApiError], requests: int
) -> None:
    url, server = sandbox
    server.faults.append(Fault("channels", kind, times=None))  # type: ignore[arg-type] # a row's text
    with session_for(url, key=FULL_KEY) as session, pytest.raises(ApiError) as caught:
        session.get(CHANNELS, DAY)
    assert type(caught.value) is expected
    assert len(server.log) == requests


@pytest.mark.parametrize("kind", ["500", "reset", "truncated"])
def test_a_passing_fault_is_not_noticed(sandbox: tuple[str, Sandbox], kind: str) -> None:
    url, server = sandbox
    server.faults.append(Fault("channels", kind))  # type: ignore[arg-type] # a row's text
    with session_for(url, key=FULL_KEY) as session:
        body = session.get(CHANNELS, DAY).body
    assert body["data"] == server.answer("channels", DAY)


def test_a_body_shorter_than_its_length_is_truncated_and_keeps_the_request_id() -> None:
    short = Say(missing=10, headers={"X-Request-ID": "req_short"})
    with playing(short) as script, session_for(script.url) as session, pytest.raises(TruncatedBodyError) as caught:
        session.get(GOALS, {})
    assert caught.value.request_id == "req_short"
    assert len(script.heard) == 3


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        pytest.param(b'{"data": [{"a": 1}', "application/json", "(application/json, 18 bytes)", id="half-a-json"),
        pytest.param(b"", "application/json", "(application/json, 0 bytes)", id="nothing"),
        pytest.param(b"<!doctype html>", "text/html; charset=utf-8", "(text/html, 15 bytes)", id="html"),
        pytest.param(b'{"data": NaN}', "", "(no type, 13 bytes)", id="not-a-number"),
        pytest.param(b'{"data": "\xff"}', "text/plain", "(text/plain, 13 bytes)", id="not-utf-8"),
        pytest.param(b"[" * 5000, "application/json", "(application/json, 5000 bytes)", id="too-deep"),
    ],
)
def test_a_body_that_is_no_json_is_named_by_type_and_size_only(body: bytes, kind: str, message: str) -> None:
    say = Say(body=body, headers={"Content-Type": kind, "X-Request-ID": "req_7"})
    with playing(say) as script, session_for(script.url) as session, pytest.raises(UnexpectedBodyError) as caught:
        session.get(GOALS, {})
    assert str(caught.value) == f"goals: the answer is not valid JSON {message} (200, request req_7)"
    assert len(script.heard) == 1


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(Say(late=5.0), id="no-answer"),
        pytest.param(Say(pause=5.0), id="no-body"),
        pytest.param(Say(pieces=2, pause=5.0), id="no-second-half"),
    ],
)
def test_an_answer_that_stalls_is_too_slow(say: Say) -> None:
    with (
        playing(say) as script,
        session_for(script.url, timeout=0.1, tries=2) as session,
        pytest.raises(ApiError) as caught,
    ):
        session.get(GOALS, {})
    assert type(caught.value) is SlowAnswerError
    assert str(caught.value) == "goals: no whole answer within 0.1 s; run again later"
    assert session.calls == 2


def test_an_answer_that_trickles_is_given_up_while_it_is_still_coming() -> None:
    trickle = Say(body=b" " * 100, pieces=100, pause=0.01)
    with (
        playing(trickle) as script,
        session_for(script.url, timeout=0.2, tries=1) as session,
        pytest.raises(SlowAnswerError),
    ):
        session.get(GOALS, {})
    assert 0 < script.sent < 80


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed_and_no_key_goes_there(status: int) -> None:
    with playing(GOOD) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost") + "/goals?token=1"
        moved = Say(status=status, headers={"Location": elsewhere, "X-Request-ID": "req_1"})
        with playing(moved) as script, session_for(script.url) as session, pytest.raises(RedirectError) as caught:
            session.get(GOALS, {})
        assert len(script.heard) == 1
    assert other.heard == []
    assert str(caught.value) == (
        f"goals: the server redirects to localhost ({status}, request req_1);"
        " set base_url to the address that answers itself"
    )


def test_a_redirect_on_the_same_host_is_not_followed_either() -> None:
    with (
        playing(Say(status=307, headers={"Location": "/api/v2/goals"}), GOOD) as script,
        session_for(script.url) as session,
        pytest.raises(RedirectError, match=r"^goals: the server redirects \(307\); set base_url"),
    ):
        session.get(GOALS, {})
    assert len(script.heard) == 1


def test_a_redirect_to_an_address_that_is_none_is_an_error_like_others() -> None:
    with (
        playing(Say(status=302, headers={"Location": "https://[broken/"})) as script,
        session_for(script.url, tries=1) as session,
        pytest.raises(ApiError, match=r"^goals: "),
    ):
        session.get(GOALS, {})


def test_a_refused_connection_is_unreachable_and_its_text_has_no_query() -> None:
    url = f"http://127.0.0.1:{refused_port()}/api/v1"
    with session_for(url) as session, pytest.raises(UnreachableError) as caught:
        session.get(CHANNELS, DAY)
    assert str(caught.value) == (
        "channels: the connection is refused; check base_url and the network, or run again later"
    )
    assert (session.calls, caught.value.tries, caught.value.__suppress_context__) == (3, 3, True)


def test_an_unknown_host_is_named_as_such() -> None:
    with (
        session_for("https://nowhere.invalid/api/v1", tries=1) as session,
        pytest.raises(UnreachableError, match=r"^channels: the host name is not known; check base_url"),
    ):
        session.get(CHANNELS, DAY)


def test_cookies_are_not_kept() -> None:
    with (
        playing(Say(headers={"Set-Cookie": "tracker=1; Path=/"})) as script,
        session_for(script.url) as session,
    ):
        session.get(GOALS, {})
        session.get(GOALS, {})
    assert ["cookie" in heard.headers for heard in script.heard] == [False, False]


def test_a_netrc_of_the_machine_cannot_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with playing(GOOD) as script, session_for(script.url) as session:
        session.get(GOALS, {})
    assert script.heard[0].headers["authorization"] == f"Bearer {KEY}"
