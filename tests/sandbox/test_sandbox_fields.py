"""Rows have exactly the fields of the generation that the server was set to."""

import pytest

from sandbox.atribu import Settings
from sandbox.atribu.answers.analytics import DIMENSIONS
from sandbox.atribu.facts.attribution import MODELS
from tests.sandbox.conftest import Client

MONTH = {"date_from": "2026-02-01", "date_to": "2026-02-28"}
FIGURES = {
    "spend", "revenue", "roas", "outcomes", "attributed_outcomes", "coverage_percent", "cash_revenue", "cash_payments",
}  # fmt: skip
TRAFFIC = {"visitors", "pageviews", "bounce_rate", "avg_engaged_seconds"}
BREAKDOWN = {"value", "conversions", "revenue"}
OLD_BREAKDOWN = {"visitors", "visits", "pageviews", "bounce_rate", "conversion_rate"}
CUSTOMER = {
    "conversion_id", "customer_profile_id", "name", "email", "country", "device", "channel", "source", "revenue",
    "revenue_type", "conversion_time", "time_to_complete_seconds", "touch_count", "touch_channels", "conversion_count",
    "total_revenue",
}  # fmt: skip
VISITOR = {
    "visitor_id", "customer_profile_id", "name", "email", "country", "device", "browser", "os", "channel", "source",
    "total_revenue", "last_seen_at", "session_count", "total_pageviews", "touch_channels",
}  # fmt: skip
EVENT = {
    "event_type", "event_name", "event_time", "url", "path", "channel", "source", "medium", "campaign", "value_amount",
    "currency", "device", "browser", "os", "country", "city", "is_synthetic",
}  # fmt: skip
CAMPAIGN = {"campaign_id", "campaign_name", "spend", "outcome_count", "outcome_value", "roas"}
AD_SET = CAMPAIGN | {"ad_set_id", "ad_set_name"}
PERFORMER = {
    "ad_external_id", "ad_name", "campaign_name", "ad_set_name", "creative_thumbnail_url", "video_id", "score_window",
    "composite_score", "top_performer_likelihood", "model_version", "score_source", "maturity_stage", "truth_grade",
    "primary_outcome_kind", "cohort_key", "cohort_objective", "cohort_format", "cohort_audience_warmth", "cohort_n_ads",
    "hook_type", "creative_format", "cta_type", "primary_angle", "offers", "spend", "impressions", "ctr", "cpc",
    "attributed_cash_outcomes", "attributed_revenue", "roas", "cac", "attributed_outcomes_total",
    "attributed_pipeline_outcomes", "attributed_pipeline_value", "meta_reported_conversions",
    "meta_reported_conversion_value", "cost_per_conversation", "messaging_conversations_started", "first_reply_rate",
    "avg_engagement_score", "reason_codes", "forecast_outcomes_7d", "forecast_outcomes_7d_low",
    "forecast_outcomes_7d_high", "forecast_confidence", "hazard_30d_pause", "hazard_30d_degradation", "fatigue_state",
    "fatigue_risk_tier", "expected_lifespan_days",
}  # fmt: skip


def check(rows: list[dict[str, object]], fields: set[str]) -> None:
    assert rows
    assert all(set(row) == fields for row in rows)


def test_the_newer_generation_has_no_traffic(client: Client, settings: Settings) -> None:
    settings.generation = "new"
    overview = client.data("overview", **MONTH)
    check([overview["current"], overview["previous"]], FIGURES | {"organic_direct_revenue"})
    check(client.data("timeseries", **MONTH), {"date", "cash_revenue", "spend"})
    for path in DIMENSIONS:
        check(client.data(path, **MONTH), BREAKDOWN)


