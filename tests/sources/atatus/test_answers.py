"""Answers that the Atatus sandbox never gives: other good statuses, and refusals that say more than they have to."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from pendulum import Date

from sources.atatus import Options
from sources.atatus.source import SOURCE
from sources.rest.errors import ApiError, RateLimitedError, UnexpectedBodyError
from sources.rest.reading.answers import Answer
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window
from tests.scripted import Say, Script, playing

KEY = "0123456789abcdef" * 2
ROW = {"id": "a", "name": "SignUp", "successCount": 1, "failureCount": 0, "totalCount": 1, "successTime": 17}
STATS = {"successCount": 1, "failureCount": 0, "totalCount": 1, "successTime": 17, "failureTime": 0}
DAY = Window(Date(2026, 3, 1), Date(2026, 3, 1))


@contextlib.contextmanager
def asked(*answers: Say) -> Iterator[tuple[Script, Reader]]:
    with playing(*answers) as script:
        options = Options(api_key=KEY, projects={"p1": ""}, base_url=script.url, max_tries=1)
        reader = SOURCE.open_reader(options)
        yield script, reader
        reader.session.close()


def read(reader: Reader) -> Answer:
    endpoint = SOURCE.catalogue(Options(api_key=KEY, projects={"p1": ""}))["transactions"]
    return reader.read(Task(endpoint, DAY, (("project_id", "p1"),)))


@pytest.mark.parametrize("status", [200, 201])
def test_a_good_status_with_rows_is_read(status: int) -> None:
    with asked(Say(status=status, body={"data": [ROW], "stats": STATS})) as (_, reader):
        answer = read(reader)
    assert answer.tables["transactions"]["name"].to_pylist() == ["SignUp"]
    assert answer.tables["transaction_stats"]["success_time"].to_pylist() == [17.0]
    assert not answer.truncated


@pytest.mark.parametrize("count", [0, 3])
def test_a_list_that_is_null_has_no_rows_and_is_cut_off_where_the_totals_count_some(count: int) -> None:
    with asked(Say(body={"data": None, "stats": {**STATS, "successCount": count, "totalCount": count}})) as (_, reader):
        answer = read(reader)
    assert [row for row in answer.tables["transactions"].to_pylist() if not row["_deleted"]] == []
    assert answer.tables["transaction_stats"]["total_count"].to_pylist() == [count]
    assert answer.truncated == (count > 0)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "not valid JSON", id="nothing"),
        pytest.param({"Message": "hello"}, "lacks data", id="words"),
        pytest.param({"data": {}, "stats": STATS}, "data is not a list", id="object"),
        pytest.param({"data": [], "stats": [STATS]}, "stats is not an object", id="list-of-stats"),
        pytest.param({"data": [{**ROW, "totalCount": 1.5}], "stats": STATS}, "totalCount", id="half-a-run"),
        pytest.param({"data": [{"name": "x"}], "stats": STATS}, "lacks the key field id", id="no-id"),
    ],
)
def test_a_good_status_with_another_body_is_never_read_as_empty(body: Any, says: str) -> None:
    with asked(Say(body=body)) as (_, reader), pytest.raises(UnexpectedBodyError, match=says):
        read(reader)


def test_stats_above_the_rows_tell_that_rows_are_missing() -> None:
    with asked(Say(body={"data": [ROW], "stats": {**STATS, "totalCount": 2}})) as (_, reader):
        assert read(reader).truncated


@pytest.mark.parametrize(
    ("headers", "limit"),
    [({}, 15), ({"Retry-After": "1"}, 30), ({"X-RateLimit-Limit": "20"}, 20), ({"X-RateLimit-Remaining": "0"}, 30)],
)
def test_a_refusal_that_names_no_limit_halves_the_pace(headers: dict[str, str], limit: int) -> None:
    with asked(Say(status=429, body={}, headers=headers)) as (_, reader):
        with pytest.raises(RateLimitedError):
            read(reader)
        assert reader.session.budget.limit == limit


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Message": "One", "message": "Two"}, "'One'"),
        ({"Message": None, "message": "Two"}, "'Two'"),
        ({"message": f"key {KEY} of jane@example.com"}, "'key <key> of <e-mail>'"),
        ({"Message": {"deep": 1}}, None),
        (["Message"], None),
    ],
)
def test_the_servers_words_are_found_under_either_name_and_cleaned(body: Any, said: str | None) -> None:
    headers = {"X-Request-ID": f"req-{KEY}"}
    with asked(Say(status=400, body=body, headers=headers)) as (_, reader), pytest.raises(ApiError) as caught:
        read(reader)
    assert (f"server says: {said}" in str(caught.value)) if said else ("server says" not in str(caught.value))
    assert KEY not in str(caught.value)
