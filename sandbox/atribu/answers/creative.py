"""Answers about ads as creatives (section 3.3 of the contract): rolling windows that end today.

Spend, impressions, clicks and outcomes come from the events of the world; scores and labels, which no event explains,
are drawn from each ad's id, so they never change.
"""

from sandbox.atribu.answers.shapes import money, percent, ratio
from sandbox.atribu.facts.events import MICROS_PER_CENT, Ad
from sandbox.atribu.facts.figures import NOTHING, Figures, by_ad
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row
from sandbox.worlds.chance import seeded

_WINDOW_DAYS = {"7d": 7, "14d": 14, "28d": 28}
_WINNING_SCORE = 60
_MICROS_PER_UNIT = 100 * MICROS_PER_CENT
_LAYERS = ("delivery", "attention", "retention", "click_intent", "attributed_revenue")
_LABELS = {
    "hook": ("question", "offer", "testimonial"),
    "format": ("video", "image", "carousel"),
    "angle": ("price", "speed", "trust"),
}


def score_of(ad: Ad) -> float:
    """Give the composite score of an ad, 0 to 100."""
    return round(seeded("score", ad.external_id).uniform(10, 95), 1)


def _label(ad: Ad, kind: str) -> str:
    return seeded(kind, ad.external_id).choice(_LABELS[kind])


def _percentile(layer: str, ad_external_id: str) -> float:
    return round(seeded(layer, ad_external_id).uniform(0, 100), 1)


def window_days(view: View, window: str) -> range:
    """Give the days of a rolling window: `7d`, `14d`, `28d` or `lifetime`."""
    return view.clip(view.last + 1 - _WINDOW_DAYS[window] if window in _WINDOW_DAYS else view.first_day, view.last)


def ads_of(view: View, days: range) -> list[tuple[Ad, Figures]]:
    """List every ad with what it did on `days`, credited by last touch."""
    sums = by_ad(view, days, "last_touch")
    return [(ad, sums.get(ad, NOTHING)) for ad in view.ads]


def scored(view: View, query: Query) -> list[tuple[Ad, Figures]]:
    """List the ads that spent at least `min_spend` in the window, lowest score first, then by id."""
    ads = ads_of(view, window_days(view, query.window))
    spending = [item for item in ads if item[1].spend >= query.min_spend * _MICROS_PER_UNIT]
    return sorted(spending, key=lambda item: (score_of(item[0]), item[0].ad_id))


def top_performers(view: View, query: Query) -> list[Row]:
    """Answer `/top-performers`: ads by composite score, best first, then by id."""
    best_first = sorted(scored(view, query), key=lambda item: -score_of(item[0]))
    rows = [_performer(ad, sums, query) for ad, sums in best_first]
    return query.cut([row for row in rows if _wanted(row, query)])


def _wanted(row: Row, query: Query) -> bool:
    listed = (
        (query.objectives, row["cohort_objective"]),
        (query.truth_grades, row["truth_grade"]),
        (query.formats, row["creative_format"]),
    )
    has_video = row["video_id"] is not None
    return all(not wanted or value in wanted for wanted, value in listed) and query.has_video in {None, has_video}


