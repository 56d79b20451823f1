"""Answers about where ads are heading (section 3.4 of the contract): trajectory, forecast, fatigue risk."""

from collections.abc import Iterator

from sandbox.atribu.answers.creative import ads_of, score_of, scored, window_days
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
    return dict.fromkeys(_UNSCORED) | {
        "snapshot_date": day_name(day),
        **delivery(sums),
        "ctr": percent(sums.clicks, sums.impressions),
        "attributed_revenue": money(sums.revenue),
        "attributed_outcomes_total": sums.credited,
        "composite_score": score_of(ad),
        "maturity_stage": "mature",
        "truth_grade": "cash",
        "primary_outcome_kind": "payment_received",
    }


def forecast(view: View, query: Query) -> Row:
    """Answer `/ads/forecast`: the last two weeks of one ad; this world has no forecast model, so `cfs` is null."""
    days = list(_by_day(view, query.ad_external_id, _TRAJECTORY_DAYS))
    launched = {"event_date": day_name(view.first_day), "event_type": "launched", "lifecycle_seq": 1}
    return {
        "ad_external_id": query.ad_external_id,
        "score_window": query.window,
        "cfs": None,
        "trajectory_last_14d": [{"day": day_name(day)} | delivery(sums) for day, _, sums in days],
        "lifecycle_history": [launched] if days else [],
    }


def fatigue_risk(view: View, query: Query) -> Row:
    """Answer `/ads/fatigue-risk`: ads that spent enough, lowest score first."""
    ads = [
        {
            "ad_external_id": ad.external_id,
            "ad_name": ad.ad_name,
            "spend": money(sums.spend),
            "hazard_30d_degradation": round(1 - score_of(ad) / 100, 3),
        }
        for ad, sums in scored(view, query)
    ]
    return {"score_window": query.window, "top_n": query.top, "min_spend": query.min_spend, "ads": ads[: query.top]}


def forecast_outlook(view: View, query: Query) -> Row:
    """Answer `/forecast-outlook`: an untyped object; here the spend that the window would repeat."""
    spend = sum(sums.spend for _, sums in ads_of(view, window_days(view, query.window)))
    return {"score_window": query.window, "expected_spend": money(spend)}
