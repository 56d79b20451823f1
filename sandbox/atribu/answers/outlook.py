"""Answers about where ads are heading (section 3.4 of the contract): trajectory, forecast, fatigue risk."""

from collections.abc import Iterator
from operator import itemgetter

from sandbox.atribu.answers.creative import ads_of, is_scored, predictions, score_of, scored, window_days
from sandbox.atribu.answers.shapes import day_name, delivery, money, percent
from sandbox.atribu.facts.events import Ad
from sandbox.atribu.facts.figures import Figures
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row

_TRAJECTORY_DAYS = 14
_UNSCORED = (
    "smoothed_hook_rate",
    "smoothed_retention_rate",
    "smoothed_ctr",
    "smoothed_roas",
    "pct_delivery",
    "pct_attention",
    "pct_retention",
    "pct_click_intent",
    "pct_attributed_revenue",
    "messaging_conversations_started",
    "refund_rate",
    "delta_composite_vs_prev",
)


def _by_day(view: View, ad_external_id: str, days: int) -> Iterator[tuple[int, Ad, Figures]]:
    for day in view.clip(view.last + 1 - days, view.last):
        yield from (
            (day, ad, sums) for ad, sums in ads_of(view, range(day, day + 1)) if ad.external_id == ad_external_id
        )


def trajectory(view: View, query: Query) -> Row:
    """Answer `/ads/trajectory`: one ad by day; no points for an unknown ad."""
    return {
        "ad_external_id": query.ad_external_id,
        "score_window": query.window,
        "days_back": query.days_back,
        "points": [_point(*item) for item in _by_day(view, query.ad_external_id, query.days_back)],
    }


def _point(day: int, ad: Ad, sums: Figures) -> Row:
    reported: Row = delivery(sums)
    return dict.fromkeys(_UNSCORED) | {
        "snapshot_date": day_name(day),
        **(reported if sums.spend else dict.fromkeys(reported)),
        "ctr": percent(sums.clicks, sums.impressions),
        "attributed_revenue": money(sums.revenue),
        "attributed_outcomes_total": sums.credited,
        "composite_score": score_of(ad),
        "maturity_stage": "mature",
        "truth_grade": "cash",
        "primary_outcome_kind": "payment_received",
    }


def forecast(view: View, query: Query) -> Row:
    """Answer `/ads/forecast`: the last two weeks of one ad, and what models say of it; null where nobody knows it."""
    days = list(_by_day(view, query.ad_external_id, _TRAJECTORY_DAYS))
    launched = {"event_date": day_name(view.first_day), "event_type": "launched", "lifecycle_seq": 1}
    return {
        "ad_external_id": query.ad_external_id,
        "score_window": query.window,
        "cfs": next((predictions(ad) for _, ad, _ in days), None),
        "trajectory_last_14d": [{"day": day_name(day)} | delivery(sums) for day, _, sums in days],
        "lifecycle_history": [launched] if days else [],
    }


def fatigue_risk(view: View, query: Query) -> Row:
    """Answer `/ads/fatigue-risk`: ads at high or critical risk that spent enough, most spend at risk first."""
    rows = [
        {"ad_external_id": ad.external_id, "spend": money(sums.spend), "risk_rank_score": _at_risk(ad, sums), **told}
        for ad, sums in scored(view, query)
        if is_scored(ad)
        for told in [_risk(ad)]
        if told["fatigue_risk_tier"] in {"high", "critical"}
    ]
    rows.sort(key=itemgetter("risk_rank_score"), reverse=True)
    return {"score_window": query.window, "top_n": query.top, "min_spend": query.min_spend, "ads": rows[: query.top]}


def _risk(ad: Ad) -> Row:
    names = ("fatigue_risk_tier", "hazard_30d_pause", "hazard_30d_degradation", "expected_lifespan_days")
    return {name: value for name, value in predictions(ad).items() if name in names}


def _at_risk(ad: Ad, sums: Figures) -> float:
    return round((1 - score_of(ad) / 100) * money(sums.spend), 4)


def forecast_outlook(view: View, query: Query) -> Row:
    """Answer `/forecast-outlook`: one object, of which the document names these figures and types none."""
    ads = [(ad, sums) for ad, sums in ads_of(view, window_days(view, query.window)) if is_scored(ad)]
    at_risk = [sums for ad, sums in ads if _risk(ad)["fatigue_risk_tier"] in {"high", "critical"}]
    return {
        "score_window": query.window,
        "n_emerging_top_performers": len(ads) - len(at_risk),
        "n_at_risk_top_performers": len(at_risk),
        "projected_budget_at_risk": money(sum(sums.spend for sums in at_risk)),
    }