def _performer(ad: Ad, sums: Figures, query: Query) -> Row:
    score, payments = score_of(ad), sums.credited_payments
    creative_format = _label(ad, "format")
    return {
        "ad_external_id": ad.external_id,
        "ad_name": ad.ad_name,
        "campaign_name": ad.campaign_name,
        "ad_set_name": ad.ad_set_name,
        "creative_thumbnail_url": None,
        "video_id": f"v{ad.external_id}" if creative_format == "video" else None,
        "score_window": query.window,
        "composite_score": score,
        "top_performer_likelihood": round(score / 100, 3),
        "model_version": 3,
        "score_source": "model",
        "maturity_stage": "mature",
        "truth_grade": "cash" if payments else "pipeline",
        "primary_outcome_kind": "payment_received" if payments else "lead_created",
        "cohort_key": None,
        "cohort_objective": "sales" if ad.channel == "Paid Social" else "leads",
        "cohort_format": creative_format,
        "cohort_audience_warmth": "cold",
        "cohort_n_ads": 12,
        "hook_type": _label(ad, "hook"),
        "creative_format": creative_format,
        "cta_type": "learn_more",
        "primary_angle": _label(ad, "angle"),
        "offers": ["free shipping"] if score >= _WINNING_SCORE else [],
        "spend": money(sums.spend),
        "impressions": sums.impressions,
        "ctr": percent(sums.clicks, sums.impressions),
        "cpc": money(sums.spend // sums.clicks) if sums.clicks else None,
        "attributed_cash_outcomes": payments,
        "attributed_revenue": money(sums.revenue),
        "roas": ratio(sums.revenue, sums.spend) if sums.spend else None,
        "cac": money(sums.spend // payments) if payments else None,
        "attributed_outcomes_total": sums.credited,
        "attributed_pipeline_outcomes": sums.credited - payments,
        "attributed_pipeline_value": money(sums.pipeline),
        "meta_reported_conversions": sums.credited,
        "meta_reported_conversion_value": money(sums.revenue),
        "cost_per_conversation": None,
        "messaging_conversations_started": 0,
        "first_reply_rate": None,
        "avg_engagement_score": None,
        "reason_codes": [
            {"layer": "attention", "polarity": "strength", "percentile": score, "sample_confidence": "high"}
        ],
        "forecast_outcomes_7d": None,
        "forecast_outcomes_7d_low": None,
        "forecast_outcomes_7d_high": None,
        "forecast_confidence": None,
        "hazard_30d_pause": None,
        "hazard_30d_degradation": None,
        "fatigue_state": "active",
        "fatigue_risk_tier": "low" if score >= _WINNING_SCORE else "high",
        "expected_lifespan_days": None,
    }


def creative_patterns(view: View, query: Query) -> Row:
    """Answer `/creative-patterns`: how often ads with one hook win."""
    patterns = [
        {
            "pattern_dim": "hook_type",
            "pattern_value": hook,
            "pattern_label": hook.capitalize(),
            "pattern_description": f"Opens with a {hook}",
            "pattern_winning_signal": "attention",
            **_wins(view, ads, "sample_n", "winner_n"),
        }
        for hook, ads in _clusters(view, "hook").items()
        if len(ads) >= query.min_cluster_size
    ]
    return {"patterns": patterns, "score_window": query.window, "min_cluster_size": query.min_cluster_size}


def archetypes(view: View, query: Query) -> Row:
    """Answer `/archetypes`: how often ads with one angle win."""
    found = [
        {
            "archetype_cluster": angle,
            "label": angle.capitalize(),
            "description": f"Argues with {angle}",
            "winning_signal": "click_intent",
            **_wins(view, ads, "n_ads", "n_winners"),
        }
        for angle, ads in _clusters(view, "angle").items()
        if ads
    ]
    return {"archetypes": found, "score_window": query.window}


def _clusters(view: View, kind: str) -> dict[str, list[Ad]]:
    return {value: [ad for ad in view.ads if _label(ad, kind) == value] for value in _LABELS[kind]}


def _wins(view: View, ads: list[Ad], all_name: str, winners_name: str) -> Row:
    won = [ad for ad in ads if score_of(ad) >= _WINNING_SCORE]
    rate = ratio(len(won), len(ads), 4)
    baseline = ratio(sum(score_of(ad) >= _WINNING_SCORE for ad in view.ads), len(view.ads), 4)
    return {
        all_name: len(ads),
        winners_name: len(won),
        "win_rate": rate,
        "workspace_baseline_win_rate": baseline,
        "lift_vs_workspace": ratio(rate, baseline, 4),
        "confidence_interval_low": max(0.0, round(rate - 0.2, 4)),
        "confidence_interval_high": min(1.0, round(rate + 0.2, 4)),
        "exemplar_ad_external_ids": [ad.external_id for ad in won[:3]],
    }


def funnel_diagnosis(_view: View, query: Query) -> Row:
    """Answer `/ads/funnel-diagnosis`: which layer of the funnel holds one ad back."""
    ranks = {layer: _percentile(layer, query.ad_external_id) for layer in _LAYERS}
    weakest = min(_LAYERS, key=ranks.__getitem__)
    layers = [
        {
            "layer": layer,
            "percentile": rank,
            "smoothed_metric": round(rank / 1000, 4),
            "sample_n": 1000,
            "is_weakest_layer": layer == weakest,
            "diagnostic_codes": [f"low_{layer}"] if layer == weakest else [],
            "recommended_priority": 1 if layer == weakest else 2,
            "maturity_stage": "mature",
            "truth_grade": "cash",
        }
        for layer, rank in ranks.items()
    ]
    return {
        "ad_external_id": query.ad_external_id,
        "score_window": query.window,
        "weakest_layer": weakest,
        "recommended_priority": 1,
        "layers": layers,
    }


def compare(_view: View, query: Query) -> Row:
    """Answer `/ads/compare`: the features in which two ads differ most."""
    features: list[Row] = []
    for layer in _LAYERS[: query.top_n]:
        a, b = _percentile(layer, query.ad_a), _percentile(layer, query.ad_b)
        features.append(
            {
                "feature_name": layer,
                "value_a": a,
                "value_b": b,
                "delta": round(a - b, 1),
                "model_contribution_a": round(a / 100, 3),
                "model_contribution_b": round(b / 100, 3),
                "contribution_delta_abs": round(abs(a - b) / 100, 3),
            }
        )
    return {
        "ad_external_id_a": query.ad_a,
        "ad_external_id_b": query.ad_b,
        "score_window": query.window,
        "features": features,
    }
