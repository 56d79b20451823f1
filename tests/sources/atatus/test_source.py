"""What Atatus is asked for and with which key, what becomes of each answer, and `atatus()` in plain dlt."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import pytest
from pendulum import Date

from sandbox.atatus import PROJECTS, READ_KEY, Settings, Size, create_app, running
from sandbox.atatus.state import Sandbox
from sources.atatus import Options, atatus
from sources.atatus.source import SOURCE
from sources.rest.errors import ApiError, ConfigurationError
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window
from tests.own_settings import own_settings, reload_settings

README = (Path(__file__).parents[3] / "sources" / "atatus" / "README.md").read_text()
pytestmark = pytest.mark.usefixtures("settings_dir")
DAY = Date(2026, 3, 10)
ONE_DAY = Window(DAY, DAY)
VARIANT = (("project_id", PROJECTS[0]),)
Read = Callable[..., Answer]


@pytest.fixture
def settings_dir(tmp_path: Path) -> Iterator[Path]:
    with own_settings(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Sandbox]]:
    app = create_app(Settings(limit=100_000, size=Size(transactions=4, events_per_day=20)))
    with running(app) as url:
        yield url, app.state.sandbox


@pytest.fixture
def sandbox(served: tuple[str, Sandbox], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox with settings that last for one test."""
    _, sandbox = served
    sandbox.log.clear()
    monkeypatch.setattr(sandbox, "settings", Settings(**vars(sandbox.settings)))
    return sandbox


@pytest.fixture
def given(served: tuple[str, Sandbox]) -> dict[str, Any]:
    """Options that lead to the sandbox."""
    return {"base_url": served[0], "api_key": READ_KEY, "projects": PROJECTS, "rate_limit": 100_000, "max_tries": 1}


@pytest.fixture
def read(given: dict[str, Any]) -> Read:
    """Read one window of one project."""

    def ask(name: str = "transactions", window: Window | None = ONE_DAY, **differs: Any) -> Answer:
        options = SOURCE.configured(**given, **differs)
        reader = SOURCE.open_reader(options)
        return reader.read(Task(SOURCE.catalogue(options)[name], window, VARIANT))

    return ask


@pytest.mark.parametrize(
    ("accepts", "inclusive", "options"),
    [
        pytest.param("literal", False, {}, id="as-documented"),
        pytest.param("space", False, {"time_separator": "%20"}, id="space"),
        pytest.param("plus", False, {"time_separator": "%2B"}, id="encoded-plus"),
        pytest.param("literal", True, {"window_end": "inclusive"}, id="end-inclusive"),
        pytest.param("literal", False, {"auth": "query"}, id="as-documented-with-the-key-in-the-query"),
        pytest.param("space", False, {"auth": "query", "time_separator": "%20"}, id="space-with-the-key-in-the-query"),
    ],
)
def test_every_reading_of_the_time_format_can_be_set(
    sandbox: Sandbox, read: Read, accepts: Any, *, inclusive: bool, options: dict[str, str]
) -> None:
    sandbox.settings.accepts_time, sandbox.settings.end_inclusive = accepts, inclusive

    answer = read(**options)

    truth = sandbox.rows(PROJECTS[0], DAY)
    assert answer.tables["transactions"]["id"].to_pylist() == [row["id"] for row in truth]
    assert answer.tables["transactions"]["total_count"].to_pylist() == [row["totalCount"] for row in truth]


def test_a_reading_that_is_not_the_servers_is_refused_with_advice(sandbox: Sandbox, read: Read) -> None:
    sandbox.settings.accepts_time = "literal"
    with pytest.raises(ApiError, match=r"calls the request bad \(400\).*time_separator, window_end and lag_days"):
        read(time_separator="%20")


@pytest.mark.parametrize("auth", ["header", "query"])
def test_the_key_travels_where_it_is_told_to(sandbox: Sandbox, read: Read, auth: str) -> None:
    read(auth=auth)
    assert [(asked.key, asked.key_from) for asked in sandbox.log] == [(READ_KEY, auth)]


@pytest.mark.parametrize("shape", ["object", "list", "series"])
def test_details_are_read_in_any_shape(sandbox: Sandbox, read: Read, shape: Any) -> None:
    sandbox.settings.detail_shape = shape

    table = read("transaction_details").tables["transaction_details"]

    truth = {row["id"]: row["totalCount"] for row in sandbox.rows(PROJECTS[0], DAY)}
    found = zip(table["transaction_id"].to_pylist(), table["total_count"].to_pylist(), strict=True)
    assert dict(found) == truth


def test_days_inside_a_longer_window_are_kept_beside_its_first_day(sandbox: Sandbox, read: Read) -> None:
    sandbox.settings.detail_shape = "series"

    table = read("transaction_details", Window(DAY, DAY.add(days=1))).tables["transaction_details"]

    assert set(table["date"].to_pylist()) == {DAY}
    assert set(table["date__v_text"].to_pylist()) == {"2026-03-10", "2026-03-11"}


def test_details_may_stand_in_the_body_with_nothing_around_them(sandbox: Sandbox, read: Read) -> None:
    first = sandbox.rows(PROJECTS[0], DAY)[0]
    for row in sandbox.rows(PROJECTS[0], DAY):
        path = f"projects/{PROJECTS[0]}/transactions/{row['id']}"
        sandbox.settings.extra = {**sandbox.settings.extra, path: {"p95": 7, "name": row["name"]}}

    table = read("transaction_details").tables["transaction_details"]

    assert set(table["p95"].to_pylist()) == {7.0}
    assert first["name"] in table["name"].to_pylist()


