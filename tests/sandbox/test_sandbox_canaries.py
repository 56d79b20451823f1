"""Canaries turn up wherever they were asked for, one for each person, and nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date

import orjson
import pytest
import requests
from conftest import Client, make_settings

from sandbox.atribu import Canaries, Fault, Size
from sandbox.atribu.canaries import MARKS, NO_CANARIES
from sandbox.server.limiter import FixedWindow

MONTH = {"date_from": "2026-01-01", "date_to": "2026-01-20"}
LEADS = MONTH | {"goal": "lead_created"}
OF_ROWS = {
    "customers": {"name", "email"},
    "visitors": {"name", "email"},
    "journey": {"email", "city", "user", "password", "token", "fragment", "path"},
}
SWITCHES = [field.name for field in fields(Canaries)]


@pytest.fixture(scope="module")
def server(start: Callable[..., Client]) -> Client:
    return start(make_settings(size=Size(visits_per_day=10, conversions_per_day=8), today=date(2026, 1, 20)))


@pytest.fixture
def planted(server: Client) -> Iterator[Client]:
    server.sandbox.settings.canaries = Canaries()
    yield server
    server.sandbox.settings.canaries = None
    server.sandbox.faults.clear()


def only(*names: str) -> Canaries:
    """Plant nothing but what is named."""
    return Canaries(**{switch: switch in names for switch in SWITCHES})


def ask(client: Client, listed: str) -> list[dict[str, object]]:
    """Ask for many rows of a list, over HTTP."""
    if listed == "journey":
        rows = client.data("customers", **LEADS, limit=100)
        return client.data(f"customers/{next(filter(None, (row['customer_profile_id'] for row in rows)))}/journey")
    return client.data(listed, **(LEADS if listed == "customers" else MONTH), limit=100)


def found(value: object) -> set[str]:
    return set(Canaries.found_in(value if isinstance(value, str | bytes) else orjson.dumps(value)))


def head(reply: requests.Response) -> str:
    return "\n".join(f"{name}: {value}" for name, value in reply.headers.items())


@pytest.mark.parametrize("listed", OF_ROWS)
def test_every_row_names_a_canary(planted: Client, listed: str) -> None:
    planted.sandbox.settings.canaries = only("rows")
    rows = ask(planted, listed)
    assert len(rows) > 1
    assert all(found(row) == OF_ROWS[listed] for row in rows)
    planted.sandbox.settings.canaries = None
    plain = ask(planted, listed)
    assert [row.keys() for row in rows] == [row.keys() for row in plain]
    assert not found(plain)


@pytest.mark.parametrize("listed", ["customers", "visitors"])
def test_people_stay_apart_and_the_same(planted: Client, listed: str) -> None:
    rows = ask(planted, listed)
    named = {row["customer_profile_id"]: (row["name"], row["email"]) for row in rows if row["customer_profile_id"]}
    assert len(named) > 2
    assert len(set(named.values())) == len(named)
    for row in rows:
        assert named.get(row["customer_profile_id"], (row["name"], row["email"])) == (row["name"], row["email"])
    assert rows == ask(planted, listed)


def test_a_person_is_the_same_in_all_lists(planted: Client) -> None:
    [customers, visitors] = (
        {row["email"] for row in ask(planted, listed) if row["customer_profile_id"]}
        for listed in ("customers", "visitors")
    )
    assert customers & visitors
    person = next(row for row in ask(planted, "customers") if row["customer_profile_id"])
    journey = planted.data(f"customers/{person['customer_profile_id']}/journey")
    assert all(str(person["email"]) in str(row["event_name"]) for row in journey)


@pytest.mark.parametrize("listed", OF_ROWS)
def test_texts_and_extra_fields_hold_canaries_too(planted: Client, listed: str) -> None:
    planted.sandbox.settings.canaries = None
    [plain] = ask(planted, listed)[:1]
    planted.sandbox.settings.canaries = only("texts")
    [row] = ask(planted, listed)[:1]
    changed = {name for name in row if row[name] != plain[name]}
    assert changed == ({"source", "medium", "campaign", "event_name"} if listed == "journey" else {"source"})
    assert all(found(row[name]) == {"email"} for name in changed)
    planted.sandbox.settings.canaries = only("extras", "field_names")
    [row] = ask(planted, listed)[:1]
    extra = {name: row[name] for name in row if name not in plain}
    assert {type(value) for value in extra.values()} == {str, dict, list, bool}
    assert found(extra) == set(MARKS) - {"host"}
    assert found(list(extra)) == {"email"}


def test_the_truth_is_what_the_server_sends(planted: Client) -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 20)
    sandbox = planted.sandbox
    assert sandbox.truth_of_customers("lead_created", first, last)[:100] == ask(planted, "customers")
    assert sandbox.truth_of_visitors(first, last)[:100] == ask(planted, "visitors")
    person = next(row for row in ask(planted, "customers") if row["customer_profile_id"])["customer_profile_id"]
    assert sandbox.truth_of_journey(person)[:10] == planted.data(f"customers/{person}/journey")


@pytest.mark.parametrize(
    ("kind", "status"), [("401", 401), ("403", 403), ("429", 429), ("400", 400), ("500", 500), ("503", 503)]
)
def test_errors_of_faults_hold_canaries_everywhere(planted: Client, kind: str, status: int) -> None:
    planted.sandbox.faults.append(Fault("goals", kind, retry_after=9))
    check_error(planted.get("goals"), status)


def check_error(reply: requests.Response, status: int) -> None:
    assert reply.status_code == status
    error = reply.json()["error"]
    assert found(error["message"]) == {"name", "email", "phone", "street", "city", "key"}
    assert found(error["code"]) == {"key"}
    assert found(error["request_id"]) == found(reply.headers["X-Request-ID"]) == {"email", "key"}
    assert error["request_id"] == reply.headers["X-Request-ID"]
    if status == 429:
        assert reply.headers["Retry-After"].isdigit()


def test_refusals_hold_canaries_everywhere(planted: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    check_error(planted.get("nowhere"), 404)
    check_error(planted.get("channels", date_from="2026-01-32", date_to="2026-01-01"), 400)
    check_error(planted.session.post(f"{planted.url}/goals", timeout=5), 405)
    headers = {"Authorization": "Bearer nobody"}
    check_error(requests.get(f"{planted.url}/goals", headers=headers, timeout=5), 401)
    monkeypatch.setattr(planted.sandbox, "limiter", lambda _: FixedWindow(0, 60))
    check_error(planted.get("goals"), 429)


def test_all_answers_have_headers_that_nobody_has_heard_of(planted: Client) -> None:
    planted.sandbox.faults += [Fault("goals", "204"), Fault("goals", "500")]
    for _ in range(3):
        reply = planted.get("goals")
        assert found(head(reply)) == set(MARKS) - {"host"}
        assert reply.headers["X-RateLimit-Remaining"].isdigit()
    assert not found(reply.content)


def test_redirects_lead_to_canaries_unless_told_where(planted: Client) -> None:
    planted.sandbox.settings.canaries = only("redirects")
    there = "https://example.com/there"
    planted.sandbox.faults += [Fault("goals", "redirect"), Fault("goals", "redirect", location=there)]
    led = planted.get("goals").headers["Location"]
    assert found(led) == {"user", "password", "host", "email", "token", "fragment"}
    assert planted.get("goals").headers["Location"] == there


def test_spoiled_bodies_hold_canaries(planted: Client) -> None:
    planted.sandbox.settings.canaries = only("bodies")
    planted.sandbox.faults += [Fault("overview", kind) for kind in ("html", "wrong_type", "unknown_field")]
    page, wrong, unknown = (planted.get("overview", **MONTH) for _ in range(3))
    assert found(page.content) == set(MARKS) - {"host"}
    assert page.text.startswith("<!doctype html>")
    assert found(wrong.json()["data"]["current"]["spend"]) >= {"email", "key"}
    assert found(unknown.json()["data"]) >= {"email", "key"}
    planted.sandbox.faults.append(Fault("overview", "truncated"))
    with requests.get(
        f"{planted.url}/overview", params=MONTH, headers=planted.session.headers, stream=True, timeout=5
    ) as reply:
        assert found(next(reply.iter_content(200))) >= {"email", "key"}


@pytest.mark.parametrize("canaries", [None, NO_CANARIES, only()])
def test_nothing_is_planted_unasked(planted: Client, canaries: Canaries | None) -> None:
    planted.sandbox.settings.canaries = canaries
    for path in ("customers", "visitors", "journey"):
        assert not found(ask(planted, path))
    planted.sandbox.faults += [Fault("overview", kind) for kind in ("500", "html", "wrong_type", "redirect")]
    for _ in range(5):
        reply = planted.get("overview", **MONTH)
        assert not found(reply.content)
        assert not found(head(reply))


def test_a_leak_is_found_in_whatever_case_and_encoding() -> None:
    marks = Canaries.marks()
    assert len(set(map(str.casefold, marks))) == len(marks) == len(MARKS)
    assert not any(one in other for one in marks for other in marks if one != other)
    assert [found(mark.upper()) for mark in marks] == [{kind} for kind in MARKS]
    assert found("pip.mailcanary%2B1%40post") == {"email"}
    assert found(b"\xff PIP.PATHCANARY") == {"path"}
