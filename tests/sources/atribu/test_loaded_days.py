"""Which days plain dlt asks for: whatever is wanted and not loaded yet, for each profile, model, level and grain."""

from collections.abc import Iterator
from typing import Any, cast

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from pendulum import Date, datetime

from sandbox.atribu import DEFAULT_KEY
from sandbox.atribu.state import Sandbox
from tests.sources.atribu.conftest import DAYS, FIRST, TODAY, Query, Source, asked, small_sandbox, truth_by_day

pytestmark = pytest.mark.usefixtures("settings_dir")
LATE = Date(2026, 1, 12)
FIGURES = ["value", "conversions", "revenue"]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, Sandbox]]:
    with small_sandbox(profile_id="7d0e-other", seed=7) as serving:
        yield serving


def channels_of(query: Query, profile: str) -> list[tuple[Any, ...]]:
    """What is loaded of a profile's channels."""
    return query(
        f"select date, {', '.join(FIGURES)} from atribu.channels where profile_id = '{profile}' order by all"  # noqa: S608 - a profile of the sandbox
    )


def days_asked(sandbox: Sandbox, path: str) -> list[str]:
    """Days of an endpoint that were asked for one by one, in order."""
    return [day for asked_path, day, _ in asked(sandbox) if asked_path == path]


def cursor_state(state: Any, name: str) -> dict[str, Any]:
    """What dlt keeps of a resource's cursor."""
    return cast("dict[str, Any]", state["sources"]["atribu"]["resources"][name]["incremental"]["date"])


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["whose-key-a-call-tells", "whose-key-the-first-answer-tells"])
def test_a_second_key_is_a_second_profile(
    sandbox: Sandbox,
    elsewhere: tuple[str, Sandbox],
    source: Source,
    pipeline: dlt.Pipeline,
    query: Query,
    *,
    known: bool,
) -> None:
    names = ["goals", "timeseries", "channels"] if known else ["timeseries", "channels"]
    url, other = elsewhere
    other.log.clear()
    pipeline.run(source(*names))

    pipeline.run(source(*names, base_url=url))

    assert days_asked(other, "channels") == DAYS
    for one in (sandbox, other):
        assert channels_of(query, one.settings.profile_id) == truth_by_day(one, "channels", FIGURES)
        series: Any = one.answer("timeseries", {"date_from": DAYS[0], "date_to": DAYS[-1]})
        assert query(
            f"select date::text, spend from atribu.timeseries where profile_id = '{one.settings.profile_id}' order by 1"  # noqa: S608 - as above
        ) == [(row["date"], row["spend"]) for row in series]
    for one, given in ((sandbox, {}), (other, {"base_url": url})):
        one.log.clear()
        pipeline.run(source(*names, **given))
        assert days_asked(one, "channels") == DAYS[-3:]
        assert [call for call in asked(one) if call[0] == "timeseries"] == [("timeseries", DAYS[-3], DAYS[-1])]


@pytest.mark.slow
def test_a_new_key_of_the_same_profile_goes_on(sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline) -> None:
    pipeline.run(source("channels", "timeseries"))
    sandbox.log.clear()
    pipeline.run(source("channels", "timeseries", api_key="atb_live_gone", next_api_key=DEFAULT_KEY))
    assert {day for _, day, _ in asked(sandbox)} == {*DAYS[-3:]}


