"""Walking pages meets every row exactly once, whichever way the cursor is handed out."""

from collections.abc import Iterator

import pytest

from sandbox.atribu import Settings
from tests.sandbox.conftest import Client

QUARTER = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
LISTS = [
    ("customers", QUARTER | {"goal": "lead_created"}, ("conversion_time", "conversion_id")),
    ("visitors", QUARTER, ("last_seen_at", "visitor_id")),
]


def walk(client: Client, path: str, last_row: tuple[str, str], **params: object) -> Iterator[dict[str, object]]:
    """Yield all rows, taking the cursor from wherever the answer has it."""
    cursor: dict[str, object] = {}
    while True:
        body = client.body(path, **params, **cursor)
        yield from body["data"]
        pagination = body["pagination"]
        if not pagination["has_next"]:
            assert pagination == {"has_next": False}
            return
        paging = client.sandbox.settings.paging
        if paging == "in_pagination":
            assert pagination.keys() == {"has_next", "cursor_time", "cursor_id"}
            cursor = {name: pagination[name] for name in ("cursor_time", "cursor_id")}
        elif paging == "packed_cursor":
            assert pagination.keys() == {"has_next", "cursor"}
            cursor = dict(zip(("cursor_time", "cursor_id"), pagination["cursor"].split("|"), strict=True))
        else:
            assert pagination.keys() == {"has_next"} | ({"cursor"} if paging == "opaque_cursor" else set())
            cursor = dict(zip(("cursor_time", "cursor_id"), (body["data"][-1][name] for name in last_row), strict=True))


@pytest.mark.parametrize("paging", ["in_pagination", "packed_cursor", "opaque_cursor", "from_last_row"])
@pytest.mark.parametrize("listed", LISTS, ids=["customers", "visitors"])
def test_walking_the_pages_meets_every_row_once_in_order(
    client: Client, settings: Settings, paging: str, listed: tuple[str, dict[str, str], tuple[str, str]]
) -> None:
    settings.paging = paging
    path, params, last_row = listed
    truth = client.sandbox.answer(path, params, capped=False)
    assert len(truth) > 200
    rows = list(walk(client, path, last_row, limit=100, **params))
    assert rows == truth
    time, key = last_row
    assert len({row[key] for row in rows}) == len(rows)
    assert [row[time] for row in rows] == sorted((row[time] for row in rows), reverse=True)


def test_rows_at_the_same_moment_are_not_lost_between_pages(client: Client, settings: Settings) -> None:
    settings.paging = "from_last_row"
    truth = client.sandbox.answer("visitors", QUARTER, capped=False)
    moments = [row["last_seen_at"] for row in truth]
    assert len(set(moments)) < len(moments)
    day = {"date_from": "2026-02-03", "date_to": "2026-02-03"}
    rows = list(walk(client, "visitors", ("last_seen_at", "visitor_id"), limit=1, **day))
    assert rows == client.sandbox.answer("visitors", day, capped=False)


def test_a_page_holds_ten_rows_unless_told(client: Client) -> None:
    assert len(client.data("visitors", **QUARTER)) == 10
    assert len(client.data("pages", **QUARTER)) == 10
    assert len(client.data("visitors", limit=100, **QUARTER)) == 100


def test_a_journey_is_walked_by_its_cursor_oldest_first(client: Client) -> None:
    customers = client.sandbox.answer("customers", QUARTER | {"goal": "payment_received"}, capped=False)
    person = max((row for row in customers if row["customer_profile_id"]), key=lambda row: row["conversion_count"])
    path = f"customers/{person['customer_profile_id']}/journey"
    truth = client.sandbox.answer(path, capped=False)
    rows, cursor = [], {}
    while True:
        body = client.body(path, limit=2, **cursor)
        rows += body["data"]
        if not body["pagination"]["has_next"]:
            break
        cursor = {"cursor": body["pagination"]["cursor"]}
    assert rows == truth
    assert [row["event_time"] for row in rows] == sorted(row["event_time"] for row in rows)
    kinds = [row["event_type"] for row in rows]
    assert len(kinds) - kinds.count("page_view") == person["conversion_count"]


def test_the_journey_of_a_stranger_is_empty_and_not_an_error(client: Client) -> None:
    body = client.body("customers/somebody-else/journey")
    assert (body["data"], body["pagination"]) == ([], {"has_next": False})


def test_search_finds_by_name_or_address(client: Client) -> None:
    rows = client.sandbox.answer("visitors", QUARTER, capped=False)
    someone = next(row for row in rows if row["email"])
    found = client.data("visitors", search=someone["email"].upper(), limit=100, **QUARTER)
    assert someone in found
    assert {row["email"] for row in found} <= {row["email"] for row in rows if someone["email"] in (row["email"] or "")}
    assert client.data("visitors", search="no such person", **QUARTER) == []
    leads = client.sandbox.answer("customers", QUARTER | {"goal": "lead_created"}, capped=False)
    known = next(row for row in leads if row["name"])["name"]
    named = client.sandbox.answer("customers", QUARTER | {"goal": "lead_created", "search": known}, capped=False)
    assert named == [row for row in leads if row["name"] == known]


def test_all_addresses_are_of_the_example_domain(client: Client) -> None:
    rows = client.sandbox.answer("visitors", QUARTER, capped=False)
    assert all(row["email"].endswith("@example.com") for row in rows if row["email"])
    assert {row["customer_profile_id"] is None for row in rows} == {True, False}
