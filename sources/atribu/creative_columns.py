"""Columns of the Atribu ad and creative tables; the meaning of most scores is not documented beyond their names."""

from dataclasses import replace
from typing import Final

from sources.atribu.columns import key
from sources.rest.catalogue.columns import boolean, calendar_day, count, double, text
from sources.rest.catalogue.relations import ChildList

AD: Final = key("ad_external_id", "Id of the ad on its platform (Meta, Google).", empty=False)
SCORE_WINDOW: Final = text("score_window", "Rolling window that was asked for: 7d, 14d, 28d or lifetime.")
LAYERS: Final = (
    "Part of the funnel: delivery, attention, retention, click_intent, postclick_messaging, attributed_revenue or"
    " platform_diagnostics"
)
PRIORITIES: Final = (
    "fix_offer_or_audience, fix_landing_or_offer, fix_hook, improve_creative_clarity, increase_spend,"
    " rework_offer_or_landing or maintain"
)
TRUTH: Final = text("truth_grade", "How far the outcomes can be trusted.")
EXEMPLARS: Final = ChildList(
    name="exemplar_ad_external_ids",
    description="Ads that show the pattern well.",
    columns=(text("value", "Id of the ad on its platform."),),
)
_WIN_RATES: Final = (
    double("win_rate", "Share of ads that win, 0 to 1."),
    double("workspace_baseline_win_rate", "The same over the whole workspace."),
    double("lift_vs_workspace", "Win rate against that baseline."),
    double("confidence_interval_low", "Lower end of the confidence interval."),
    double("confidence_interval_high", "Upper end of the confidence interval."),
)

_FORECASTS: Final = (
    double("forecast_outcomes_7d", "Outcomes forecast for 7 days."),
    double("forecast_outcomes_7d_low", "Lower end of that forecast."),
    double("forecast_outcomes_7d_high", "Upper end of that forecast."),
    text("forecast_confidence", "low, medium or high."),
    double("hazard_30d_pause", "Hazard of being paused within 30 days."),
    double("hazard_30d_degradation", "Hazard of degrading within 30 days."),
    text("fatigue_state", "active, paused or degraded."),
    text("fatigue_risk_tier", "low, medium, high or critical."),
    double("expected_lifespan_days", "Expected lifespan in days."),
)
"""What models say of an ad; null until they have scored it."""

TOP_PERFORMERS: Final = (
    AD,
    text("ad_name", "Name of the ad."),
    text("campaign_name", "Name of its campaign."),
    text("ad_set_name", "Name of its ad set."),
    text("creative_thumbnail_url", "Picture of the creative."),
    text("video_id", "Video of the creative."),
    double("composite_score", "Overall score, 0 to 100."),
    double("top_performer_likelihood", "Likelihood of being a top performer, 0 to 1."),
    double("model_version", "Version of the scoring model."),
    text("score_source", "model or rules."),
    text("maturity_stage", "cold, early, mature or calibrated."),
    TRUTH,
    text("primary_outcome_kind", "Outcome that the score is about."),
    text("cohort_key", "Cohort that the ad is compared with."),
    text("cohort_objective", "Objective of the cohort."),
    text("cohort_format", "Format of the cohort."),
    text("cohort_audience_warmth", "Audience warmth of the cohort."),
    count("cohort_n_ads", "Ads in the cohort."),
    text("hook_type", "Kind of hook."),
    text("creative_format", "Format of the creative."),
    text("cta_type", "Kind of call to action."),
    text("primary_angle", "Main angle."),
    double("spend", "Ad spend."),
    count("impressions", "Times shown."),
    double("ctr", "Click-through rate, as the server sends it."),
    double("cpc", "Cost per click."),
    double("attributed_cash_outcomes", "Cash outcomes credited to the ad."),
    double("attributed_revenue", "Revenue credited to the ad."),
    double("roas", "Return on ad spend."),
    double("cac", "Cost per acquired customer."),
    double("attributed_outcomes_total", "All outcomes credited to the ad."),
    double("attributed_pipeline_outcomes", "Pipeline outcomes credited to the ad."),
    double("attributed_pipeline_value", "Pipeline value credited to the ad; no revenue."),
    double("meta_reported_conversions", "Conversions as Meta reports them."),
    double("meta_reported_conversion_value", "Conversion value as Meta reports it."),
    double("cost_per_conversation", "Spend per conversation started."),
    count("messaging_conversations_started", "Conversations started."),
    double("first_reply_rate", "Share of conversations with a first reply."),
    double("avg_engagement_score", "Average engagement score."),
    *_FORECASTS,
)

