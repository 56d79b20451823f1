"""Keys are taken in the three documented ways, and refused with the documented statuses and body."""

import pytest

from sandbox.atatus import ADMIN_KEY, READ_KEY, READ_WRITE_KEY, WRITE_KEY
from sandbox.atatus.world import identifier
from tests.sandbox.atatus_client import LIST, OTHER_PROJECT, PROJECT, WEEK, AtatusClient

DEPLOYMENTS = f"projects/{PROJECT}/deployments"
INVALID = {"Message": "API key is invalid!"}
DEPLOYMENT = {"revision": "r1", "release_stage": "production"}


def as_body(way: str, key: str) -> dict[str, object]:
    fields = DEPLOYMENT | {"api_key": key}
    if way == "multipart":
        return {"files": {name: (None, value) for name, value in fields.items()}}
    return {way: fields}


@pytest.mark.parametrize(("header", "query"), [(READ_KEY, None), (None, READ_KEY), (READ_KEY, "wrong")])
def test_a_key_comes_in_the_header_or_in_the_query_and_the_header_goes_first(
    atatus: AtatusClient, header: str | None, query: str | None
) -> None:
    reply = atatus.get(LIST, header, **WEEK, **({"api_key": query} if query else {}))
    assert reply.status_code == 200
    [asked] = atatus.sandbox.log
    assert (asked.method, asked.path, asked.query, asked.status) == ("GET", LIST, WEEK, 200)
    assert (asked.key, asked.key_from) == (READ_KEY, "header" if header else "query")


@pytest.mark.parametrize("way", ["json", "data", "multipart"])
def test_a_key_comes_in_the_body_of_a_post(atatus: AtatusClient, way: str) -> None:
    reply = atatus.send("POST", DEPLOYMENTS, None, **as_body(way, WRITE_KEY))
    assert (reply.status_code, reply.json()) == (201, {"data": DEPLOYMENT})
    assert atatus.sandbox.deployments == [{"project": PROJECT} | DEPLOYMENT]
    assert atatus.sandbox.log[0].key_from == "body"


@pytest.mark.parametrize(
    ("method", "options", "status"),
    [
        ("DELETE", {"params": {"api_key": READ_KEY}}, 405),
        ("PUT", {"json": {"api_key": READ_KEY}}, 405),
        ("PATCH", {"headers": {"X-API-KEY": READ_KEY}}, 405),
        ("POST", {"params": {"api_key": READ_KEY}}, 401),
        ("PUT", {"params": {"api_key": READ_KEY}}, 401),
        ("GET", {"params": WEEK, "json": {"api_key": READ_KEY}}, 401),
        ("DELETE", {"json": {"api_key": READ_KEY}}, 401),
        ("POST", {"data": b"api_key", "headers": {"Content-Type": "application/json"}}, 401),
        ("POST", {"json": [READ_KEY]}, 401),
        ("POST", {"data": b"api_key=" + READ_KEY.encode()}, 401),
        ("POST", {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 401),
    ],
)
def test_a_key_counts_only_where_its_method_takes_it(
    atatus: AtatusClient, method: str, options: dict[str, object], status: int
) -> None:
    assert atatus.send(method, LIST, None, **options).status_code == status
    assert (atatus.sandbox.log[0].key_from is None) == (status == 401)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"X-API-KEY": "e5" * 16}},
        {"headers": {"X-API-KEY": ""}},
        {"headers": {"Authorization": READ_KEY}},
        {"params": {"api_key": "e5" * 16}},
        {"params": {"apiKey": READ_KEY}},
    ],
)
def test_no_key_and_a_wrong_key_are_unauthorized(atatus: AtatusClient, options: dict[str, object]) -> None:
    reply = atatus.send("GET", LIST, None, **options)
    assert (reply.status_code, reply.json()) == (401, INVALID)
    assert atatus.sandbox.units_spent == 0


def test_the_statuses_of_a_refused_key_and_its_header_can_be_chosen(atatus: AtatusClient) -> None:
    settings = atatus.settings
    settings.no_key_status, settings.wrong_key_status, settings.wrong_permission_status = 400, 403, 401
    keys = (None, "wrong", WRITE_KEY, READ_KEY)
    assert [atatus.get(LIST, key, **WEEK).status_code for key in keys] == [400, 403, 401, 200]
    settings.key_headers = frozenset({"Authorization"})
    replies = [
        atatus.send("GET", LIST, headers={name: READ_KEY}, params=WEEK) for name in ("X-Api-Key", "authorization")
    ]
    assert [reply.status_code for reply in replies] == [400, 200]


@pytest.mark.parametrize(
    ("key", "reading", "writing"),
    [(READ_KEY, 200, 403), (WRITE_KEY, 403, 201), (READ_WRITE_KEY, 200, 201), (ADMIN_KEY, 200, 403)],
)
def test_a_permission_covers_reading_writing_or_both(
    atatus: AtatusClient, key: str, reading: int, writing: int
) -> None:
    assert atatus.get(LIST, key, **WEEK).status_code == reading
    assert atatus.send("POST", DEPLOYMENTS, key, json=DEPLOYMENT).status_code == writing


def test_a_hidden_project_is_forbidden_but_to_administrators(atatus: AtatusClient) -> None:
    atatus.settings.admin_only.add(PROJECT)
    atatus.settings.extra[f"projects/{PROJECT}/errors"] = []
    for path in (LIST, f"projects/{PROJECT}/errors"):
        assert [atatus.get(path, key, **WEEK).status_code for key in (READ_KEY, ADMIN_KEY)] == [403, 200]
    assert atatus.get(f"projects/{OTHER_PROJECT}/transactions", **WEEK).status_code == 200


@pytest.mark.parametrize("mark", ["SignUp", identifier("SignUp")])
def test_a_hidden_transaction_is_left_out_of_lists_and_forbidden_by_id(atatus: AtatusClient, mark: str) -> None:
    atatus.settings.admin_only.add(mark)
    path = f"{LIST}/{identifier('SignUp')}"
    assert [atatus.get(path, key, **WEEK).status_code for key in (READ_KEY, ADMIN_KEY)] == [403, 200]
    seen, everything = (atatus.get(LIST, key, **WEEK).json() for key in (READ_KEY, ADMIN_KEY))
    hidden = {row["name"] for row in everything["data"]} - {row["name"] for row in seen["data"]}
    assert hidden == {"SignUp"}
    assert seen["stats"]["totalCount"] == sum(row["totalCount"] for row in seen["data"])
    assert everything == atatus.sandbox.answer(LIST, **WEEK)


def test_a_replaced_key_stops_working_at_once(atatus: AtatusClient) -> None:
    atatus.settings.keys["f6" * 16] = atatus.settings.keys.pop(READ_KEY)
    assert [atatus.get(LIST, key, **WEEK).status_code for key in (READ_KEY, "f6" * 16)] == [401, 200]


@pytest.mark.parametrize(
    ("style", "kind", "text"),
    [
        ("Message", "application/json", '{"Message":"API key is invalid!"}'),
        ("message", "application/json", '{"message":"API key is invalid!"}'),
        ("absent", "application/json", "{}"),
        ("empty", "application/json", ""),
        ("html", "text/html", "<!doctype html><title>401</title><p>API key is invalid!</p>"),
    ],
)
def test_the_body_of_an_error_can_be_spelled_in_five_ways(
    atatus: AtatusClient, style: str, kind: str, text: str
) -> None:
    atatus.settings.error_body = style
    reply = atatus.get(LIST, None, **WEEK)
    assert (reply.status_code, reply.headers["Content-Type"], reply.text) == (401, kind, text)
