"""What the Atribu API answers, endpoint by endpoint: names, types, what may be null and what may be absent.

Read from the vendor's OpenAPI document of the newer generation, and for the older one from its documentation pages
(addresses: `sources/atribu/endpoints.py`). Every number of the document may be a fraction. See `notation.py` for how
this is written down.
"""

from typing import Final

from tests.contract.notation import Spec

WINDOW: Final = ("7d", "14d", "28d", "lifetime")
CONFIDENCE: Final = ("low", "medium", "high")
RISK: Final = ("low", "medium", "high", "critical")
PRIORITY: Final = (
    "fix_offer_or_audience", "fix_landing_or_offer", "fix_hook", "improve_creative_clarity", "increase_spend",
    "rework_offer_or_landing", "maintain",
)  # fmt: skip
LAYER: Final = (
    "delivery", "attention", "retention", "click_intent", "postclick_messaging", "attributed_revenue",
    "platform_diagnostics", "no_data",
)  # fmt: skip


def fields(kind: Spec, names: str) -> dict[str, Spec]:
    """Fields of one kind."""
    return dict.fromkeys(names.split(), kind)


_FIGURES: Final = fields(
    "number",
    "spend revenue organic_direct_revenue roas outcomes attributed_outcomes coverage_percent cash_revenue"
    " cash_payments",
)
_BREAKDOWN: Final = [fields("text", "value") | fields("number", "conversions revenue")]
_BUCKET: Final = fields("number", "count value")
_WON: Final = fields(
    "number?", "win_rate workspace_baseline_win_rate lift_vs_workspace confidence_interval_low confidence_interval_high"
)
_EXEMPLARS: Final = {"exemplar_ad_external_ids": ["text"]}
_DELIVERY: Final = fields("number", "spend impressions clicks")