TOP_PERFORMERS_LISTS: Final = (
    ChildList(name="offers", description="Offers that the creative makes.", columns=(text("value", "Offer."),)),
    ChildList(
        name="reason_codes",
        description="Why the ad scores as it does.",
        columns=(
            text("layer", "Part of the funnel."),
            text("polarity", "strength, weakness, forecast or fatigue."),
            double("percentile", "Percentile in the cohort."),
            text("sample_confidence", "low, medium or high."),
            text("code", "Reason code."),
            double("metric_value", "Value of the metric behind it."),
        ),
    ),
)

CREATIVE_PATTERNS: Final = (
    key("pattern_dim", "Dimension of the pattern."),
    key("pattern_value", "Value of the dimension."),
    text("pattern_label", "Name of the pattern."),
    text("pattern_description", "What it is."),
    text("pattern_winning_signal", "What makes it win."),
    count("sample_n", "Ads looked at."),
    count("winner_n", "Ads that won."),
    *_WIN_RATES,
    count("min_cluster_size", "Smallest number of ads that makes a pattern."),
)

ARCHETYPES: Final = (
    double("archetype_cluster", "Number of the cluster.", key=True),
    text("label", "Name of the archetype."),
    text("description", "What it is."),
    text("winning_signal", "What makes it win."),
    count("n_ads", "Ads of the archetype."),
    count("n_winners", "Those that won."),
    *_WIN_RATES,
)

FUNNEL_DIAGNOSIS: Final = (
    AD,
    key("layer", f"{LAYERS}; no_data where the ad has no percentiles yet."),
    text("weakest_layer", "Weakest part of the ad's funnel."),
    double("percentile", "Percentile in the cohort."),
    double("smoothed_metric", "Smoothed metric of the layer."),
    count("sample_n", "Sample size."),
    boolean("is_weakest_layer", "Whether this is the weakest part."),
    text("recommended_priority", f"What to do about the layer: {PRIORITIES}."),
    text("answer_recommended_priority", "What to do about the ad as a whole, in the same words."),
    text("maturity_stage", "cold, early, mature or calibrated."),
    TRUTH,
)

DIAGNOSTIC_CODES: Final = ChildList(
    name="diagnostic_codes", description="Findings about a layer.", columns=(text("value", "Code of the finding."),)
)

COMPARE: Final = (
    key("ad_external_id_a", "First ad.", empty=False),
    key("ad_external_id_b", "Second ad.", empty=False),
    key("feature_name", "Feature that is compared."),
    text("value_a", "Value of the first ad."),
    text("value_b", "Value of the second ad."),
    double("delta", "Difference of the two."),
    double("model_contribution_a", "Contribution to the first ad's score."),
    double("model_contribution_b", "Contribution to the second ad's score."),
    double("contribution_delta_abs", "Absolute difference of the contributions."),
)

TRAJECTORY: Final = (
    AD,
    calendar_day("snapshot_date", "Day of the point.", key=True),
    count("days_back", "Days that the answer covers."),
    double("spend", "Ad spend of the day."),
    double("impressions", "Times shown."),
    double("clicks", "Clicks."),
    double("ctr", "Click-through rate, as the server sends it."),
    double("smoothed_hook_rate", "Smoothed hook rate."),
    double("smoothed_retention_rate", "Smoothed retention rate."),
    double("smoothed_ctr", "Smoothed click-through rate."),
    double("smoothed_roas", "Smoothed return on ad spend."),
    double("pct_delivery", "Percentile of delivery."),
    double("pct_attention", "Percentile of attention."),
    double("pct_retention", "Percentile of retention."),
    double("pct_click_intent", "Percentile of click intent."),
    double("pct_attributed_revenue", "Percentile of attributed revenue."),
    double("attributed_revenue", "Revenue credited to the ad."),
    double("attributed_outcomes_total", "Outcomes credited to the ad."),
    double("messaging_conversations_started", "Conversations started."),
    double("refund_rate", "Share of refunds."),
    double("composite_score", "Overall score, 0 to 100."),
    double("delta_composite_vs_prev", "Change of the score since the day before."),
    text("maturity_stage", "cold, early, mature or calibrated."),
    TRUTH,
    text("primary_outcome_kind", "Outcome that the score is about."),
)

FORECAST: Final = (AD, *(replace(column, path=f"cfs.{column.name}") for column in _FORECASTS))

FORECAST_LISTS: Final = (
    ChildList(
        name="trajectory_last_14d",
        description="The last 14 days of the ad.",
        columns=(
            calendar_day("day", "Day."),
            double("spend", "Ad spend of the day."),
            count("impressions", "Times shown."),
            count("clicks", "Clicks."),
        ),
    ),
    ChildList(
        name="lifecycle_history",
        description="What happened to the ad.",
        columns=(
            calendar_day("event_date", "Day of the event."),
            text("event_type", "Kind of event."),
            count("lifecycle_seq", "Number of the lifecycle."),
        ),
    ),
)
