"""Pages of a declared list are read to their end, however the next one is asked for."""

from collections.abc import Mapping
from typing import Any

import pytest

from sources.atribu.api import ATRIBU
from sources.rest.catalogue.declared import declared
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError, UnexpectedBodyError
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from tests.scripted import META, Say, playing, session_for

ROWS = [{"id": number} for number in range(5)]


def endpoint(**fields: Any) -> Endpoint:
    row = {"name": "alerts", "path": "/alerts", "primary_key": ["id"], **fields}
    return declared(row, source="atribu", usual=ATRIBU.date_range, by={}, taken=())


def said(rows: list[dict[str, int]], headers: Mapping[str, str] | None = None, **more: Any) -> Say:
    return Say(body={"data": rows, "meta": META, **more}, headers=headers or {})


SIZE = {"page_size_param": "size", "page_size": 2}
PARTS = (ROWS[:2], ROWS[2:4], ROWS[4:])


@pytest.mark.parametrize(
    ("fields", "answers", "asked"),
    [
        pytest.param(
            {"paging": "page", "page_param": "page", **SIZE},
            [said(part) for part in PARTS],
            [{"page": "1", "size": "2"}, {"page": "2", "size": "2"}, {"page": "3", "size": "2"}],
            id="page",
        ),
        pytest.param(
            {"paging": "offset", "page_param": "skip"},
            [*(said(part) for part in PARTS), said([])],
            [{"skip": "0"}, {"skip": "2"}, {"skip": "4"}, {"skip": "5"}],
            id="offset-of-pages-of-any-size",
        ),
        pytest.param(
            {"paging": "cursor", "page_param": "after", "next_cursor": "paging.next"},
            [said(PARTS[0], paging={"next": "b c"}), said(PARTS[1], paging={"next": 7}), said(PARTS[2], paging={})],
            [{}, {"after": "b c"}, {"after": "7"}],
            id="cursor",
        ),
        pytest.param(
            {"paging": "link"},
            [
                said(
                    PARTS[0], {"Link": '<https://a.example/alerts?p=2&q=x%20y>; rel="next", </alerts?p=9>; rel="last"'}
                ),
                said([*PARTS[1], *PARTS[2]], {"Link": '</alerts?p=1>; rel="prev"'}),
            ],
            [{}, {"p": "2", "q": "x y"}],
            id="link",
        ),
    ],
)
def test_every_page_is_read(fields: dict[str, Any], answers: list[Say], asked: list[dict[str, str]]) -> None:
    alerts = endpoint(**fields)
    with playing(*answers) as script, session_for(script.url) as session:
        answer = Reader(session, {"alerts": alerts}).read(Task(alerts))
        assert [row["id"] for row in answer.tables["alerts"].to_pylist()] == [0, 1, 2, 3, 4]
        assert [dict(one.query) for one in script.heard] == asked
        assert answer.unknown == frozenset()


@pytest.mark.parametrize(
    ("fields", "answers", "says"),
    [
        pytest.param({}, [said(ROWS, has_more=True)], "has_more says that there are more rows", id="not-declared"),
        pytest.param(
            {"paging": "page", "page_param": "page"}, [said(ROWS)], "a page repeats the one before", id="ignored"
        ),
        pytest.param(
            {"paging": "cursor", "page_param": "after", "next_cursor": "next"},
            [said(PARTS[0], next="a"), said(PARTS[1], next="b"), said(PARTS[2], next="a")],
            "the next page leads back|a page repeats",
            id="in-a-circle",
        ),
    ],
)
def test_what_would_lose_rows_or_never_end_is_an_error(fields: dict[str, Any], answers: list[Say], says: str) -> None:
    alerts = endpoint(**fields)
    with (
        playing(*answers) as script,
        session_for(script.url) as session,
        pytest.raises(UnexpectedBodyError, match=says),
    ):
        Reader(session, {"alerts": alerts}).read(Task(alerts))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        pytest.param({"paging": "pages"}, "field paging must be one of page, offset, cursor, link", id="kind"),
        pytest.param({"paging": "page"}, "field page_param is missing", id="param"),
        pytest.param({"page_size": 2}, "field page_size needs the field paging", id="alone"),
        pytest.param({"params": {"Api-Key": "x"}}, "field params cannot hold Api-Key", id="key"),
    ],
)
def test_a_declaration_of_pages_that_cannot_work_names_its_field(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        endpoint(**fields)
