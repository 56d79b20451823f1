"""The next page is found in every way in which the contract can be read, and never guessed."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.relations import Cursor
from sources.rest.errors import WrongShapeError
from sources.rest.reading.paging import BrokenPaginationError, Paginator, next_page

TIME, ID = "2026-03-01T10:00:00Z", "visitor-7"
PAIR = Cursor(params=("cursor_time", "cursor_id"), fields=("seen_at", "id"))
BARE_PAIR = Cursor(params=("cursor_time", "cursor_id"))
SINGLE = Cursor(params=("cursor",))
FOUND = (("cursor_time", TIME), ("cursor_id", ID))
LAST_ROW = [{"seen_at": "2026-03-02T00:00:00Z", "id": "visitor-1"}, {"seen_at": TIME, "id": ID}]


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"cursor_time": TIME, "cursor_id": ID}, id="by-name"),
        pytest.param({"cursor": {"cursor_time": TIME, "cursor_id": ID}}, id="object"),
        pytest.param({"cursor": {"time": TIME, "id": ID}}, id="object-with-short-names"),
        pytest.param({"cursor": [TIME, ID]}, id="list"),
        pytest.param({"cursor": f"{TIME}|{ID}"}, id="bar"),
        pytest.param({"cursor": f"{TIME},{ID}"}, id="comma"),
        pytest.param({"cursor": f'{{"cursor_time":"{TIME}","cursor_id":"{ID}"}}'}, id="json-object"),
        pytest.param({"cursor": f'["{TIME}","{ID}"]'}, id="json-list"),
        pytest.param({"cursor": packed(f'{{"time":"{TIME}","id":"{ID}"}}')}, id="base64-of-a-json-object"),
        pytest.param({"cursor": packed(f'["{TIME}","{ID}"]')}, id="base64-of-a-json-list"),
        pytest.param({"cursor": packed(f"{TIME}|{ID}")}, id="base64-of-a-bar"),
        pytest.param({"cursor": packed(f"{TIME},{ID}")}, id="base64-of-a-comma"),
        pytest.param({"cursor": url_safe(f'{{"time":"{TIME}","id":"{ID}","pad":"~~??>"}}')}, id="url-safe-base64"),
    ],
)
def test_a_cursor_of_two_parts_is_read_from_the_paging_object(more: dict[str, Any]) -> None:
    assert next_page(BARE_PAIR, {"has_next": True} | more, []) == FOUND


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"cursor": None}, id="null"),
        pytest.param({"cursor": ""}, id="empty"),
        pytest.param({"cursor": "an-opaque-word"}, id="a-word"),
        pytest.param({"cursor": packed("\xff\xfe")}, id="base64-of-noise"),
        pytest.param({"cursor": [TIME]}, id="one-part"),
        pytest.param({"cursor_time": TIME}, id="one-name"),
        pytest.param({"cursor_time": TIME, "cursor_id": None}, id="one-name-and-null"),
        pytest.param({"cursor": 7}, id="number"),
    ],
)
def test_a_cursor_that_the_paging_object_lacks_is_taken_from_the_last_row(more: dict[str, Any]) -> None:
    assert next_page(PAIR, {"has_next": True} | more, LAST_ROW) == FOUND


@pytest.mark.parametrize("cursor", ["an-opaque-word", "a|b", "a,b", packed("a|b"), '{"cursor":"x"}'])
def test_a_single_cursor_is_passed_on_as_it_is(cursor: str) -> None:
    assert next_page(SINGLE, {"has_next": True, "cursor": cursor}, []) == (("cursor", cursor),)


def test_the_paging_object_goes_before_the_last_row() -> None:
    pagination = {"has_next": True, "cursor_time": "2020-01-01T00:00:00Z", "cursor_id": "other"}
    assert next_page(PAIR, pagination, LAST_ROW) == (
        ("cursor_time", "2020-01-01T00:00:00Z"),
        ("cursor_id", "other"),
    )


def test_there_is_no_page_after_the_last_one_even_with_a_cursor() -> None:
    assert next_page(PAIR, {"has_next": False, "cursor_time": TIME, "cursor_id": ID}, LAST_ROW) is None


@pytest.mark.parametrize(
    "pagination",
    [
        pytest.param(None, id="absent"),
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"cursor": "x"}, id="only-a-cursor"),
        pytest.param({"has_next": None}, id="null"),
        pytest.param({"has_next": "false"}, id="text"),
        pytest.param({"has_next": 0}, id="number"),
    ],
)
def test_an_answer_that_does_not_say_whether_it_goes_on_is_refused(pagination: object) -> None:
    with pytest.raises(WrongShapeError, match=r"^the answer does not say whether there is a next page$"):
        next_page(PAIR, pagination, LAST_ROW)


@pytest.mark.parametrize(
    ("cursor", "rows"),
    [
        pytest.param(PAIR, [], id="no-rows"),
        pytest.param(PAIR, [{"seen_at": TIME}], id="a-row-without-the-field"),
        pytest.param(PAIR, [{"seen_at": TIME, "id": None}], id="a-row-with-null"),
        pytest.param(PAIR, [{"seen_at": TIME, "id": 7}], id="a-row-with-a-number"),
        pytest.param(BARE_PAIR, LAST_ROW, id="no-fields-to-take"),
        pytest.param(SINGLE, LAST_ROW, id="single"),
    ],
)
def test_a_next_page_without_a_way_to_it_is_refused(cursor: Cursor, rows: Sequence[Mapping[str, Any]]) -> None:
    with pytest.raises(WrongShapeError, match=r"^there is a next page, and no cursor that leads to it$"):
        next_page(cursor, {"has_next": True}, rows)


def visitors(*minutes: int) -> list[dict[str, Any]]:
    return [{"visitor_id": f"v{minute}", "last_seen_at": f"2026-03-01T10:{minute:02}:00Z"} for minute in minutes]


def more_after(minute: int) -> dict[str, Any]:
    return {"has_next": True, "cursor_time": f"2026-03-01T10:{minute:02}:00Z", "cursor_id": f"v{minute}"}


def read_in_parts(*parts: list[dict[str, Any]]) -> Paginator:
    paginator = Paginator(ENDPOINTS["visitors"])
    for place, part in enumerate(parts):
        paginator.begin_part()
        paginator.add(part, {"has_next": False} if place == len(parts) - 1 else more_after(place))
    return paginator


def test_of_a_list_in_order_of_time_only_the_last_two_parts_are_remembered() -> None:
    paginator = read_in_parts(visitors(50, 40), visitors(39, 30), visitors(29))

    assert [paginator.lists((f"v{minute}",)) for minute in (50, 39, 29)] == [False, True, True]
    assert paginator.whole


def test_a_row_that_the_part_before_has_listed_shows_that_the_list_has_moved() -> None:
    with pytest.raises(BrokenPaginationError):
        read_in_parts(visitors(50, 40), visitors(40, 30))


def test_a_list_that_loses_its_order_after_parts_were_forgotten_is_not_taken_for_whole() -> None:
    assert not read_in_parts(visitors(50), visitors(40), visitors(30), visitors(45)).whole
    assert read_in_parts(visitors(50, 55), visitors(40), visitors(30)).whole
