"""What the documented API refuses, the sandbox refuses with the documented body."""

import re

import pytest
import requests

from sandbox.atribu import DEFAULT_KEY, DEFAULT_SCOPES, FULL_KEY
from sandbox.atribu.endpoints import ENDPOINTS
from sandbox.server.replies import Refusal
from tests.sandbox.conftest import Client

DAY = {"date_from": "2026-02-03", "date_to": "2026-02-03"}
NEEDED = {
    "customers": {"goal": "payment_received"},
    "campaigns/trend": {"entity_ids": "some-id"},
    "ads/funnel-diagnosis": {"ad_external_id": "1"},
    "ads/trajectory": {"ad_external_id": "1"},
    "ads/forecast": {"ad_external_id": "1"},
    "ads/compare": {"ad_a": "1", "ad_b": "2"},
}
JOURNEY = "customers/nobody/journey"
PATHS = [*ENDPOINTS, JOURNEY]


def good(path: str) -> dict[str, str]:
    dated = path in ENDPOINTS and ENDPOINTS[path].has_range
    return (DAY if dated else {}) | NEEDED.get(path, {})


def check_error(reply: requests.Response, status: int, code: str) -> None:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "status", "request_id"}
    assert (error["code"], error["status"]) == (code, status)
    assert error["message"]
    assert re.fullmatch(r"req_[0-9a-f]{8}", error["request_id"])
    assert reply.headers["X-Request-ID"] == error["request_id"]


@pytest.mark.parametrize("path", PATHS)
def test_every_endpoint_answers_a_good_request_with_the_documented_envelope_and_headers(
    client: Client, path: str
) -> None:
    reply = client.get(path, **good(path))
    assert reply.status_code == 200, reply.text
    body = reply.json()
    dates = good(path).keys() & DAY.keys()
    assert body["meta"].keys() == {"profile_id"} | dates
    assert ("pagination" in body) == (path in {"customers", "visitors", JOURNEY})
    assert all(name in reply.headers for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Request-ID"))
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer atb_live_wrong", f"Basic {FULL_KEY}", FULL_KEY])
def test_a_missing_or_unknown_key_is_unauthorized_and_learns_no_limit(client: Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    reply = requests.get(f"{client.url}/overview", params=DAY, headers=headers, timeout=5)
    check_error(reply, 401, "unauthorized")
    assert "X-RateLimit-Limit" not in reply.headers


@pytest.mark.parametrize("path", PATHS)
def test_a_key_reaches_exactly_what_its_scopes_open(client: Client, path: str) -> None:
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    reply = requests.get(f"{client.url}/{path}", params=good(path), headers=headers, timeout=5)
    if path in {"customers", "visitors", JOURNEY}:
        check_error(reply, 403, "insufficient_scope")
    else:
        assert reply.status_code == 200
        assert ENDPOINTS[path].scope in DEFAULT_SCOPES


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2025-01-01", "2026-01-02"),
        ("2026-02-04", "2026-02-03"),
        ("2026-02-30", "2026-03-01"),
        ("2026-02-01", "tomorrow"),
        ("20260201", "2026-02-01"),
        ("2026-W05-6", "2026-02-01"),
        ("2026-02-01T00:00:00", "2026-02-01"),
        ("", "2026-02-01"),
    ],
)
def test_a_range_that_is_too_long_backwards_or_no_range_is_an_invalid_date_range(
    client: Client, first: str, last: str
) -> None:
    check_error(client.get("overview", date_from=first, date_to=last), 400, "invalid_date_range")


