"""A task becomes its calls, pages and tables; one that fails leaves the others alone."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pendulum import Date

from sandbox.atribu import FULL_KEY, Fault, Settings, Size, create_app, running
from sandbox.atribu.settings import Paging
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ApiError, InternalError
from sources.rest.reading.answers import Failure, Skipped
from sources.rest.reading.tasks import Task, tasks_of
from sources.rest.windows import Grain, Window
from tests.scripted import META, PROFILE, Say, playing, reader_for, refusal
from tests.sources.rest.reading.tasks import DAY, FEBRUARY, TODAY, VALUES, task_of

RANGE = {"date_from": "2026-02-01", "date_to": "2026-02-28"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Sandbox]]:
    size = Size(visits_per_day=25, conversions_per_day=36)
    app = create_app(Settings(limit=100_000, size=size, today=date(2026, 2, 28), levels="own_ids"))
    with running(app) as url:
        yield url, app.state.sandbox


@pytest.fixture
def sandbox(served: tuple[str, Sandbox]) -> Iterator[tuple[str, Sandbox]]:
    url, sandbox = served
    sandbox.log.clear()
    yield url, sandbox
    sandbox.faults.clear()


def stored(endpoint: Endpoint, rows: Any) -> list[dict[str, Any]]:
    """Rows of the server as their table has them, without instants."""
    columns = [column for column in endpoint.columns if column.type is not Type.TIMESTAMP]
    return [{column.name: row.get(column.source) for column in columns} for row in rows]


@pytest.mark.parametrize("paging", ["in_pagination", "packed_cursor", "opaque_cursor", "from_last_row"])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param("customers", {"goal": "payment_received"}, id="customers"),
        pytest.param("visitors", {}, id="visitors"),
    ],
)
def test_every_row_is_read_exactly_once_whichever_way_pages_are_linked(
    sandbox: tuple[str, Sandbox], paging: Paging, name: str, params: dict[str, str]
) -> None:
    url, server = sandbox
    server.settings.paging = paging
    endpoint = ENDPOINTS[name]
    truth: Any = server.answer(name, RANGE | params, capped=False)
    with reader_for(url, key=FULL_KEY) as reader:
        answer = reader.read(task_of(name, FEBRUARY))
    rows = stored(endpoint, truth)
    assert len({row[endpoint.key[0]] for row in rows}) == len(truth) > 100
    assert answer.tables[name].select(list(rows[0])).to_pylist() == rows
    assert [len(server.log), answer.rows, answer.truncated] == [-(-len(truth) // 100), len(truth), False]
    touches = answer.tables[f"{name}__touch_channels"].to_pylist()
    assert [touch["value"] for touch in touches if not touch["_deleted"]] == [
        channel for row in truth for channel in row["touch_channels"]
    ]


@pytest.mark.parametrize("generation", ["new", "old"])
@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name not in ("journeys", "ads_compare")])
def test_each_endpoint_of_the_catalogue_is_read_without_unknown_fields(
    sandbox: tuple[str, Sandbox], generation: str, name: str
) -> None:
    url, server = sandbox
    server.settings.generation = generation  # type: ignore[assignment] # a row's text
    try:
        with reader_for(url, key=FULL_KEY) as reader:
            answer = reader.read(task_of(name, FEBRUARY))
    finally:
        server.settings.generation = "new"
    assert answer.unknown == frozenset()
    assert answer.rows > 0
    assert list(answer.tables) == list(ENDPOINTS[name].tables)
    assert {entry.status for entry in server.log} == {200}
    assert set(answer.tables[name]["profile_id"].to_pylist()) == {server.settings.profile_id}


def test_an_endpoint_of_configured_pairs_is_asked_for_each_pair() -> None:
    compared = Say(body={"data": {"ad_a": "1", "ad_b": "2", "features": []}, "meta": META})
    with playing(compared) as script, reader_for(script.url, options={"compare_ads": ("1:2", "3:4")}) as reader:
        reader.read(Task(ENDPOINTS["ads_compare"]))
    assert [heard.query for heard in script.heard] == [{"ad_a": "1", "ad_b": "2"}, {"ad_a": "3", "ad_b": "4"}]


def test_ids_that_an_endpoint_needs_are_asked_once_per_window(sandbox: tuple[str, Sandbox]) -> None:
    url, server = sandbox
    one, other = task_of("campaigns_trend", FEBRUARY), task_of("campaigns_trend", DAY)
    with reader_for(url, key=FULL_KEY) as reader:
        for task in (one, one, other):
            reader.read(task)
    assert [entry.path for entry in server.log] == [
        "campaigns",
        "campaigns/trend",
        "campaigns/trend",
        "campaigns",
        "campaigns/trend",
    ]
    campaigns: Any = server.answer("campaigns", RANGE | {"level": "campaign", "limit": "100"})
    assert server.log[1].query == RANGE | {"entity_ids": ",".join(row["campaign_id"] for row in campaigns)}


def test_ids_are_sent_in_groups_and_answers_are_put_together() -> None:
    campaigns = Say(data=[{"campaign_id": f"c{number}", "spend": 1} for number in range(120)])
    trend = [Say(data=[{"date": "2026-02-03", "entity_id": name, "spend": 1}]) for name in ("c0", "c50", "c100")]
    with playing(campaigns, *trend) as script, reader_for(script.url) as reader:
        answer = reader.read(task_of("campaigns_trend"))
    assert [len(heard.query["entity_ids"].split(",")) for heard in script.heard[1:]] == [50, 50, 20]
    assert answer.tables["campaigns_trend"]["entity_id"].to_pylist() == ["c0", "c50", "c100"]
    assert answer.truncated


def test_an_id_with_a_colon_is_sent_whole() -> None:
    ads = Say(data=[{"ad_external_id": "meta:7", "ad_name": "Ad"}])
    points = Say(body={"data": {"ad_external_id": "meta:7", "points": []}, "meta": META})
    with playing(ads, points) as script, reader_for(script.url) as reader:
        reader.read(Task(ENDPOINTS["ads_trajectory"]))
    assert script.heard[1].query == {"ad_external_id": "meta:7", "days_back": "60"}


def test_nothing_is_asked_where_there_are_no_ids() -> None:
    with playing(Say(data=[])) as script, reader_for(script.url) as reader:
        answer = reader.read(task_of("campaigns_trend"))
    assert [heard.path for heard in script.heard] == ["/campaigns"]
    assert answer.tables["campaigns_trend"].select(["profile_id", "date", "_deleted"]).to_pylist() == [
        {"profile_id": PROFILE, "date": date(2026, 2, 3), "_deleted": True}
    ]


def test_an_unknown_field_is_told_and_kept(sandbox: tuple[str, Sandbox]) -> None:
    url, server = sandbox
    server.faults.append(Fault("channels", "unknown_field"))
    with reader_for(url, key=FULL_KEY) as reader:
        answer = reader.read(task_of("channels"))
    assert answer.unknown == {("channels", "a_new_field")}
    assert set(answer.tables["channels"]["a_new_field"].to_pylist()) == {1.0}


@pytest.mark.parametrize("kind", ["missing_data", "wrong_type", "html", "truncated", "500"])
def test_one_failing_task_leaves_the_others_alone_and_in_order(sandbox: tuple[str, Sandbox], kind: str) -> None:
    url, server = sandbox
    bad = "2026-02-04"
    fault = Fault("channels", kind, times=None, match=lambda query: query["date_from"] == bad)  # type: ignore[arg-type]
    server.faults.append(fault)
    week = Window(Date(2026, 2, 2), Date(2026, 2, 6))
    tasks = tasks_of(ENDPOINTS["channels"], week, VALUES, Grain.DAY, TODAY)
    with reader_for(url, key=FULL_KEY) as reader:
        results = list(reader.read_all(tasks, in_flight=3))
    assert [result.task for result in results] == tasks
    assert [str(result.task) for result in results if isinstance(result, Failure)] == [f"channels {bad}"]
    failure = results[2]
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, ApiError)
    assert failure.error.endpoint == "channels"


def test_skipped_tasks_are_neither_asked_nor_answered(sandbox: tuple[str, Sandbox]) -> None:
    url, server = sandbox
    tasks = tasks_of(ENDPOINTS["channels"], FEBRUARY, VALUES, Grain.DAY, TODAY)
    wanted = tasks[::7]
    with reader_for(url, key=FULL_KEY) as reader:
        results = list(reader.read_all(tasks, skip=lambda task: task not in wanted))
    assert [result.task for result in results] == tasks
    assert [result.task for result in results if not isinstance(result, Skipped)] == wanted
    assert len(server.log) == len(wanted)


def test_a_failure_carries_what_to_quote_to_the_vendor() -> None:
    with playing(refusal(500, "internal_error")) as script, reader_for(script.url) as reader:
        (result,) = reader.read_all([task_of("channels")])
    assert isinstance(result, Failure)
    assert (type(result.error), result.error.request_id) == (InternalError, "req_1")