def test_the_older_generation_has_traffic_and_no_organic_revenue_in_overview(
    client: Client, settings: Settings
) -> None:
    settings.generation = "old"
    overview = client.data("overview", **MONTH)
    check([overview["current"], overview["previous"]], FIGURES | TRAFFIC)
    check(client.data("timeseries", **MONTH), {"date", "cash_revenue", "spend", "visitors", "pageviews", "bounces"})
    for path in DIMENSIONS:
        rows = client.data(path, **MONTH)
        check(rows, BREAKDOWN | OLD_BREAKDOWN)
        assert [row["visitors"] for row in rows] == sorted((row["visitors"] for row in rows), reverse=True)


@pytest.mark.parametrize("generation", ["new", "old"])
def test_each_generation_knows_its_own_models(client: Client, settings: Settings, generation: str) -> None:
    settings.generation = generation
    for model in MODELS["old"]:
        status = client.get("overview", model=model, **MONTH).status_code
        assert status == (200 if model in MODELS[generation] else 400), model


def test_every_other_list_has_the_documented_fields(client: Client) -> None:
    check(client.data("customers", goal="payment_received", **MONTH), CUSTOMER)
    check(client.data("visitors", **MONTH), VISITOR)
    customers = client.sandbox.answer("customers", MONTH | {"goal": "payment_received"}, capped=False)
    known = next(row["customer_profile_id"] for row in customers if row["customer_profile_id"])
    check(client.data(f"customers/{known}/journey"), EVENT)
    check(client.data("campaigns", **MONTH), CAMPAIGN)
    campaign = client.data("campaigns", **MONTH)[0]["campaign_id"]
    trend = client.data("campaigns/trend", entity_ids=campaign, **MONTH)
    check(trend, {"entity_id", "date", "spend", "impressions", "clicks"})
    check(client.data("keywords", **MONTH), {"keyword", "impressions", "clicks", "ctr", "avg_position"})
    check(client.data("conversions", **MONTH), {"event_type", "count"})
    check(client.data("conversions/timeseries", **MONTH), {"date", "event_type", "count"})
    check(client.data("revenue", **MONTH), {"date", "revenue", "organic_direct_revenue", "spend"})
    check(client.data("revenue/cash", **MONTH), {"source", "currency", "total", "count"})
    goal = {"id", "display_name", "conversion_key", "source_event_names", "revenue_type", "attribution_eligible"}
    check(client.data("goals"), goal)
    check(client.data("top-performers"), PERFORMER)


def test_below_campaigns_the_documented_fields_tell_no_rows_apart(client: Client) -> None:
    for level in ("ad_set", "ad"):
        rows = client.data("campaigns", level=level, limit=100, **MONTH)
        check(rows, CAMPAIGN)
        assert len({row["campaign_id"] for row in rows}) < len(rows)


