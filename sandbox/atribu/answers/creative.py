"""Answers about ads as creatives (section 3.3 of the contract): rolling windows that end today.

Spend, impressions, clicks and outcomes come from the events of the world; scores and labels, which no event explains,
are drawn from each ad's id, so they never change. What may be null is null for some ads, and what may be absent is
absent from some.
"""

from typing import Any

from sandbox.atribu.answers.shapes import money, percent, ratio
from sandbox.atribu.facts.events import MICROS_PER_CENT, Ad
from sandbox.atribu.facts.figures import NOTHING, Figures, by_ad
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row
from sandbox.worlds.chance import chance, seeded

_WINDOW_DAYS = {"7d": 7, "14d": 14, "28d": 28}
_WINNING_SCORE = 60
_MICROS_PER_UNIT = 100 * MICROS_PER_CENT
_FIX = {
    "delivery": "increase_spend",
    "attention": "fix_hook",
    "retention": "improve_creative_clarity",
    "click_intent": "fix_offer_or_audience",
    "postclick_messaging": "fix_landing_or_offer",
    "attributed_revenue": "rework_offer_or_landing",
    "platform_diagnostics": "maintain",
}
_LAYERS = tuple(_FIX)
_NO_FIX = "maintain"
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


def _some(ad_external_id: str, **values: object) -> Row:
    """Give fields that may be null; each is for one ad in six."""
    return {
        name: None if chance(seeded(name, "is null", ad_external_id), 1 / 6) else value
        for name, value in values.items()
    }


def predictions(ad: Ad) -> Row:
    """Write what models say of an ad; nothing of one that no model has scored, and no degradation of some others."""
    score = score_of(ad)
    told: Row = {
        "forecast_outcomes_7d": round(score / 8, 2),
        "forecast_outcomes_7d_low": round(score / 16, 2),
        "forecast_outcomes_7d_high": round(score / 4, 2),
        "forecast_confidence": "medium",
        "hazard_30d_pause": round(1 - score / 100, 3),
        **_some(ad.external_id, hazard_30d_degradation=round(1 - score / 90 if score < 90 else 0.0, 3)),  # noqa: PLR2004 - made up
        "fatigue_state": "active",
        "fatigue_risk_tier": "critical" if score < 25 else "high" if score < _WINNING_SCORE else "low",  # noqa: PLR2004 - made up
        "expected_lifespan_days": round(score * 1.1, 1),
    }
    return told if is_scored(ad) else dict.fromkeys(told)


def is_scored(ad: Ad) -> bool:
    """Tell whether models know an ad; the others are too young for them."""
    return not chance(seeded("cold", ad.external_id), 1 / 6)


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
        **_some(ad.external_id, ad_name=ad.ad_name, campaign_name=ad.campaign_name, ad_set_name=ad.ad_set_name),
        **_some(ad.external_id, creative_thumbnail_url=f"https://cdn.example.com/{ad.external_id}.jpg"),
        "video_id": f"v{ad.external_id}" if creative_format == "video" else None,
        "score_window": query.window,
        "composite_score": score,
        "top_performer_likelihood": round(score / 100, 3) if is_scored(ad) else None,
        "model_version": 3.1 if is_scored(ad) else None,
        "score_source": "model" if is_scored(ad) else "rules",
        "maturity_stage": "mature" if is_scored(ad) else "cold",
        "truth_grade": "cash" if payments else "attributed" if sums.credited else "pipeline",
        "primary_outcome_kind": "payment_received" if payments else "lead_created",
        **_some(ad.external_id, cohort_key=f"{creative_format}:cold"),
        "cohort_objective": "sales" if ad.channel == "Paid Social" else "leads",
        "cohort_format": creative_format,
        "cohort_n_ads": 12,
        "creative_format": creative_format,
        **_some(ad.external_id, cohort_audience_warmth="cold", cta_type="learn_more", hook_type=_label(ad, "hook")),
        **_some(ad.external_id, primary_angle=_label(ad, "angle")),
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
        **_some(ad.external_id, cost_per_conversation=2.5, first_reply_rate=0.4, avg_engagement_score=score / 10),
        "messaging_conversations_started": 3,
        "reason_codes": _reasons(ad, score),
        **predictions(ad),
    }


def _reasons(ad: Ad, score: float) -> list[Row]:
    """Say why an ad scores as it does; a code and the value behind it are sent for some ads only."""
    attention: Row = {"layer": "attention", "polarity": "strength", "percentile": score, "sample_confidence": "high"}
    delivery: Row = {"layer": "delivery", "polarity": "fatigue", "percentile": None, "sample_confidence": "low"}
    if not is_scored(ad):
        return [attention]
    return [
        attention | {"code": "attention_above_p75", "metric_value": round(score / 300, 4)},
        delivery | {"metric_value": None},
    ]