def test_a_list_without_stats_is_not_what_the_contract_says(sandbox: Sandbox, read: Read) -> None:
    sandbox.settings.extra = {f"projects/{PROJECTS[0]}/transactions": {"data": []}}
    with pytest.raises(ApiError, match="the answer lacks stats"):
        read()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"projects": ()}, "option projects is empty", id="no-project"),
        pytest.param({"projects": ("a/b",)}, "not the id of a project", id="project-that-is-a-path"),
        pytest.param({"api_key": "a b"}, "no key has, such as a space", id="key-with-a-space"),
        pytest.param({"auth": "cookie"}, "option auth is one of header, query, body", id="unknown-place"),
        pytest.param({"auth": "body"}, "everything that is read is a GET; set header or query", id="body"),
        pytest.param({"time_separator": " "}, r"option time_separator is one of", id="separator"),
        pytest.param({"window_end": "noon"}, "option window_end is one of exclusive, inclusive", id="end"),
        pytest.param({"base_url": "http://api.atatus.com/v2"}, "plain text", id="plain-http"),
        pytest.param({"endpoints": [{"name": "x"}]}, "field path is missing", id="declaration"),
        pytest.param({"endpoints": "[1]"}, "option endpoints of .* must be a list of tables", id="no-tables"),
    ],
)
def test_options_that_cannot_work_are_refused(given: dict[str, Any], options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        SOURCE.configured(**{**given, **options})
    assert READ_KEY not in str(caught.value)


def test_endpoints_are_read_from_the_configuration_file(settings_dir: Path, given: dict[str, Any]) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", README.split("## Your own endpoints")[1], re.DOTALL)
    (settings_dir / "config.toml").write_text(example)
    reload_settings()

    options = SOURCE.configured(**given)

    names = ["transactions", "errors", "apm_transactions", "page_views", "alerts", "daily_requests", "releases"]
    assert [row.name for row in SOURCE.select((), options)] == names
    assert options.catalogue["releases"].identity == ("revision",)


def test_projects_are_asked_for_by_the_file_where_they_belong() -> None:
    with pytest.raises(ConfigurationError, match=r"SOURCES__ATATUS__PROJECTS or put projects .* in \.dlt/config\.toml"):
        SOURCE.configured(api_key="k")


def test_the_key_is_not_in_the_options_text() -> None:
    assert READ_KEY not in repr(Options(api_key=READ_KEY, projects={"p": ""}))


@pytest.mark.slow
def test_plain_dlt_loads_both_tables_and_asks_only_for_what_is_new(
    sandbox: Sandbox, given: dict[str, Any], tmp_path: Path
) -> None:
    pipeline = dlt.pipeline(
        "atatus_test",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.duckdb(str(tmp_path / "warehouse.duckdb")),
        dataset_name="atatus",
    )
    for today, first_asked in ((DAY, "2026-03-08 00:00"), (DAY.add(days=1), "2026-03-10 00:00")):
        sandbox.log.clear()
        pipeline.run(atatus(today=today, start_date=Date(2026, 3, 8), horizon_days=0, **given))
        assert min(asked.query["timeStart"] for asked in sandbox.log) == first_asked
    with pipeline.sql_client() as client:
        rows = client.execute_sql(
            "SELECT date, total_count FROM transaction_stats WHERE project_id = %s ORDER BY date", PROJECTS[0]
        )
    truth: list[list[Any]] = [sandbox.rows(PROJECTS[0], date(2026, 3, day)) for day in range(8, 12)]
    assert [count for _, count in rows or ()] == [sum(row["totalCount"] for row in one) for one in truth]


def test_a_project_that_is_added_is_loaded_from_the_start_and_maps_see_no_totals(
    sandbox: Sandbox, given: dict[str, Any], tmp_path: Path
) -> None:
    pipeline = dlt.pipeline(
        "atatus_test",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.duckdb(str(tmp_path / "warehouse.duckdb")),
        dataset_name="atatus",
    )
    for projects in (PROJECTS[:1], PROJECTS[:2]):
        options = {**given, "projects": projects, "start_date": Date(2026, 3, 8), "horizon_days": 0, "today": DAY}
        source = atatus(**options)
        source.transactions.add_map(lambda row: {**row, "name": row["name"].upper()})
        sandbox.log.clear()
        pipeline.run(source)
    assert len(sandbox.log) == 1 + 3
    with pipeline.sql_client() as client:
        stats = client.execute_sql("SELECT count(*), count_if(_deleted) FROM transaction_stats")
        names = client.execute_sql("SELECT count(*) FROM transactions WHERE name <> upper(name)")
    assert (stats, names) == ([(2 * 3, 0)], [(0,)])


def test_a_command_without_a_key_is_about_the_projects_that_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SOURCE.configured(**SOURCE.without_key()).projects == {"none": ""}
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", "p1,p2")
    monkeypatch.setenv("SOURCES__ATATUS__API_KEY", "a key")
    options = SOURCE.configured(**SOURCE.without_key())
    assert (list(options.projects), options.api_key) == (["p1", "p2"], "none")
