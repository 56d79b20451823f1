"""An answer beside the contract is refused, and never read as an empty list."""

from datetime import date
from typing import Any

import pytest

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.errors import UnexpectedBodyError
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from tests.scripted import META, PROFILE, Say, playing, reader_for
from tests.sources.rest.reading.tasks import task_of

CHANNEL = {"value": "Direct", "conversions": 1, "revenue": 2.5}
VISITOR = {"visitor_id": "v1", "last_seen_at": "2026-02-03T10:00:00Z"}


def read(name: str, *answers: Say) -> Answer:
    """Read one day of an endpoint from a script."""
    with playing(*answers) as script, reader_for(script.url) as reader:
        return reader.read(task_of(name) if ENDPOINTS[name].dated else Task(ENDPOINTS[name]))


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        pytest.param("channels", {"meta": META}, "the answer lacks data", id="no-data"),
        pytest.param("channels", {"data": None, "meta": META}, "data is not a list", id="null"),
        pytest.param("channels", {"data": {}, "meta": META}, "data is not a list", id="object-for-a-list"),
        pytest.param("channels", {"data": "none", "meta": META}, "data is not a list", id="text-for-a-list"),
        pytest.param("channels", {"data": [1], "meta": META}, "a row is a number, not an object", id="numbers"),
        pytest.param("quality", {"data": [], "meta": META}, "data is not an object", id="list-for-an-object"),
        pytest.param("quality", {"data": None, "meta": META}, "data is not an object", id="null-for-an-object"),
        pytest.param("overview", {"data": {}, "meta": META}, "the answer lacks data.current", id="no-inner-object"),
        pytest.param("overview", {"data": [], "meta": META}, "the answer lacks data.current", id="list-around-it"),
        pytest.param("channels", {"data": [CHANNEL]}, "the answer lacks meta.profile_id", id="no-meta"),
        pytest.param(
            "channels",
            {"data": [], "meta": {"profile_id": 7}},
            "the answer lacks meta.profile_id",
            id="number-as-profile",
        ),
        pytest.param(
            "channels", {"data": [], "meta": {"profile_id": ""}}, "the answer lacks meta.profile_id", id="empty-profile"
        ),
        pytest.param("channels", [], "the answer lacks meta.profile_id", id="list"),
        pytest.param("channels", None, "the answer lacks meta.profile_id", id="null-body"),
        pytest.param(
            "channels",
            {"data": [CHANNEL], "meta": META | {"date_from": "2026-02-02", "date_to": "2026-02-03"}},
            "meta.date_from is not the day that was asked for",
            id="another-first-day",
        ),
        pytest.param(
            "channels",
            {"data": [CHANNEL], "meta": META | {"date_from": "2026-02-03", "date_to": "2026-02-04T00:00:00Z"}},
            "meta.date_to is not the day that was asked for",
            id="another-last-day",
        ),
        pytest.param(
            "timeseries",
            {"data": [{"date": "2026-02-04", "spend": 1}], "meta": META},
            "1 dates lie outside of the days that were asked for",
            id="a-day-that-was-not-asked-for",
        ),
        pytest.param(
            "channels",
            {"data": [CHANNEL, CHANNEL], "meta": META},
            "several rows share the key (value)",
            id="a-row-twice",
        ),
        pytest.param(
            "channels",
            {"data": [CHANNEL | {"revenue": "jane@example.com"}], "meta": META},
            "field revenue holds text where double belongs",
            id="text-for-a-number",
        ),
        pytest.param(
            "visitors",
            {"data": [VISITOR], "meta": META},
            "the answer does not say whether there is a next page",
            id="no-pagination",
        ),
        pytest.param(
            "visitors",
            {"data": [], "meta": META, "pagination": {"has_next": True}},
            "there is a next page, and no cursor that leads to it",
            id="no-cursor",
        ),
    ],
)
def test_a_body_beside_the_contract_is_unexpected_and_never_empty(name: str, body: Any, message: str) -> None:
    say = Say(body=b"null" if body is None else body, headers={"X-Request-ID": "req_5"})
    with pytest.raises(UnexpectedBodyError) as caught:
        read(name, say)
    assert str(caught.value) == f"{name}: {message} (request req_5)"


def test_a_page_that_leads_back_to_one_that_was_read_is_refused() -> None:
    paging = {"has_next": True, "cursor_time": "2026-02-03T10:00:00Z", "cursor_id": "a"}
    pages = [
        Say(body={"data": [VISITOR | {"visitor_id": str(number)}], "meta": META, "pagination": paging})
        for number in range(5)
    ]
    with (
        playing(*pages) as script,
        reader_for(script.url) as reader,
        pytest.raises(UnexpectedBodyError, match=r"^visitors: the next page leads back to one that was read$"),
    ):
        reader.read(task_of("visitors"))
    assert len(script.heard) == 4  # once more from the start


def test_a_row_that_two_pages_share_is_refused() -> None:
    more = {"has_next": True, "cursor_time": "2026-02-03T10:00:00Z", "cursor_id": "a"}
    with pytest.raises(UnexpectedBodyError, match=r"^visitors: pages repeat a row: the list moved while it was read$"):
        read(
            "visitors",
            Say(body={"data": [VISITOR], "meta": META, "pagination": more}),
            Say(body={"data": [VISITOR], "meta": META, "pagination": {"has_next": False}}),
            Say(body={"data": [VISITOR], "meta": META, "pagination": more}),
            Say(body={"data": [VISITOR], "meta": META, "pagination": {"has_next": False}}),
        )


def test_a_key_that_changes_its_profile_during_a_run_is_refused() -> None:
    other = Say(body={"data": [CHANNEL], "meta": {"profile_id": "p2"}})
    with playing(Say(data=[CHANNEL]), other) as script, reader_for(script.url) as reader:
        reader.read(task_of("channels"))
        with pytest.raises(UnexpectedBodyError, match=r"^channels: meta.profile_id changed during the run$"):
            reader.read(task_of("channels"))
        assert reader.tenant == PROFILE


def test_no_coverage_at_all_is_null_and_clears_the_window() -> None:
    answer = read("attribution_coverage", Say(data=None))
    assert answer.rows == 0
    assert answer.tables["attribution_coverage"]["_deleted"].to_pylist() == [True]


@pytest.mark.parametrize(
    ("rows", "pagination", "truncated"),
    [
        pytest.param(99, None, False, id="below-the-cap"),
        pytest.param(100, None, True, id="at-the-cap"),
        pytest.param(3, {"has_next": True}, True, id="more-without-a-cursor"),
        pytest.param(3, {"has_next": False}, False, id="no-more"),
    ],
)
def test_a_list_that_may_go_on_is_marked_as_cut(
    rows: int,
    pagination: dict[str, bool] | None,
    truncated: bool,  # noqa: FBT001 - a row's value
) -> None:
    data = [CHANNEL | {"value": str(number)} for number in range(rows)]
    body = {"data": data, "meta": META} | ({"pagination": pagination} if pagination else {})
    answer = read("channels", Say(body=body))
    assert (answer.rows, answer.truncated) == (rows, truncated)


def test_fields_beside_the_rows_are_carried_onto_each() -> None:
    data = {"previous": {"spend": 9}, "currency": "EUR", "current": {"spend": 1.5}}
    answer = read("overview", Say(data=data))
    row = answer.tables["overview"].to_pylist()[0]
    assert (row["spend"], row["currency"], row["date"], row["grain"], row["model"]) == (
        1.5,
        "EUR",
        date(2026, 2, 3),
        "day",
        "last_touch",
    )
    assert answer.unknown == {("overview", "currency")}
