"""The server keeps its limit, serves made-up endpoints, fails as it is told to and keeps a log."""

import time
from collections.abc import Callable, Mapping

import pytest
import requests

from sandbox.atatus import PROJECTS, READ_KEY, READ_WRITE_KEY, WRITE_KEY, Fault
from tests.sandbox.atatus_client import LIST, PROJECT, WEEK, AtatusClient

ERRORS = f"projects/{PROJECT}/errors"
DEPLOYMENTS = f"projects/{PROJECT}/deployments"


@pytest.mark.parametrize(
    "path",
    [
        "projects",
        "nothing",
        "",
        "projects/none/transactions",
        f"projects/{PROJECT}",
        f"{LIST}/",
        f"{LIST}/none",
        f"{LIST}/none/more",
        "../v1/projects",
    ],
)
def test_what_does_not_exist_is_not_found_and_free(atatus: AtatusClient, path: str) -> None:
    reply = atatus.get(path, **WEEK)
    assert (reply.status_code, reply.json()) == (404, {"Message": "The item could not be found"})
    assert atatus.sandbox.units_spent == 0


@pytest.mark.parametrize(("method", "path"), [("POST", LIST), ("DELETE", LIST), ("GET", DEPLOYMENTS), ("PUT", ERRORS)])
def test_another_method_is_not_allowed(atatus: AtatusClient, method: str, path: str) -> None:
    atatus.settings.extra[ERRORS] = {}
    assert atatus.send(method, path, READ_WRITE_KEY).status_code == 405


def test_a_deployment_needs_a_revision(atatus: AtatusClient) -> None:
    replies = [atatus.send("POST", DEPLOYMENTS, WRITE_KEY, json=fields) for fields in ({}, {"revision": ""})]
    assert [reply.status_code for reply in replies] == [400, 400]
    assert atatus.sandbox.deployments == []


def test_maintenance_answers_everything_with_503(atatus: AtatusClient) -> None:
    atatus.settings.maintenance = True
    replies = [atatus.get(LIST, **WEEK), atatus.get("nothing", None), atatus.send("POST", DEPLOYMENTS)]
    assert [reply.status_code for reply in replies] == [503] * 3
    atatus.settings.maintenance = False
    assert atatus.get(LIST, **WEEK).status_code == 200


