"""`atribu()` in plain dlt: what its resources load into DuckDB, and what a second run asks again."""

from datetime import date
from typing import Any, cast

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from pendulum import Date

from sandbox.atribu import DEFAULT_KEY, Fault
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from tests.sources.atribu.conftest import DAYS, FIRST, TODAY, Query, Source, asked, truth_by_day

pytestmark = pytest.mark.usefixtures("settings_dir")


def cursor_of(pipeline: dlt.Pipeline, name: str) -> object:
    """The last value that dlt keeps for a resource."""
    return pipeline.state["sources"]["atribu"]["resources"][name]["incremental"]["date"]["last_value"]


def test_the_rows_in_duckdb_are_those_of_the_server(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(
        source("timeseries", "channels", "campaigns", "goals", levels=["campaign"]), loader_file_format="parquet"
    )
    channels = query("select date, value, conversions, revenue from atribu.channels order by all")
    assert channels == truth_by_day(sandbox, "channels", ["value", "conversions", "revenue"])
    assert channels
    campaigns = query("select date, campaign_id, spend, outcome_count from atribu.campaigns order by all")
    assert campaigns == truth_by_day(sandbox, "campaigns", ["campaign_id", "spend", "outcome_count"])
    series: Any = sandbox.answer("timeseries", {"date_from": DAYS[0], "date_to": DAYS[-1]})
    assert query("select date::text, cash_revenue, spend from atribu.timeseries order by all") == [
        (row["date"], row["cash_revenue"], row["spend"]) for row in series
    ]
    goals: Any = sandbox.answer("goals")
    assert sorted(query("select id, display_name, attribution_eligible from atribu.goals")) == sorted(
        (row["id"], row["display_name"], row["attribution_eligible"]) for row in goals
    )
    assert query("select id, value from atribu.goals__source_event_names order by id, position") == [
        (row["id"], event)
        for row in sorted(goals, key=lambda goal: str(goal["id"]))
        for event in row["source_event_names"]
    ]
    for table in ("timeseries", "channels", "campaigns", "goals", "goals__source_event_names"):
        assert query(f"select count(*) from atribu.{table} where _deleted") == [(0,)]  # noqa: S608 - the names above


def test_a_series_is_one_call_and_an_aggregate_one_a_day(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline
) -> None:
    pipeline.run(source("timeseries", "channels"))
    assert asked(sandbox) == [*(("channels", day, day) for day in DAYS), ("timeseries", DAYS[0], DAYS[-1])]


@pytest.mark.slow
def test_a_second_run_asks_only_for_the_days_that_may_have_changed_and_adds_no_row(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    everything = "select * exclude (_dlt_id, _dlt_load_id, _loaded_at) from atribu.channels order by all"
    for run in range(2):
        sandbox.log.clear()
        pipeline.run(source("timeseries", "channels"))
        if run == 0:
            first = query(everything)
    assert asked(sandbox) == [*(("channels", day, day) for day in DAYS[-3:]), ("timeseries", DAYS[-3], DAYS[-1])]
    assert query(everything) == first


@pytest.mark.slow
def test_a_later_run_goes_on_where_the_last_one_ended(sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline) -> None:
    pipeline.run(source("channels", today=Date(2026, 1, 10)))
    sandbox.log.clear()
    pipeline.run(source("channels"))
    assert asked(sandbox) == [("channels", day, day) for day in DAYS[5:]]


def test_a_bounded_range_is_loaded_without_moving_the_stored_cursor(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(source("timeseries"))
    before = cursor_of(pipeline, "timeseries")
    sandbox.log.clear()
    backfill = source("timeseries", start_date=Date(2026, 1, 1))
    backfill.timeseries.apply_hints(
        incremental=dlt.sources.incremental("date", initial_value=Date(2026, 1, 1), end_value=Date(2026, 1, 3))
    )
    pipeline.run(backfill)
    assert asked(sandbox) == [("timeseries", "2026-01-01", "2026-01-02")]
    assert cursor_of(pipeline, "timeseries") == before == TODAY
    truth: Any = sandbox.answer("timeseries", {"date_from": "2026-01-01", "date_to": DAYS[-1]})
    assert query("select date::text, spend from atribu.timeseries order by all") == [
        (row["date"], row["spend"]) for row in truth
    ]


@pytest.mark.untraced
def test_weeks_start_on_monday_also_in_a_later_run(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(source("channels", grain="week"))
    assert asked(sandbox) == [
        ("channels", "2025-12-29", "2026-01-04"),
        ("channels", "2026-01-05", "2026-01-11"),
        ("channels", "2026-01-12", "2026-01-18"),
        ("channels", "2026-01-19", "2026-01-20"),
    ]
    sandbox.log.clear()
    pipeline.run(source("channels", grain="week"))
    assert asked(sandbox) == [("channels", "2026-01-12", "2026-01-18"), ("channels", "2026-01-19", "2026-01-20")]
    assert query("select distinct grain from atribu.channels") == [("week",)]


@pytest.mark.untraced
def test_a_value_that_vanishes_from_a_day_vanishes_from_the_table(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(source("channels", horizon_days=18))
    assert len(query("select distinct date from atribu.channels")) > 1
    today = sandbox.settings.today
    sandbox.settings.today = date(2025, 12, 31)  # nothing has happened yet
    try:
        pipeline.run(source("channels", horizon_days=18))
    finally:
        sandbox.settings.today = today
    assert query("select count(*) from atribu.channels") == [(0,)]


@pytest.mark.untraced
def test_a_field_that_nobody_knows_becomes_a_column_and_stays_one(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    sandbox.faults.append(Fault("timeseries", "unknown_field", times=2))
    pipeline.run(source("timeseries"))
    pipeline.run(source("timeseries"))
    assert query("select distinct a_new_field from atribu.timeseries") == [(1.0,)]
    pipeline.run(source("timeseries"))
    assert query("select distinct a_new_field, date >= '2026-01-18' from atribu.timeseries order by 2") == [
        (1.0, False),
        (None, True),
    ]


def test_a_missing_scope_is_named_and_loads_nothing(
    source: Source, pipeline: dlt.Pipeline, served: tuple[str, Sandbox]
) -> None:
    _, sandbox = served
    sandbox.settings.keys["atb_live_narrow"] = frozenset({"analytics:read"})
    with pytest.raises(PipelineStepFailed) as caught:
        pipeline.run(source("timeseries", "goals", api_key="atb_live_narrow"))
    assert "goals: the API key lacks the scope that this needs (403, insufficient_scope, request req_" in str(
        caught.value
    )
    assert "atb_live_narrow" not in f"{caught.value!r} {caught.value}"
    assert pipeline.list_extracted_load_packages() == []
    assert not pipeline.has_pending_data


@pytest.mark.untraced
def test_the_default_scopes_are_enough_for_every_default_resource(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(source(api_key=DEFAULT_KEY, start_date=TODAY, horizon_days=0))
    assert {entry.status for entry in sandbox.log} == {200}
    loaded = {
        name for (name,) in query("select table_name from information_schema.tables where table_schema = 'atribu'")
    }
    assert {name for name, endpoint in ENDPOINTS.items() if endpoint.default} <= loaded


@pytest.mark.untraced
def test_people_are_loaded_by_plain_dlt_under_the_policy_and_only_if_asked_for(
    source: Source, pipeline: dlt.Pipeline, query: Query, sandbox: Sandbox
) -> None:
    people = source("customers", "visitors", include_pii=True, pii_policy="hash", pii_secret="x" * 32)
    pipeline.run(people)
    first = len(sandbox.log)
    pipeline.run(source("customers", include_pii=True, pii_policy="hash", pii_secret="x" * 32))

    goals: Any = sandbox.answer("goals", {})
    span = {"date_from": str(FIRST), "date_to": str(TODAY), "limit": "100"}
    truth: list[Any] = [
        row
        for goal in goals
        for row in cast("list[Any]", sandbox.answer("customers", span | {"goal": goal["conversion_key"]}, capped=False))
    ]
    assert query("SELECT count(*), count(email_hash), count(DISTINCT conversion_id) FROM atribu.customers") == [
        (len(truth), sum(row["email"] is not None for row in truth), len(truth))
    ]
    assert query("SELECT count(*) FROM atribu.customers__touch_channels") == [
        (sum(len(row["touch_channels"]) for row in truth),)
    ]
    assert min(entry.query["date_from"] for entry in list(sandbox.log)[first:] if entry.path == "customers") > str(
        FIRST
    )