@pytest.mark.slow
def test_an_earlier_start_loads_the_days_before(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    people = {"include_pii": True, "pii_policy": "keep", "goals": ["payment_received"]}
    names = ["channels", "timeseries", "customers"]
    pipeline.run(source(*names, start_date=LATE, **people))
    sandbox.log.clear()

    pipeline.run(source(*names, **people))

    assert days_asked(sandbox, "channels") == [*DAYS[: DAYS.index(str(LATE))], *DAYS[-3:]]
    assert channels_of(query, sandbox.settings.profile_id) == truth_by_day(sandbox, "channels", FIGURES)
    series: Any = sandbox.answer("timeseries", {"date_from": DAYS[0], "date_to": DAYS[-1]})
    assert query("select date::text, spend from atribu.timeseries order by 1") == [
        (row["date"], row["spend"]) for row in series
    ]
    span = {"date_from": DAYS[0], "date_to": DAYS[-1], "limit": "100", "goal": "payment_received"}
    listed: Any = sandbox.answer("customers", span, capped=False)
    assert listed
    assert query("select conversion_id from atribu.customers order by 1") == sorted(
        (row["conversion_id"],) for row in listed
    )


@pytest.mark.sweep
def test_days_between_two_loaded_ranges_are_loaded_with_what_may_have_changed_before(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline
) -> None:
    pipeline.run(source("channels", today=Date(2026, 1, 6)))
    pipeline.run(source("channels", start_date=LATE))
    sandbox.log.clear()
    pipeline.run(source("channels"))
    assert days_asked(sandbox, "channels") == ["2026-01-04", *DAYS[2:9], *DAYS[-3:]]


@pytest.mark.sweep
def test_a_model_that_is_added_is_loaded_from_the_start(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline
) -> None:
    pipeline.run(source("overview"))
    sandbox.log.clear()
    pipeline.run(source("overview", models=["last_touch", "linear"]))
    asked_by_model = {
        model: sorted(entry.query["date_from"] for entry in sandbox.log if entry.query["model"] == model)
        for model in ("last_touch", "linear")
    }
    assert asked_by_model == {"last_touch": DAYS[-3:], "linear": DAYS}


@pytest.mark.slow
def test_another_grain_is_loaded_from_the_start(sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline) -> None:
    pipeline.run(source("channels"))
    sandbox.log.clear()
    pipeline.run(source("channels", grain="week"))
    assert days_asked(sandbox, "channels") == ["2025-12-29", "2026-01-05", "2026-01-12", "2026-01-19"]


@pytest.mark.sweep
def test_a_cursor_of_a_version_without_profiles_goes_on(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    elsewhere: tuple[str, Sandbox],
    source: Source,
    pipeline: dlt.Pipeline,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warned: list[str] = []
    monkeypatch.setattr("sources.rest.vendor.loaded_days.logger.warning", warned.append)
    pipeline.run(source("channels", arrow=True, start_date="2026-01-05", today=Date(2026, 1, 15)))
    with pipeline.managed_state() as state:
        old = cursor_state(state, "channels")
        del old["loaded"]
        assert {name: str(value) for name, value in old.items()} == {
            "initial_value": "2026-01-05",
            "last_value": "2026-01-15",
            "unique_hashes": "[]",
            "start_value": "2026-01-05",
        }
    sandbox.log.clear()

    pipeline.run(source("channels"))

    assert days_asked(sandbox, "channels") == [*DAYS[:2], *DAYS[10:]]
    assert channels_of(query, sandbox.settings.profile_id) == truth_by_day(sandbox, "channels", FIGURES)
    assert len(warned) == 1
    assert "count as those of 5a0d0c8e" in warned[0]
    url, other = elsewhere
    other.log.clear()
    pipeline.run(source("channels", base_url=url))
    assert days_asked(other, "channels") == DAYS


@pytest.mark.slow
def test_what_a_limit_left_out_is_loaded_by_the_next_runs(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    for days in (5, 5):
        limited = source("channels", horizon_days=0)
        limited.channels.add_limit(days)
        pipeline.run(limited)
    (loaded,) = cursor_state(pipeline.state, "channels")["loaded"].values()
    assert loaded == {"day": [["2026-01-11", DAYS[-1]]]}
    sandbox.log.clear()
    pipeline.run(source("channels", horizon_days=0))
    assert days_asked(sandbox, "channels") == [*DAYS[:8], DAYS[-1]]
    assert channels_of(query, sandbox.settings.profile_id) == truth_by_day(sandbox, "channels", FIGURES)


@pytest.mark.parametrize("resource", ["channels", "goals"])
def test_a_limit_that_would_cut_off_rows_of_a_window_is_refused(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, resource: str
) -> None:
    limited = source(resource)
    limited.resources[resource].add_yield_map(lambda row: iter([row, row])).add_limit(3)

    with pytest.raises(PipelineStepFailed, match=f"{resource} has both add_yield_map and add_limit"):
        pipeline.run(limited)

    assert asked(sandbox) == []


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param(("2026-01-05", "2026-01-08"), id="text"),
        pytest.param((Date(2026, 1, 5), Date(2026, 1, 8)), id="dates", marks=pytest.mark.sweep),
        pytest.param((datetime(2026, 1, 5), datetime(2026, 1, 7, 12)), id="times", marks=pytest.mark.sweep),
    ],
)
def test_bounds_of_the_users_own_are_kept_whatever_their_type(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query, bounds: tuple[Any, Any]
) -> None:
    bounded = source("channels")
    first, end = bounds
    bounded.channels.apply_hints(incremental=dlt.sources.incremental("date", initial_value=first, end_value=end, lag=1))
    pipeline.run(bounded)
    assert days_asked(sandbox, "channels") == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert [str(day) for (day,) in query("select distinct date from atribu.channels order by 1")] == DAYS[2:5]


def test_a_lag_and_an_initial_value_of_the_users_own_are_kept(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline
) -> None:
    for expected in (DAYS[7:], DAYS[-6:]):
        mine = source("channels")
        mine.channels.apply_hints(incremental=dlt.sources.incremental("date", initial_value="2026-01-10", lag=5))
        sandbox.log.clear()
        pipeline.run(mine)
        assert days_asked(sandbox, "channels") == expected


def test_a_scheduler_sets_the_days(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-01-06T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-01-08T00:00:00Z")
    scheduled = source("channels", "timeseries")
    for resource in scheduled.resources.values():
        assert resource.incremental
        resource.incremental.allow_external_schedulers = True
    pipeline.run(scheduled)
    assert asked(sandbox) == [
        ("channels", "2026-01-06", "2026-01-06"),
        ("channels", "2026-01-07", "2026-01-07"),
        ("timeseries", "2026-01-06", "2026-01-07"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(dlt.sources.incremental("revenue", initial_value=0.0), id="another-column"),
        pytest.param(dlt.sources.incremental("date", initial_value=FIRST, last_value_func=min), id="downwards"),
    ],
)
def test_an_increment_by_which_the_api_cannot_be_asked_is_refused(
    source: Source, pipeline: dlt.Pipeline, other: Any
) -> None:
    refused = source("channels")
    refused.channels.apply_hints(incremental=other)
    with pytest.raises(PipelineStepFailed, match=r"channels can only be read by dlt.sources.incremental\('date'\)"):
        pipeline.run(refused)


@pytest.mark.sweep
def test_days_are_forgotten_with_the_rows(sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline) -> None:
    pipeline.run(source("channels"))
    for refreshed in ({"refresh": "drop_data"}, {"write_disposition": "replace"}):
        sandbox.log.clear()
        pipeline.run(source("channels"), **cast("Any", refreshed))
        assert days_asked(sandbox, "channels") == DAYS


@pytest.mark.slow
def test_days_are_known_again_where_the_working_folder_was_lost(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline
) -> None:
    pipeline.run(source("channels", today=TODAY))
    pipeline.drop()
    sandbox.log.clear()
    pipeline.run(source("channels"))
    assert days_asked(sandbox, "channels") == DAYS[-3:]