def test_a_range_of_366_days_is_answered(client: Client) -> None:
    assert client.data("overview", date_from="2025-04-01", date_to="2026-04-01")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("overview", {}),
        ("overview", {"date_from": "2026-02-03"}),
        ("overview", {"date_to": "2026-02-03"}),
        ("channels", DAY | {"limit": "101"}),
        ("channels", DAY | {"limit": "0"}),
        ("channels", DAY | {"limit": "-1"}),
        ("channels", DAY | {"limit": "ten"}),
        ("channels", DAY | {"limit": ""}),
        ("channels", DAY | {"limit": "9" * 5000}),
        ("channels", DAY | {"model": "linear"}),
        ("channels", DAY | {"filter[channel]": "is:Direct"}),
        ("overview", DAY | {"model": "clairvoyant"}),
        ("overview", DAY | {"model": "position_based"}),
        ("overview", DAY | {"profile_id": "mine"}),
        ("overview", DAY | {"date_from": ["2026-02-03", "2026-02-03"]}),
        ("campaigns", DAY | {"level": "account"}),
        ("campaigns/trend", DAY),
        ("campaigns/trend", DAY | {"entity_ids": ""}),
        ("campaigns/trend", DAY | {"entity_ids": "a,,b"}),
        ("customers", DAY),
        ("customers", DAY | {"goal": "world_peace"}),
        ("customers", DAY | {"goal": "lead_created", "cursor_id": "x"}),
        ("visitors", DAY | {"cursor_time": "2026-02-03T00:00:00Z"}),
        ("visitors", DAY | {"cursor_time": "yesterday", "cursor_id": "x"}),
        (JOURNEY, {"cursor": "no-bar"}),
        (JOURNEY, DAY),
        ("ads/forecast", {}),
        ("ads/forecast", {"ad_external_id": ""}),
        ("ads/compare", {"ad_a": "1"}),
        ("ads/trajectory", {"ad_external_id": "1", "days_back": "366"}),
        ("ads/fatigue-risk", {"top": "51"}),
        ("ads/fatigue-risk", {"min_spend": "nan"}),
        ("ads/fatigue-risk", {"min_spend": "much"}),
        ("top-performers", {"window": "30d"}),
        ("top-performers", {"has_video": "maybe"}),
        ("realtime", {"limit": "1"}),
    ],
)
def test_a_bad_parameter_is_an_invalid_parameter(client: Client, path: str, params: dict[str, object]) -> None:
    check_error(client.get(path, **params), 400, "invalid_parameter")


@pytest.mark.parametrize(
    ("switch", "value", "params", "like"),
    [
        ("over_limit", "cut", {"limit": "101"}, {"limit": "100"}),
        ("unknown_parameters", "ignored", {"filter[channel]": "is:Direct"}, {}),
        ("unknown_models", "ignored", {"model": "clairvoyant"}, {"model": "last_touch"}),
    ],
)
def test_what_the_contract_leaves_open_is_refused_unless_it_is_set_otherwise(  # noqa: PLR0917 - cases
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    switch: str,
    value: str,
    params: dict[str, str],
    like: dict[str, str],
) -> None:
    check_error(client.get("campaigns", **DAY, **params), 400, "invalid_parameter")
    monkeypatch.setattr(client.sandbox.settings, switch, value)
    assert client.data("campaigns", **DAY, **params) == client.data("campaigns", **DAY, **like)


@pytest.mark.parametrize("path", ["nothing", "customers/a/b/journey", "customers//journey", "channels/", "", "../v2"])
def test_an_unknown_path_is_not_found_and_free_of_charge(client: Client, path: str) -> None:
    spent = client.sandbox.units_spent
    check_error(client.get(path), 404, "not_found")
    assert client.sandbox.units_spent == spent


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get_is_allowed(client: Client, method: str) -> None:
    reply = client.session.request(method, f"{client.url}/goals", json={"name": "x"}, timeout=5)
    check_error(reply, 405, "invalid_request")


def test_the_key_is_checked_before_the_path_the_scope_before_the_parameters(client: Client) -> None:
    check_error(requests.get(f"{client.url}/nothing", timeout=5), 401, "unauthorized")
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    check_error(requests.get(f"{client.url}/customers", headers=headers, timeout=5), 403, "insufficient_scope")


def test_a_revoked_key_stops_working_at_once_and_a_new_one_works(fresh: Client) -> None:
    keys = fresh.sandbox.settings.keys
    keys["atb_live_sandbox_next"] = keys.pop(FULL_KEY)
    check_error(fresh.get("goals"), 401, "unauthorized")
    fresh.session.headers["Authorization"] = "Bearer atb_live_sandbox_next"
    assert fresh.data("goals")


def test_the_log_tells_what_was_asked_and_what_it_cost(fresh: Client) -> None:
    fresh.get("overview", **DAY)
    fresh.get("visitors", **DAY)
    fresh.get("overview", limit=1)
    asked = [(entry.path, entry.status, entry.units, entry.key) for entry in fresh.sandbox.log]
    assert asked == [
        ("overview", 200, 1, FULL_KEY),
        ("visitors", 200, 3, FULL_KEY),
        ("overview", 400, 1, FULL_KEY),
    ]
    assert fresh.sandbox.log[0].query == DAY
    assert fresh.sandbox.units_spent == 5
    assert fresh.sandbox.rejections == 0


def test_asking_for_a_truth_that_does_not_exist_is_refused_too(client: Client) -> None:
    with pytest.raises(Refusal, match="/nothing"):
        client.sandbox.answer("nothing")
    with pytest.raises(Refusal, match="date_from is required"):
        client.sandbox.answer("overview")
