"""Whatever a server does to keep a call waiting or to fill the memory, the call ends in time and says so."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.budget import Budget, BudgetClosedError
from sources.rest.errors import ApiError, RateLimitedError, SlowAnswerError, TooLongAnswerError, UnexpectedBodyError
from tests.scripted import Say, playing, refusal, session_for

GOALS = ENDPOINTS["goals"]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Answer = Callable[[socket.socket], None]
"""What a server does once it has got a request."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve something that no library for servers would send."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    threading.Thread(target=one, args=(peer,), daemon=True).start()

        def one(peer: socket.socket) -> None:
            with peer, suppress(OSError):
                peer.recv(65_536)
                answer(peer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        listener.shutdown(socket.SHUT_RDWR)


def again(piece: bytes, first: bytes = b"", pause: float = 0.02) -> Answer:
    """Send a piece again and again, for ten seconds at most."""

    def answer(peer: socket.socket) -> None:
        peer.sendall(first)
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            peer.sendall(piece)
            time.sleep(pause)

    return answer


ENDLESS = [
    pytest.param(again(b" ", b"HTTP/1.1 200 "), id="status-line"),
    pytest.param(again(b"x", HEAD + b"X-More: "), id="header"),
    pytest.param(again(b"HTTP/1.1 100 Continue\r\n\r\n"), id="100-continue"),
    pytest.param(again(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), id="103-early-hints"),
    pytest.param(again(b" ", HEAD + b"\r\n"), id="body"),
    pytest.param(again(b" ", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"), id="body-of-a-redirect"),
]


@pytest.mark.parametrize("answer", ENDLESS)
def test_a_call_ends_at_the_time_out_and_lets_go_of_the_server(answer: Answer) -> None:
    left = threading.Event()

    def until_it_goes(peer: socket.socket) -> None:
        try:
            answer(peer)
        except OSError:
            left.set()
            raise

    began = time.monotonic()
    with (
        answering(until_it_goes) as url,
        session_for(url, timeout=0.3, tries=1) as session,
        pytest.raises(SlowAnswerError, match=r"^goals: no whole answer within 0\.3 s"),
    ):
        session.get(GOALS, {})
    assert time.monotonic() - began < 2
    assert left.wait(2)


def test_looking_up_a_name_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hangs.wait(10))
    began = time.monotonic()
    with session_for("https://api.invalid/v1", timeout=0.2, tries=1) as session, pytest.raises(SlowAnswerError):
        session.get(GOALS, {})
    hangs.set()
    assert time.monotonic() - began < 2


def test_what_has_connected_too_late_sends_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, sent, connected = socket.getaddrinfo, list[bytes](), threading.Event()

    def slow(*arguments: object, **more: object) -> object:
        time.sleep(0.4)
        return usual(*arguments, **more)  # type: ignore[arg-type] # what the caller gave

    with answering(lambda _: None) as url:
        port = int(url.split(":")[2].split("/")[0])
    with socket.create_server(("127.0.0.1", port)) as listener:
        monkeypatch.setattr(socket, "getaddrinfo", slow)

        def hear() -> None:
            peer, _ = listener.accept()
            with peer:
                sent.append(peer.recv(100))
            connected.set()

        threading.Thread(target=hear, daemon=True).start()
        with session_for(url, timeout=0.1, tries=1) as session, pytest.raises(SlowAnswerError):
            session.get(GOALS, {})
        assert connected.wait(5)
    assert sent == [b""]


@pytest.mark.parametrize("answer", [ENDLESS[2], ENDLESS[4]])
def test_the_end_of_the_run_ends_a_call_in_flight(answer: Answer) -> None:
    budget = Budget(60)
    budget.allow(seconds=0.3)
    began = time.monotonic()
    with answering(answer) as url, session_for(url, budget=budget) as session, pytest.raises(BudgetClosedError):
        session.get(GOALS, {})
    assert time.monotonic() - began < 2
    assert budget.closed


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(Say(body=b" " * 3_000_000, pieces=30), id="plain"),
        pytest.param(
            Say(body=gzip.compress(bytes(300_000_000), 1), headers={"Content-Encoding": "gzip"}), id="compressed"
        ),
        pytest.param(
            Say(body=gzip.compress(gzip.compress(bytes(100_000_000))), headers={"Content-Encoding": "gzip, gzip"}),
            id="compressed-twice",
        ),
    ],
)
def test_an_answer_is_read_up_to_the_cap_and_no_further(say: Say) -> None:
    with playing(say) as script, session_for(script.url, max_bytes=1_500_000) as session:
        tracemalloc.start()
        with pytest.raises(TooLongAnswerError) as caught:
            session.get(GOALS, {})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert str(caught.value) == (
        "goals: the answer has more than 1.5 MB (200); raise the option max_answer_mb if an answer may be that long"
    )
    assert session.calls == 1
    assert peak < 20_000_000


@pytest.mark.parametrize("status", [202, 203, 205, 206, 207])
def test_a_status_that_stands_for_no_whole_answer_is_never_data(status: int) -> None:
    with (
        playing(Say(status=status, data=[{"id": 1}])) as script,
        session_for(script.url) as session,
        pytest.raises(UnexpectedBodyError, match=rf"^goals: the status does not stand for a whole answer \({status}\)"),
    ):
        session.get(GOALS, {})


def test_a_status_that_does_not_exist_is_an_error_of_the_server() -> None:
    with (
        answering(
            lambda peer: peer.sendall(b"HTTP/1.1 999 What\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}')
        ) as url,
        session_for(url, tries=1) as session,
        pytest.raises(ApiError, match=r"^goals: the server is not available \(999\)"),
    ):
        session.get(GOALS, {})


@pytest.mark.parametrize("interim", [101, 102, 103])
def test_each_call_gets_its_own_answer_also_after_an_interim_one(interim: int) -> None:
    def answer(peer: socket.socket) -> None:
        for number in (1, 2):
            peer.sendall(b"HTTP/1.1 %d Hints\r\nLink: </a>\r\n\r\n" % interim)
            time.sleep(0.1)  # the connection is idle meanwhile
            body = b'{"data":[%d]}' % number
            peer.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            peer.recv(65_536)

    with answering(answer) as url, session_for(url, tries=1) as session:
        assert [session.get(GOALS, {}).body for _ in range(2)] == [{"data": [1]}, {"data": [2]}]


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_sent_any_more_once_the_server_asks_to_wait_for_an_hour(status: int) -> None:
    began = time.monotonic()
    with playing(refusal(status, Retry_After="3600")) as script, session_for(script.url) as session:
        for name in ("goals", "channels"):
            with pytest.raises(ApiError, match="it asks to wait 3600 s") as caught:
                session.get(ENDPOINTS[name], {})
            assert caught.value.ends_run
    assert len(script.heard) == 1
    assert time.monotonic() - began < 2


def test_an_hour_that_is_within_the_time_for_retries_is_waited_for() -> None:
    with (
        playing(refusal(429, Retry_After="3600")) as script,
        session_for(script.url, seconds=7200.0, tries=1) as session,
        pytest.raises(RateLimitedError) as caught,
    ):
        session.get(GOALS, {})
    assert not caught.value.ends_run
    assert session.budget.reserve(1).wait > 3590
