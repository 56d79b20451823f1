"""Each fault does to the client what its name says, on the calls it was meant for."""

import time

import pytest
import requests

from sandbox.atribu import Fault
from tests.sandbox.conftest import Client

DAY = {"date_from": "2026-01-06", "date_to": "2026-01-06"}


@pytest.mark.parametrize(
    ("kind", "status", "code", "units"),
    [
        ("401", 401, "unauthorized", 0),
        ("403", 403, "insufficient_scope", 0),
        ("429", 429, "rate_limit_exceeded", 0),
        ("429_without_retry_after", 429, "rate_limit_exceeded", 0),
        ("500", 500, "internal_error", 1),
        ("502", 502, "internal_error", 1),
        ("503", 503, "service_unavailable", 1),
    ],
)
def test_an_error_fault_answers_with_its_status_and_then_stops(
    fresh: Client, kind: str, status: int, code: str, units: int
) -> None:
    fresh.sandbox.faults.append(Fault("channels", kind, times=2, retry_after=9))
    replies = [fresh.get("channels", **DAY) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [status, status, 200]
    assert replies[0].json()["error"]["code"] == code
    assert replies[0].headers.get("Retry-After") == ("9" if kind == "429" else None)
    assert "X-RateLimit-Remaining" in replies[0].headers
    assert [entry.units for entry in fresh.sandbox.log] == [units, units, 1]


def test_a_reset_connection_gives_no_answer_and_the_next_call_works(fresh: Client) -> None:
    fresh.sandbox.faults.append(Fault("channels", "reset"))
    with pytest.raises(requests.ConnectionError):
        fresh.get("channels", **DAY)
    assert fresh.get("channels", **DAY).status_code == 200
    assert [(entry.status, entry.units) for entry in fresh.sandbox.log] == [(0, 0), (200, 1)]


def test_a_truncated_body_ends_too_early(fresh: Client) -> None:
    fresh.sandbox.faults.append(Fault("channels", "truncated"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        fresh.get("channels", **DAY)
    assert fresh.get("channels", **DAY).status_code == 200


def test_a_slow_body_takes_its_time_and_is_whole(fresh: Client) -> None:
    fresh.sandbox.faults.append(Fault("channels", "slow", seconds=0.15))
    started = time.monotonic()
    slow = fresh.data("channels", **DAY)
    assert time.monotonic() - started >= 0.14
    assert slow == fresh.data("channels", **DAY)


def test_html_comes_with_status_200(fresh: Client) -> None:
    fresh.sandbox.faults.append(Fault("overview", "html"))
    reply = fresh.get("overview", **DAY)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html")
    assert reply.text.startswith("<!doctype html>")


def test_bodies_may_miss_data_have_new_fields_or_words_for_numbers(fresh: Client) -> None:
    right = fresh.data("timeseries", **DAY)
    fresh.sandbox.faults += [
        Fault("timeseries", "missing_data"),
        Fault("timeseries", "unknown_field"),
        Fault("timeseries", "wrong_type"),
    ]
    assert set(fresh.body("timeseries", **DAY)) == {"meta"}
    assert fresh.data("timeseries", **DAY) == [row | {"a_new_field": 1} for row in right]
    assert fresh.data("timeseries", **DAY) == [dict.fromkeys(right[0], "many") | {"date": "2026-01-06"}]
    assert fresh.data("timeseries", **DAY) == right


def test_a_redirect_leads_to_another_host(fresh: Client) -> None:
    fresh.sandbox.faults.append(Fault("goals", "redirect"))
    reply = fresh.get("goals")
    assert reply.status_code == 307
    assert reply.headers["Location"] == "https://elsewhere.example.com/"


def test_a_fault_hits_only_what_it_matches(fresh: Client) -> None:
    fault = Fault("c*", "500", times=None, every=2, match=lambda query: query["date_from"] == "2026-01-06")
    fresh.sandbox.faults.append(fault)
    other = DAY | {"date_from": "2026-01-05"}
    asked = [("channels", DAY), ("channels", other), ("countries", DAY), ("overview", DAY), ("channels", DAY)]
    assert [fresh.get(path, **query).status_code for path, query in asked] == [200, 200, 500, 200, 200]
    assert fresh.get("conversions", **DAY).status_code == 500
    assert fault.struck == 2
