"""The server starts, keeps connections, fails loudly and stops cleanly."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from sandbox.atribu import FULL_KEY, create_app, running
from tests.sandbox.conftest import Client, make_settings

ROOT = Path(__file__).parents[2]
HEADERS = {"Authorization": f"Bearer {FULL_KEY}"}


def test_one_session_keeps_one_connection(fresh: Client) -> None:
    for _ in range(5):
        fresh.data("goals")
    pools = fresh.session.get_adapter(fresh.url).poolmanager.pools
    [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118 - this container refuses to be iterated
    assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_latency_delays_every_answer(fresh: Client) -> None:
    fresh.sandbox.settings.latency = 0.05
    started = time.monotonic()
    fresh.data("goals")
    assert time.monotonic() - started >= 0.05


def test_a_server_stops_at_once_even_while_a_call_is_waiting() -> None:
    app = create_app(make_settings(latency=60))
    with running(app) as url, pytest.raises(requests.ReadTimeout):
        requests.get(f"{url}/goals", headers=HEADERS, timeout=0.05)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/goals", headers=HEADERS, timeout=0.05)


def test_the_sandbox_reads_the_contract_on_its_own() -> None:
    sources = [file.read_text("utf-8") for file in (ROOT / "sandbox").rglob("*.py")]
    assert sources
    assert not any(re.search(r"^\s*(from|import) (sources|pipelines)", text, re.MULTILINE) for text in sources)


def test_a_port_that_is_taken_is_an_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="in use"),
        running(create_app(), other.getsockname()[1]),
    ):
        pass


def test_a_mistake_in_the_sandbox_is_an_internal_error_and_is_logged(
    fresh: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fresh.sandbox, "ask", None)
    reply = fresh.get("goals")
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal_error")
    assert "TypeError" in caplog.text


def test_serving_from_a_command_line_prints_nothing_and_ends_on_interrupt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"from sandbox.atribu import create_app, serve; serve(create_app(), {port})"
    with subprocess.Popen(  # noqa: S603 - runs this very interpreter
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        deadline = time.monotonic() + 10
        while True:
            try:
                reply = requests.get(f"http://127.0.0.1:{port}/api/v1/goals", headers=HEADERS, timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert reply.status_code == 200
        server.send_signal(signal.SIGINT)
        assert server.communicate(timeout=10)[0] == b""
    assert server.returncode == 0
