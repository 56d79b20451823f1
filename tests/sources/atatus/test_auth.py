"""The key goes where it is told to, with the requests that may carry it there, and into no log."""

import logging
from typing import Any

import pytest
import requests

from sandbox.atatus import PROJECTS, READ_WRITE_KEY, Settings, create_app, running
from sources.atatus.auth import ApiKey, Place
from sources.rest.errors import ConfigurationError

KEY = "0123456789abcdef" * 2


def prepared(method: str, place: Place, **content: Any) -> requests.PreparedRequest:
    address = "https://api.example.com/v2/x?timeStart=2026-03-01+00:00"
    return requests.Request(method, address, auth=ApiKey(KEY, place), **content).prepare()


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
def test_a_header_goes_with_any_request(method: str) -> None:
    request = prepared(method, Place.HEADER)
    assert request.headers["X-API-KEY"] == KEY
    assert KEY not in f"{request.url}{request.body!r}"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_query_goes_with_what_has_no_body_and_leaves_the_rest_of_it_alone(method: str) -> None:
    request = prepared(method, Place.QUERY)
    assert request.url == f"https://api.example.com/v2/x?timeStart=2026-03-01+00:00&api_key={KEY}"
    assert KEY not in f"{request.headers}{request.body!r}"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({}, f"api_key={KEY}"),
        ({"data": {"revision": "a b"}}, f"revision=a+b&api_key={KEY}"),
        ({"json": {"revision": 1}}, f'{{"revision": 1, "api_key": "{KEY}"}}'),
    ],
)
def test_a_body_goes_with_what_has_one(method: str, content: dict[str, Any], body: str) -> None:
    request = prepared(method, Place.BODY, **content)
    assert request.body == (body.encode() if "json" in content else body)
    assert request.headers["Content-Length"] == str(len(body))
    assert KEY not in f"{request.url}{request.headers}"


@pytest.mark.parametrize(
    ("method", "place"), [("POST", Place.QUERY), ("PUT", Place.QUERY), ("GET", Place.BODY), ("DELETE", Place.BODY)]
)
def test_a_request_that_cannot_carry_the_key_there_is_not_sent(method: str, place: Place) -> None:
    with pytest.raises(ConfigurationError, match=f"a {method} cannot carry the key in its {place}"):
        prepared(method, place)


@pytest.mark.parametrize("content", [{"data": b"x", "headers": {"Content-Type": "text/csv"}}, {"data": iter([b"x"])}])
def test_a_body_of_another_kind_is_left_alone(content: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="cannot carry the key"):
        prepared("POST", Place.BODY, **content)


def test_the_server_takes_the_key_from_the_body_of_a_post() -> None:
    app = create_app(Settings())
    with running(app) as url:
        for content in ({"data": {"revision": "1"}}, {"json": {"revision": "1"}}):
            address = f"{url}/projects/{PROJECTS[0]}/deployments"
            reply = requests.post(address, auth=ApiKey(READ_WRITE_KEY, Place.BODY), timeout=5, **content)  # type: ignore[arg-type] # either kind
            assert reply.status_code == 201
    assert {asked.key_from for asked in app.state.sandbox.log} == {"body"}


def test_debug_logs_of_the_http_client_do_not_hold_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running(create_app(Settings())) as url:
        requests.get(f"{url}/projects/x/transactions", auth=ApiKey(READ_WRITE_KEY, Place.QUERY), timeout=5)
    assert "?<query>" in caplog.text
    assert READ_WRITE_KEY not in caplog.text
