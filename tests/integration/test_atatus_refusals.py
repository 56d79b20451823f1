"""Every documented status has its exit code and one line that says what to do; the key is in none of them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.atatus import PROJECTS, READ_KEY, WRITE_KEY, Fault
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

SYNC = ("sync", "atatus", "--today", "2026-03-31", "--since", "2026-03-30")


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__MAX_TRIES", "1")


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("400", 4, "the API calls the request bad (400), server says: 'Bad request'; this server may read times"),
        ("401", 77, "the API key is wrong (401), server says: 'API key is invalid!'; check api_key"),
        pytest.param(
            "403", 77, "hidden for administrators only (403), server says: 'Items are hidden", marks=pytest.mark.sweep
        ),
        pytest.param(
            "404",
            4,
            "the item could not be found (404), server says: 'The item could not be found'; check the ids in",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            "405", 4, "does not let this address be read with GET (405), server says:", marks=pytest.mark.sweep
        ),
        pytest.param(
            "429_without_retry_after", 75, "the API asks to slow down (429), server says:", marks=pytest.mark.sweep
        ),
        ("500", 75, "a problem with its server (500), server says:"),
        pytest.param("502", 75, "the server is not available (502)", marks=pytest.mark.sweep),
        pytest.param(
            "503",
            75,
            "offline for maintenance (503), server says: 'We are offline due to maintenance work.",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_each_status_has_its_exit_code_and_its_meaning(
    serve_atatus: ServeAtatus, elt: Elt, kind: Any, code: int, says: str
) -> None:
    serve_atatus().faults.append(Fault("*", kind, times=None))

    result = elt(*SYNC)

    assert result.code == code
    assert says in result.err
    assert READ_KEY not in result.err + result.out


@pytest.mark.parametrize("style", ["Message", "message", "absent", "empty", "html"])
def test_a_refusal_is_told_by_its_status_whatever_its_body_is(serve_atatus: ServeAtatus, elt: Elt, style: str) -> None:
    serve_atatus(error_body=style, projects=())

    result = elt("check", "atatus")

    assert result.code == 4
    assert "the item could not be found (404)" in result.err
    assert ("server says: 'The item could not be found'" in result.err) is (style.lower() == "message")


@pytest.mark.slow
def test_a_project_that_does_not_exist_or_is_hidden_costs_only_itself(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_atatus(admin_only={PROJECTS[0]})
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", f"nowhere,{PROJECTS[0]},{PROJECTS[1]}")

    result = elt(*SYNC)

    assert result.code == 77
    assert "transactions nowhere 2026-03-31: transactions: the item could not be found (404)" in result.err
    assert f"transactions {PROJECTS[0]} 2026-03-31: transactions: this is hidden for administrators" in result.err
    rows = rows_of("transaction_stats", "local.duckdb", dataset="atatus")
    assert {row["project_id"] for row in rows} == {PROJECTS[1]}
    assert len(rows) == 2


def test_a_key_that_may_only_write_is_refused(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_atatus()
    monkeypatch.setenv("SOURCES__ATATUS__API_KEY", WRITE_KEY)
    result = elt(*SYNC)
    assert result.code == 77
    assert "use a key with the permission Read" in result.err


@pytest.mark.slow
def test_a_limit_that_nobody_has_named_is_learned_and_everything_is_loaded(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus(limit=10, period=0.5)
    monkeypatch.setenv("SOURCES__ATATUS__RATE_LIMIT", "40")
    monkeypatch.setenv("SOURCES__ATATUS__MAX_TRIES", "8")

    result = elt("sync", "atatus", "--today", "2026-03-31", "--since", "2026-03-12")

    assert result.code == 0, result.err
    assert len(rows_of("transaction_stats", "local.duckdb", dataset="atatus")) == 40
    assert "the API refused calls and named no limit; this run went on with" in result.err
    assert sandbox.rejections


def test_waiting_for_a_limit_ends_with_the_allowance(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_atatus(period=60.0).faults.append(Fault("*", "429_without_retry_after", times=None))
    monkeypatch.setenv("SOURCES__ATATUS__MAX_TRIES", "100")

    assert elt(*SYNC, "--max-minutes", "0.01").code == 3


class Listener(BaseHTTPRequestHandler):
    """A server elsewhere that remembers whatever reaches it."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(f"{self.requestline}\n{self.headers}")
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another server: its address, and what reaches it."""
    heard: list[str] = []
    handler = type("Heard", (Listener,), {"heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://localhost:{server.server_port}/v2/", heard
        server.shutdown()


@pytest.mark.parametrize("auth", ["header", "query"])
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_takes_no_key_to_another_host(
    serve_atatus: ServeAtatus,
    elt: Elt,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: tuple[str, list[str]],
    *,
    auth: str,
    status: int,
) -> None:
    address, heard = elsewhere
    monkeypatch.setenv("SOURCES__ATATUS__AUTH", auth)
    fault = Fault("*", "redirect", times=None, location=f"{address}?api_key={READ_KEY}", redirect_status=status)
    serve_atatus().faults.append(fault)

    result = elt("check", "atatus")

    assert result.code == 78
    assert "the server redirects to localhost" in result.err
    assert READ_KEY not in result.err
    assert heard == []


@pytest.mark.parametrize(("auth", "key"), [("header", ""), ("query", "&api_key={key}")])
def test_a_question_is_sent_as_the_vendor_documents_it(
    elt: Elt,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: tuple[str, list[str]],
    *,
    auth: str,
    key: str,
) -> None:
    address, heard = elsewhere
    for name, value in {"BASE_URL": address, "API_KEY": READ_KEY, "PROJECTS": "p1", "AUTH": auth}.items():
        monkeypatch.setenv(f"SOURCES__ATATUS__{name}", value)

    elt(*SYNC[:4], "--since", "2026-03-31")

    line, headers = next(one for one in heard if "2026-03-31+00:00&timeEnd=2026-04-01+00:00" in one).split("\n", 1)
    window = "timeStart=2026-03-31+00:00&timeEnd=2026-04-01+00:00"
    assert line == f"GET /v2/projects/p1/transactions?{window}{key.format(key=READ_KEY)} HTTP/1.1"
    assert (f"X-API-KEY: {READ_KEY}\n" in headers) is (auth == "header")


@pytest.mark.slow
@pytest.mark.duckdb_file("looks into it")
@pytest.mark.parametrize("auth", [pytest.param("header", marks=pytest.mark.sweep), "query"])
def test_the_key_is_nowhere_after_good_and_bad_answers(
    serve_atatus: ServeAtatus,
    elt: Elt,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    auth: str,
) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__AUTH", auth)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    caplog.set_level("DEBUG")
    sandbox = serve_atatus()
    for kind in ("html", "400", "reset"):
        sandbox.faults.append(Fault("*", kind))

    result = elt(*SYNC)

    assert {asked.key_from for asked in sandbox.log} == {auth}
    assert READ_KEY not in result.out + result.err + caplog.text
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert (tmp_path / "local.duckdb") in files
    assert not [file for file in files if READ_KEY.encode() in file.read_bytes()]


def test_a_server_that_repeats_the_key_is_quoted_without_it(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, serve_atatus: ServeAtatus
) -> None:
    sandbox = serve_atatus()
    other = "9" * 31 + "f"
    monkeypatch.setenv("SOURCES__ATATUS__API_KEY", other)
    monkeypatch.setattr("sandbox.atatus.keys.INVALID_KEY", f"{other} is no key")
    result = elt("check", "atatus")
    assert sandbox.log[0].status == 401
    assert "server says: '<key> is no key'" in result.err
    assert other not in result.err