def test_servers_may_name_ad_sets_and_ads_in_fields_of_their_own_or_in_those_of_the_campaign(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = MONTH | {"level": "ad", "limit": 100}
    campaigns = {row["campaign_id"] for row in client.data("campaigns", **MONTH)}
    monkeypatch.setattr(settings, "levels", "own_ids")
    check(client.data("campaigns", **asked | {"level": "ad_set"}), AD_SET)
    own = client.data("campaigns", **asked)
    check(own, AD_SET | {"ad_id", "ad_name"})
    assert {row["campaign_id"] for row in own} == campaigns
    monkeypatch.setattr(settings, "levels", "in_campaign_id")
    instead = client.data("campaigns", **asked)
    check(instead, CAMPAIGN)
    assert [row["campaign_id"] for row in instead] == [row["ad_id"] for row in own]
    assert [row["campaign_name"] for row in instead] == [row["ad_name"] for row in own]


def test_objects_have_the_documented_fields(client: Client) -> None:
    quality = {"total_events", "with_full_utms", "with_fbclid_only", "with_no_tracking", "coverage_percent"}
    assert set(client.data("quality", **MONTH)) == quality
    coverage = client.data("attribution-coverage", **MONTH)
    assert set(coverage) == {
        "model",
        "currency",
        "total",
        "buckets",
        "traceable_pct_by_count",
        "traceable_pct_by_value",
    }
    buckets = {"ad_attributed", "inherited", "dangling_ad", "organic_direct", "unattributed"}
    assert set(coverage["buckets"]) == buckets
    assert set(client.data("realtime")) == {"visitors_online"}


def test_ads_are_known_by_their_external_id(client: Client) -> None:
    ads = client.data("top-performers", limit=100, window="lifetime")
    external = ads[0]["ad_external_id"]
    assert len(client.data("ads/trajectory", ad_external_id=external, days_back=30)["points"]) == 30
    assert len(client.data("ads/forecast", ad_external_id=external)["trajectory_last_14d"]) == 14
    assert client.data("ads/trajectory", ad_external_id="unknown")["points"] == []
    spent = sum(ad["spend"] for ad in ads)
    everything = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
    assert round(spent, 2) == client.data("overview", **everything)["current"]["spend"]


def test_top_performers_are_filtered(client: Client) -> None:
    everything = client.data("top-performers", limit=100)
    assert len(client.data("top-performers")) == 10
    for name, field in (
        ("objectives", "cohort_objective"),
        ("truth_grades", "truth_grade"),
        ("formats", "creative_format"),
    ):
        value = everything[0][field]
        found = client.data("top-performers", limit=100, **{name: value})
        assert found == [row for row in everything if row[field] == value]
    videos = client.data("top-performers", limit=100, has_video="true")
    assert videos == [row for row in everything if row["video_id"]]
    assert all(row["spend"] >= 500 for row in client.data("top-performers", limit=100, min_spend=500))


def test_patterns_with_too_few_ads_are_left_out(client: Client) -> None:
    patterns = client.data("creative-patterns", min_cluster_size=1)["patterns"]
    unnamed = [pattern for pattern in patterns if pattern["pattern_value"] is None]
    assert [pattern["pattern_dim"] for pattern in unnamed] == ["cta_type"]
    patterns.remove(*unnamed)
    assert sum(pattern["sample_n"] for pattern in patterns) == 30
    smallest, *_, largest = sorted(pattern["sample_n"] for pattern in patterns)
    assert smallest < largest
    found = client.data("creative-patterns", min_cluster_size=largest)["patterns"]
    assert all(pattern["sample_n"] == largest for pattern in found)
    archetypes = client.data("archetypes")["archetypes"]
    assert sum(archetype["n_ads"] for archetype in archetypes) == 30


def test_zero_filling_lists_every_day_and_every_goal(client: Client, settings: Settings) -> None:
    beyond = {"date_from": "2026-03-30", "date_to": "2026-04-02"}
    campaign = client.data("campaigns", **MONTH)[0]["campaign_id"]
    assert len(client.data("revenue", **beyond)) == 2
    settings.zero_fill = True
    try:
        for path in ("timeseries", "revenue"):
            rows = client.data(path, **beyond)
            assert [row["date"] for row in rows] == ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02"]
            assert rows[-1]["spend"] == 0
        assert len(client.data("conversions/timeseries", **beyond)) == 4 * len(client.data("goals"))
        trend = client.data("campaigns/trend", entity_ids=f"{campaign},unknown", **beyond)
        assert [row["entity_id"] for row in trend] == [campaign] * 4
    finally:
        settings.zero_fill = False


def test_every_number_may_be_a_fraction_and_sums_still_add_up(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = client.data("overview", **MONTH)["current"]
    monkeypatch.setattr(settings, "fractions", True)
    more = client.data("overview", **MONTH)["current"]
    assert more == {name: value * 1.0625 for name, value in whole.items()}
    counts = client.data("conversions/timeseries", **MONTH)
    assert sum(row["count"] for row in counts) == sum(row["count"] for row in client.data("conversions", **MONTH))
    assert more["outcomes"] == sum(row["count"] for row in counts)
