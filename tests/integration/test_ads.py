"""What users of ad tables gain by parameters: daily series of ad sets and ads, a past that stays, over 100 ads."""

import json
from datetime import date
from typing import Any

import pytest

from sandbox.atribu import Size
from tests.integration.conftest import Elt, Serve, rows_of
from tests.integration.truth import differing_tables

pytestmark = pytest.mark.untraced

TODAY = ("--today", "2026-03-31")
DAYS = ("--since", "2026-03-20", "--until", "2026-03-25", *TODAY)
TRENDS = ("campaigns_trend", "ad_sets_trend", "ads_trend")


def sync(elt: Elt, *arguments: str) -> str:
    result = elt("sync", "atribu", *arguments)
    assert result.code == 0, result.err
    return " ".join(result.err.split())


@pytest.mark.slow
@pytest.mark.parametrize("levels", ["own_ids", "in_campaign_id"])
def test_ad_sets_and_ads_have_a_row_per_day(serve: Serve, elt: Elt, levels: str) -> None:
    sandbox = serve(levels=levels)
    arguments = (*DAYS, "--resources", ",".join(TRENDS))
    planned = elt("plan", "atribu", *arguments).out
    assert "ads_trend" in planned

    sync(elt, *arguments)

    sandbox.settings.levels = "own_ids"  # as the truth is asked for
    assert differing_tables(sandbox, date(2026, 3, 20), date(2026, 3, 25), TRENDS) == []
    spend = [round(sum(row["spend"] for row in rows_of(table)), 2) for table in TRENDS]
    assert spend[0] > 0
    assert len({*spend}) == 1
    assert len(rows_of("ads_trend")) > len(rows_of("ad_sets_trend")) > len(rows_of("campaigns_trend"))


@pytest.mark.slow
def test_where_ads_have_no_ids_their_series_is_left_out(serve: Serve, elt: Elt) -> None:
    sandbox = serve(levels="documented")

    said = sync(elt, *DAYS, "--resources", ",".join(TRENDS))

    assert "level ad_set, ad left out" in said
    assert {call.query.get("level") for call in sandbox.log if call.path == "campaigns/trend"} == {None}