def creative_patterns(view: View, query: Query) -> Row:
    """Answer `/creative-patterns`: how often ads with one hook win."""
    patterns: list[Row] = [
        {
            "pattern_dim": "hook_type",
            "pattern_value": hook,
            "pattern_label": hook.capitalize(),
            **_some(hook, pattern_description=f"Opens with a {hook}", pattern_winning_signal="attention"),
            **_wins(view, ads, "sample_n", "winner_n"),
        }
        for hook, ads in _clusters(view, "hook").items()
        if len(ads) >= query.min_cluster_size
    ]
    unnamed = [ad for ad in view.ads if not is_scored(ad)]
    if len(unnamed) >= query.min_cluster_size:
        nothing = dict.fromkeys(("pattern_value", "pattern_label", "pattern_description", "pattern_winning_signal"))
        patterns.append({"pattern_dim": "cta_type", **nothing, **_wins(view, unnamed, "sample_n", "winner_n")})
    return {"patterns": patterns, "score_window": query.window, "min_cluster_size": query.min_cluster_size}


def archetypes(view: View, query: Query) -> Row:
    """Answer `/archetypes`: how often ads with one angle win."""
    found = [
        {
            "archetype_cluster": cluster,
            **_some(angle, label=angle.capitalize(), description=f"Argues with {angle}", winning_signal="click_intent"),
            **_wins(view, ads, "n_ads", "n_winners"),
        }
        for cluster, (angle, ads) in enumerate(_clusters(view, "angle").items())
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


def funnel_diagnosis(view: View, query: Query) -> Row:
    """Answer `/ads/funnel-diagnosis`: which layer of the funnel holds one ad back.

    Of an ad that no model knows there is one layer, which says so.
    """
    known = [ad for ad in view.ads if ad.external_id == query.ad_external_id and is_scored(ad)]
    ranks = {layer: _percentile(layer, query.ad_external_id) for layer in _LAYERS} if known else {}
    weakest = min(ranks, key=ranks.__getitem__, default=None)
    layers = [_layer(query.ad_external_id, layer, rank, weakest) for layer, rank in ranks.items()]
    return {
        "ad_external_id": query.ad_external_id,
        "score_window": query.window,
        "weakest_layer": weakest,
        "recommended_priority": _FIX[weakest] if weakest else "increase_spend",
        "layers": layers or [_layer(query.ad_external_id, "no_data", None, weakest)],
    }


def _layer(ad_external_id: str, layer: str, rank: float | None, weakest: str | None) -> Row:
    codes = [f"{layer}_below_p25_at_mature_stage"] if layer == weakest else []
    return {
        "layer": layer,
        "percentile": rank,
        **_some(f"{layer} {ad_external_id}", smoothed_metric=rank and round(rank / 1000, 4), sample_n=rank and 1000),
        "is_weakest_layer": layer == weakest,
        "diagnostic_codes": codes if rank is not None else ["spend_below_learning_phase"],
        "recommended_priority": "increase_spend" if rank is None else _FIX[layer] if layer == weakest else _NO_FIX,
        "maturity_stage": None if rank is None else "mature",
        "truth_grade": None if rank is None else "attributed",
    }


def compare(_view: View, query: Query) -> Row:
    """Answer `/ads/compare`: the features that part two ads most, largest gap first; one says nothing of either."""
    found = [_compared(layer, query) for layer in _LAYERS]
    gaps = sorted(found, key=lambda row: (-row["contribution_delta_abs"], row["feature_name"]))
    nothing = dict.fromkeys(
        ("value_a", "value_b", "delta", "model_contribution_a", "model_contribution_b", "contribution_delta_abs")
    )
    return {
        "ad_external_id_a": query.ad_a,
        "ad_external_id_b": query.ad_b,
        "score_window": query.window,
        "features": [*gaps, {"feature_name": "narrative_arc", **nothing}][: query.top_n],
    }


def _compared(layer: str, query: Query) -> dict[str, Any]:
    a, b = _percentile(layer, query.ad_a), _percentile(layer, query.ad_b)
    return {
        "feature_name": layer,
        "value_a": str(a),
        "value_b": str(b),
        "delta": round(a - b, 1),
        "model_contribution_a": round(a / 100, 3),
        "model_contribution_b": round(b / 100, 3),
        "contribution_delta_abs": round(abs(a - b) / 100, 3),
    }