ANSWERS: Final[dict[str, Spec]] = {
    "/overview": {"current": _FIGURES, "previous": _FIGURES},
    "/timeseries": [fields("day", "date") | fields("number", "cash_revenue spend")],
    "/channels": _BREAKDOWN,
    "/pages": _BREAKDOWN,
    "/countries": _BREAKDOWN,
    "/devices": _BREAKDOWN,
    "/browsers": _BREAKDOWN,
    "/os": _BREAKDOWN,
    "/referrers": _BREAKDOWN,
    "/keywords": [fields("text", "keyword") | fields("number", "impressions clicks ctr avg_position")],
    "/quality": fields("number", "total_events with_full_utms with_fbclid_only with_no_tracking coverage_percent"),
    "/attribution-coverage": (
        None,
        {
            "model": "text",
            "currency": "text?",
            "total": _BUCKET,
            "buckets": dict.fromkeys(
                ("ad_attributed", "inherited", "dangling_ad", "organic_direct", "unattributed"), _BUCKET
            ),
            **fields("number", "traceable_pct_by_count traceable_pct_by_value"),
        },
    ),
    "/realtime": fields("number", "visitors_online"),
    "/campaigns": [
        fields("text", "campaign_id campaign_name") | fields("number", "spend outcome_count outcome_value roas")
    ],
    "/campaigns/trend": [fields("text", "entity_id") | fields("day", "date") | _DELIVERY],
    "/conversions": [fields("text", "event_type") | fields("number", "count")],
    "/conversions/timeseries": [fields("day", "date") | fields("text", "event_type") | fields("number", "count")],
    "/revenue": [fields("day", "date") | fields("number", "revenue organic_direct_revenue spend")],
    "/revenue/cash": [fields("text", "source currency") | fields("number", "total count")],
    "/goals": [
        fields("text", "id display_name conversion_key")
        | {
            "source_event_names": ["text"],
            "revenue_type": ("cash", "pipeline", "gross"),
            "attribution_eligible": "boolean",
        }
    ],
    "/top-performers": [
        fields("text", "ad_external_id score_window maturity_stage truth_grade primary_outcome_kind")
        | fields(
            "text?", "ad_name campaign_name ad_set_name creative_thumbnail_url video_id cohort_key cohort_objective"
        )
        | fields("text?", "cohort_format cohort_audience_warmth hook_type creative_format cta_type primary_angle")
        | fields("number", "cohort_n_ads spend impressions ctr attributed_cash_outcomes attributed_revenue")
        | fields("number", "attributed_outcomes_total attributed_pipeline_outcomes attributed_pipeline_value")
        | fields("number", "meta_reported_conversions meta_reported_conversion_value messaging_conversations_started")
        | fields("number?", "composite_score top_performer_likelihood model_version cpc roas cac cost_per_conversation")
        | fields("number?", "first_reply_rate avg_engagement_score forecast_outcomes_7d forecast_outcomes_7d_low")
        | fields("number?", "forecast_outcomes_7d_high hazard_30d_pause hazard_30d_degradation expected_lifespan_days")
        | {
            "score_source": ("model", "rules"),
            "offers": ["text"],
            "reason_codes": [
                {
                    "layer": "text",
                    "polarity": ("strength", "weakness", "forecast", "fatigue"),
                    "percentile": "number?",
                    "sample_confidence": CONFIDENCE,
                    "code (optional)": "text",
                    "metric_value (optional)": "number?",
                }
            ],
            "forecast_confidence": (None, *CONFIDENCE),
            "fatigue_state": (None, "active", "paused", "degraded"),
            "fatigue_risk_tier": (None, *RISK),
        }
    ],
    "/creative-patterns": {
        "patterns": [
            fields("text", "pattern_dim")
            | fields("text?", "pattern_value pattern_label pattern_description pattern_winning_signal")
            | fields("number", "sample_n winner_n")
            | _WON
            | _EXEMPLARS
        ],
        "score_window": "text",
        "min_cluster_size": "number",
    },
    "/archetypes": {
        "archetypes": [
            fields("number", "archetype_cluster n_ads n_winners")
            | fields("text?", "label description winning_signal")
            | _WON
            | _EXEMPLARS
        ],
        "score_window": "text",
    },
    "/ads/funnel-diagnosis": {
        "ad_external_id": "text",
        "score_window": "text",
        "weakest_layer": "text?",
        "recommended_priority": PRIORITY,
        "layers": [
            fields("number?", "percentile smoothed_metric sample_n")
            | fields("text?", "maturity_stage truth_grade")
            | {
                "layer": LAYER,
                "is_weakest_layer": "boolean",
                "diagnostic_codes": ["text"],
                "recommended_priority": PRIORITY,
            }
        ],
    },
    "/ads/compare": {
        "ad_external_id_a": "text",
        "ad_external_id_b": "text",
        "score_window": "text",
        "features": [
            fields("text", "feature_name")
            | fields("text?", "value_a value_b")
            | fields("number?", "delta model_contribution_a model_contribution_b contribution_delta_abs")
        ],
    },
    "/ads/trajectory": {
        "ad_external_id": "text",
        "score_window": "text",
        "days_back": "number",
        "points": [
            fields("day", "snapshot_date")
            | fields("number?", "spend impressions clicks ctr smoothed_hook_rate smoothed_retention_rate smoothed_ctr")
            | fields("number?", "smoothed_roas pct_delivery pct_attention pct_retention pct_click_intent")
            | fields("number?", "pct_attributed_revenue attributed_revenue attributed_outcomes_total")
            | fields("number?", "messaging_conversations_started refund_rate composite_score delta_composite_vs_prev")
            | fields("text?", "maturity_stage truth_grade primary_outcome_kind")
        ],
    },
    "/ads/forecast": {
        "ad_external_id": "text",
        "score_window": "text",
        # the document types it as an object and names these fields in its prose
        "cfs": (
            None,
            fields("number?", "forecast_outcomes_7d forecast_outcomes_7d_low forecast_outcomes_7d_high")
            | fields("number?", "hazard_30d_pause hazard_30d_degradation expected_lifespan_days")
            | {
                "forecast_confidence": (None, *CONFIDENCE),
                "fatigue_state": (None, "active", "paused", "degraded"),
                "fatigue_risk_tier": (None, *RISK),
            },
        ),
        "trajectory_last_14d": [fields("day", "day") | _DELIVERY],
        "lifecycle_history": [
            fields("day", "event_date") | fields("text", "event_type") | fields("number", "lifecycle_seq")
        ],
    },
    "/customers": [
        fields("text", "conversion_id revenue_type")
        | fields("moment", "conversion_time")
        | fields("text?", "customer_profile_id name email country device channel source")
        | fields("number", "revenue time_to_complete_seconds touch_count conversion_count total_revenue")
        | {"touch_channels": ["text"]}
    ],
    "/visitors": [
        fields("text", "visitor_id")
        | fields("moment", "last_seen_at")
        | fields("text?", "customer_profile_id name email country device browser os channel source")
        | fields("number", "total_revenue session_count total_pageviews")
        | {"touch_channels": ["text"]}
    ],
    "/customers/{id}/journey": [
        fields("text", "event_type event_name")
        | fields("moment", "event_time")
        | fields("text?", "url path channel source medium campaign currency device browser os country city")
        | {"value_amount": "number?", "is_synthetic": "boolean"}
    ],
}
"""Path -> its `data`, as newer servers send it."""