def test_the_limit_is_one_of_each_key_and_a_429_has_no_headers_unless_set(
    start_atatus: Callable[..., AtatusClient],
) -> None:
    now = [1_000_020.0]
    atatus = start_atatus(limit=2, clock=lambda: now[0])
    replies = [atatus.get(LIST, **WEEK) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    headers = {name.lower() for reply in replies for name in reply.headers}
    assert headers == {"content-type", "content-length", "date"}
    assert (atatus.sandbox.units_spent, atatus.sandbox.rejections) == (2, 1)
    atatus.settings.retry_after = "seconds"
    assert atatus.get(LIST, **WEEK).headers["Retry-After"] == "60"
    assert atatus.get(LIST, READ_WRITE_KEY, **WEEK).status_code == 200
    now[0] += 60
    assert atatus.get(LIST, **WEEK).status_code == 200


@pytest.mark.parametrize("body", [{"data": [{"id": 1}]}, [1, "two"], {"errors": []}, None, "text"])
def test_a_made_up_endpoint_answers_what_it_is_given(atatus: AtatusClient, body: object) -> None:
    atatus.settings.extra[ERRORS] = body
    assert atatus.body(ERRORS, status="open", page=2) == atatus.sandbox.answer(ERRORS) == body
    assert atatus.sandbox.log[0].query == {"status": "open", "page": "2"}
    assert atatus.get(ERRORS, WRITE_KEY).status_code == 403


def test_a_made_up_endpoint_may_look_at_its_query_but_sees_no_key(atatus: AtatusClient) -> None:
    seen: list[Mapping[str, str]] = []

    def answer(query: Mapping[str, str]) -> object:
        seen.append(query)
        return {"data": [int(query["page"])]}

    atatus.settings.extra |= {"accounts": answer, LIST: answer}
    assert atatus.get("accounts", None, page=3, api_key=READ_KEY).json() == {"data": [3]}
    assert atatus.body(LIST, page=4) == {"data": [4]}
    assert seen == [{"page": "3"}, {"page": "4"}]


@pytest.mark.parametrize(
    ("kind", "status", "units"),
    [
        ("204", 204, 1),
        ("400", 400, 1),
        ("401", 401, 0),
        ("403", 403, 0),
        ("404", 404, 1),
        ("405", 405, 1),
        ("429", 429, 0),
        ("429_without_retry_after", 429, 0),
        ("500", 500, 1),
        ("502", 502, 1),
        ("503", 503, 1),
    ],
)
def test_a_fault_answers_with_its_status_and_then_stops(
    atatus: AtatusClient, kind: str, status: int, units: int
) -> None:
    atatus.sandbox.faults.append(Fault("projects/*/transactions", kind, times=2, retry_after=9))
    replies = [atatus.get(LIST, **WEEK) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [status, status, 200]
    assert bool(replies[0].content) == (status != 204)
    assert replies[0].headers.get("Retry-After") == ("9" if kind == "429" else None)
    assert [asked.units for asked in atatus.sandbox.log] == [units, units, 1]


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_leads_to_another_host(atatus: AtatusClient, status: int) -> None:
    atatus.sandbox.faults.append(Fault("*", "redirect", redirect_status=status))
    reply = atatus.get(LIST, **WEEK)
    assert (reply.status_code, reply.headers["Location"]) == (status, "https://elsewhere.example.com/")


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_a_broken_connection_gives_no_whole_answer(atatus: AtatusClient, kind: str) -> None:
    atatus.sandbox.faults.append(Fault("*", kind))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        atatus.get(LIST, **WEEK)
    assert atatus.get(LIST, **WEEK).status_code == 200
    assert [asked.status for asked in atatus.sandbox.log] == [0 if kind == "reset" else 200, 200]


def test_a_slow_body_takes_its_time_and_latency_delays_its_start(atatus: AtatusClient) -> None:
    right = atatus.body(LIST, **WEEK)
    atatus.settings.latency = 0.05
    atatus.sandbox.faults.append(Fault("*", "slow", seconds=0.1))
    started = time.monotonic()
    assert atatus.body(LIST, **WEEK) == right
    assert time.monotonic() - started >= 0.14


def test_bodies_may_be_html_miss_data_have_new_fields_or_words_for_numbers(atatus: AtatusClient) -> None:
    right = atatus.body(LIST, **WEEK)
    atatus.sandbox.faults += [Fault(LIST, kind) for kind in ("html", "missing_data", "unknown_field", "wrong_type")]
    page = atatus.get(LIST, **WEEK)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert atatus.body(LIST, **WEEK) == {"stats": right["stats"]}
    assert atatus.body(LIST, **WEEK)["data"] == [row | {"a_new_field": 1} for row in right["data"]]
    assert {row["totalCount"] for row in atatus.body(LIST, **WEEK)["data"]} == {"many"}
    assert atatus.body(LIST, **WEEK) == right


def test_a_body_without_data_is_spoiled_as_a_whole(atatus: AtatusClient) -> None:
    atatus.settings.extra["list"] = [{"id": 1}]
    atatus.sandbox.faults += [Fault("list", kind) for kind in ("missing_data", "unknown_field", "wrong_type")]
    bodies = [atatus.body("list") for _ in range(4)]
    assert bodies == [{}, [{"id": 1, "a_new_field": 1}], [{"id": "many"}], [{"id": 1}]]


def test_a_fault_hits_only_what_it_matches(atatus: AtatusClient) -> None:
    fault = Fault("projects/*", "500", times=None, every=2, match=lambda query: query == WEEK)
    atatus.sandbox.faults.append(fault)
    asked = [WEEK, {"timeDur": "1d"}, WEEK, WEEK]
    assert [atatus.get(LIST, **query).status_code for query in asked] == [200, 200, 500, 200]
    assert fault.struck == 1


def test_a_mistake_in_the_sandbox_is_a_500_and_is_logged(
    atatus: AtatusClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(atatus.sandbox, "ask", None)
    assert atatus.get(LIST, **WEEK).status_code == 500
    assert "TypeError" in caplog.text


def test_the_log_holds_each_request_without_its_key_in_the_query(atatus: AtatusClient) -> None:
    atatus.get(LIST, None, **WEEK, api_key=READ_KEY)
    atatus.get(LIST, None, **WEEK, api_key="wrong")
    atatus.send("POST", DEPLOYMENTS, None, json={"api_key": WRITE_KEY, "revision": "r1"})
    atatus.get("nothing", None)
    assert [
        (asked.method, asked.path, asked.query, asked.status, asked.units, asked.key, asked.key_from)
        for asked in atatus.sandbox.log
    ] == [
        ("GET", LIST, WEEK, 200, 1, READ_KEY, "query"),
        ("GET", LIST, WEEK, 401, 0, "wrong", "query"),
        ("POST", DEPLOYMENTS, {}, 201, 1, WRITE_KEY, "body"),
        ("GET", "nothing", {}, 401, 0, None, None),
    ]


def test_the_base_path_and_the_projects_look_like_the_documented_ones(atatus: AtatusClient) -> None:
    assert atatus.url.endswith("/v2")
    assert requests.get(atatus.url, headers={"X-API-KEY": READ_KEY}, timeout=5).status_code == 404
    assert all(len(project) == 24 and int(project, 16) for project in PROJECTS)