@pytest.mark.slow
def test_days_of_a_trajectory_stay_when_the_api_answers_them_no_more(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve(today=date(2026, 3, 1))
    monkeypatch.setenv("SOURCES__ATRIBU__TRAJECTORY_DAYS", "10")
    for day in ("2026-03-01", "2026-03-21", "2026-03-25"):
        sandbox.settings.today = date.fromisoformat(day)
        sync(elt, "--today", day, "--resources", "ads_trajectory")

    assert {call.query["days_back"] for call in sandbox.log if call.path == "ads/trajectory"} == {"10"}
    found = rows_of("ads_trajectory")
    days = {row["snapshot_date"] for row in found}
    assert (min(days), max(days)) == (date(2026, 2, 20), date(2026, 3, 25))
    assert not any(date(2026, 3, 1) < day < date(2026, 3, 12) for day in days)
    assert len({(row["ad_external_id"], row["snapshot_date"]) for row in found}) == len(found)


@pytest.mark.slow
def test_over_a_hundred_ads_are_asked_for_in_parts(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = serve(size=Size(visits_per_day=20, conversions_per_day=3, campaigns=5, ad_sets=4, ads=7))
    arguments = (*TODAY, "--resources", "top_performers")
    assert "top_performers 28d: the API cuts this list off" in sync(elt, *arguments)
    assert len(rows_of("top_performers")) == 100

    monkeypatch.setenv(
        "SOURCES__ATRIBU__TOP_PERFORMER_FILTERS", "has_video=true,has_video=false,formats=video&min_spend=0"
    )
    assert "top_performers 1 3 3 3" in " ".join(elt("plan", "atribu", *arguments).out.split())
    assert "cuts this list off" not in sync(elt, *arguments)

    everything: Any = sandbox.answer("top-performers", {}, capped=False)
    assert {row["ad_external_id"] for row in rows_of("top_performers")} == {row["ad_external_id"] for row in everything}
    assert len(rows_of("top_performers")) == len(everything) == 140


def test_a_filter_that_there_is_not_is_refused(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", "atb_live_x")
    monkeypatch.setenv("SOURCES__ATRIBU__TOP_PERFORMER_FILTERS", "format=video")
    result = elt("plan", "atribu")
    assert (
        result.code,
        "objectives, truth_grades, formats, has_video as name=value, not 'format=video'"
        in " ".join(result.err.split()),
    ) == (78, True)


@pytest.mark.slow
def test_windows_of_scores_are_loaded_side_by_side(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = serve()
    resources = ("top_performers", "creative_patterns", "ads_funnel_diagnosis", "ads_forecast")
    arguments = (*TODAY, "--resources", ",".join(resources))
    monkeypatch.setenv("SOURCES__ATRIBU__SCORE_WINDOWS", "7d,lifetime")

    assert "unknown field" not in sync(elt, *arguments)

    windows = {call.query.get("window", call.query.get("score_window")) for call in sandbox.log}
    assert windows == {"7d", "lifetime"}
    for window in windows:
        best: Any = sandbox.answer("top-performers", {"limit": 100, "window": window})
        stored = {
            row["ad_external_id"]: row["spend"] for row in rows_of("top_performers") if row["score_window"] == window
        }
        assert stored == {row["ad_external_id"]: row["spend"] for row in best}
    assert {row["score_window"] for name in resources for row in rows_of(name)} == windows
    monkeypatch.setenv("SOURCES__ATRIBU__SCORE_WINDOWS", "30d")
    assert elt("plan", "atribu").code == 78


DECLARED: list[dict[str, Any]] = [
    {
        "name": "fatigue_risk",
        "path": "/ads/fatigue-risk",
        "data": "data.ads",
        "primary_key": ["ad_external_id"],
        "params": {"score_window": "28d", "top": "50", "min_spend": "0"},
    },
    {"name": "forecast_outlook", "path": "/forecast-outlook"},
    {
        "name": "pages_of_paid_social",
        "path": "/pages",
        "start_param": "date_from",
        "end_param": "date_to",
        "primary_key": ["value"],
        "types": {"value": "text"},
        "sums": ["conversions", "revenue"],
        "params": {"limit": "100", "filter[channel]": "is:Paid Social"},
    },
]


@pytest.mark.slow
def test_rows_that_nobody_types_or_that_a_parameter_chooses_are_loaded_by_a_declaration(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve(unknown_parameters="ignored")
    monkeypatch.setenv("SOURCES__ATRIBU__ENDPOINTS", json.dumps(DECLARED))

    for _ in range(2):
        sync(
            elt, *TODAY, "--since", "2026-03-29", "--resources", ",".join(["pages", *(one["name"] for one in DECLARED)])
        )

    asked = {(call.path, call.query.get("filter[channel]")) for call in sandbox.log if call.path == "pages"}
    assert asked == {("pages", None), ("pages", "is:Paid Social")}
    assert rows_of("pages_of_paid_social", columns="date, value, revenue")
    risks: Any = sandbox.answer("ads/fatigue-risk", {"top": 50, "min_spend": 0})
    assert [row["risk_rank_score"] for row in risks["ads"]]
    own = {"profile_id": sandbox.settings.profile_id}
    assert sorted(rows_of("fatigue_risk"), key=lambda row: -row["risk_rank_score"]) == [
        {**own, **row} for row in risks["ads"]
    ]
    outlook: Any = sandbox.answer("forecast-outlook")
    assert rows_of("forecast_outlook") == [{**own, **outlook}]


@pytest.mark.parametrize("path", ["/customers", "//Visitors", "/messages"])
def test_what_may_be_personal_cannot_be_declared(elt: Elt, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", "atb_live_x")
    monkeypatch.setenv("SOURCES__ATRIBU__ENDPOINTS", json.dumps([{"name": "mine", "path": path}]))
    result = elt("plan", "atribu")
    assert (result.code, "loaded without any policy" in " ".join(result.err.split())) == (78, True), result.err