UNTYPED: Final[dict[str, Spec]] = {
    # rows have further fields that nobody documents; these are named in the prose
    "/ads/fatigue-risk": {
        "score_window": "text",
        "top_n": "number",
        "min_spend": "number",
        "ads": [
            fields("number", "hazard_30d_pause expected_lifespan_days risk_rank_score")
            | {
                "fatigue_risk_tier": ("high", "critical"),
                "hazard_30d_degradation": "number?",
                "... (others)": "anything",
            }
        ],
    },
    "/forecast-outlook": {
        **fields("number", "n_emerging_top_performers n_at_risk_top_performers projected_budget_at_risk"),
        "... (others)": "anything",
    },
}
"""Path -> its `data`, where the document leaves rows open; a user declares these endpoints."""

PAGED: Final = ("/customers", "/visitors", "/customers/{id}/journey")
"""Lists with `pagination` beside `data`."""

_TRAFFIC: Final = fields("number", "visitors visits pageviews bounce_rate conversion_rate")
OLDER: Final[dict[str, dict[str, Spec]]] = {
    "/overview": fields("number", "visitors pageviews bounce_rate avg_engaged_seconds"),
    "/timeseries": fields("number", "visitors pageviews bounces"),
    **dict.fromkeys(("/channels", "/pages", "/countries", "/devices", "/browsers", "/os", "/referrers"), _TRAFFIC),
}
"""Path -> fields that only older servers send, in each row or each set of figures."""

NEWER: Final = {"/overview": {"organic_direct_revenue"}}
"""Path -> fields that only newer servers send."""

_DATES: Final = ("date_from", "date_to")
_PAGES: Final = "search limit cursor_time cursor_id"
_PERFORMERS: Final = "window limit min_spend objectives truth_grades formats has_video"

PARAMETERS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "/overview": (_DATES, "model"),
    "/timeseries": (_DATES, ""),
    **dict.fromkeys(
        ("/channels", "/pages", "/countries", "/devices", "/browsers", "/os", "/referrers", "/keywords"),
        (_DATES, "limit"),
    ),
    "/quality": (_DATES, ""),
    "/attribution-coverage": (_DATES, "model"),
    "/realtime": ((), ""),
    "/campaigns": (_DATES, "model limit level"),
    "/campaigns/trend": ((*_DATES, "entity_ids"), "level"),
    "/conversions": (_DATES, ""),
    "/conversions/timeseries": (_DATES, ""),
    "/revenue": (_DATES, "model"),
    "/revenue/cash": (_DATES, ""),
    "/goals": ((), ""),
    "/top-performers": ((), _PERFORMERS),
    "/creative-patterns": ((), "window min_cluster_size"),
    "/archetypes": ((), "window"),
    "/ads/funnel-diagnosis": (("ad_external_id",), "window"),
    "/ads/compare": (("ad_a", "ad_b"), "window top_n"),
    "/ads/trajectory": (("ad_external_id",), "window days_back"),
    "/ads/forecast": (("ad_external_id",), "score_window"),
    "/ads/fatigue-risk": ((), "score_window top min_spend"),
    "/forecast-outlook": ((), "score_window"),
    "/customers": ((*_DATES, "goal"), _PAGES),
    "/visitors": (_DATES, _PAGES),
    "/customers/{id}/journey": ((), "cursor limit"),
}
"""Path -> query parameters that a call must have, and those that it may have."""
