"""Answers about where ads are heading (section 3.4 of the contract): trajectory, forecast, fatigue risk."""

from sandbox.atribu.answer import Answer, Row, day_name, money, percent
from sandbox.atribu.events import MICROS_PER_CENT
from sandbox.atribu.query import Query
from sandbox.atribu.records import Record, records_of, score_of, window_days
from sandbox.atribu.view import View

_MICROS = 100 * MICROS_PER_CENT
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


def _daily(view: View, ad_external_id: str, days: int) -> list[tuple[int, Record]]:
    found = []
    for day in view.clip(view.last + 1 - days, view.last):
        records = records_of(view, range(day, day + 1))
        found += [(day, record) for record in records if record.ad.external_id == ad_external_id]
    return found


def trajectory(view: View, query: Query) -> Answer:
    """Answer `/ads/trajectory`: one ad by day; no points for an unknown ad."""
    return Answer(
        {
            "ad_external_id": query.ad_external_id,
            "score_window": query.window,
            "days_back": query.days_back,
            "points": [_point(day, record) for day, record in _daily(view, query.ad_external_id, query.days_back)],
        }
    )


def _point(day: int, record: Record) -> Row:
    return dict.fromkeys(_UNSCORED) | {
        "snapshot_date": day_name(day),
        "spend": money(record.spend),
        "impressions": record.impressions,
        "clicks": record.clicks,
        "ctr": percent(record.clicks, record.impressions),
        "attributed_revenue": money(record.cash),
        "attributed_outcomes_total": record.cash_outcomes + record.pipeline_outcomes,
        "composite_score": score_of(record.ad),
        "maturity_stage": "mature",
        "truth_grade": "cash",
        "primary_outcome_kind": "payment_received",
    }


def forecast(view: View, query: Query) -> Answer:
    """Answer `/ads/forecast`: the last two weeks of one ad; this world has no forecast model, so `cfs` is null."""
    days = _daily(view, query.ad_external_id, _TRAJECTORY_DAYS)
    return Answer(
        {
            "ad_external_id": query.ad_external_id,
            "score_window": query.window,
            "cfs": None,
            "trajectory_last_14d": [
                {
                    "day": day_name(day),
                    "spend": money(record.spend),
                    "impressions": record.impressions,
                    "clicks": record.clicks,
                }
                for day, record in days
            ],
            "lifecycle_history": [
                {"event_date": day_name(view.first_day), "event_type": "launched", "lifecycle_seq": 1}
            ]
            if days
            else [],
        }
    )


def fatigue_risk(view: View, query: Query) -> Answer:
    """Answer `/ads/fatigue-risk`: ads that spent enough, lowest score first."""
    records = records_of(view, window_days(view, query.window))
    spending = [record for record in records if record.spend >= query.min_spend * _MICROS]
    ads = [
        {
            "ad_external_id": record.ad.external_id,
            "ad_name": record.ad.ad_name,
            "spend": money(record.spend),
            "hazard_30d_degradation": round(1 - score_of(record.ad) / 100, 3),
        }
        for record in sorted(spending, key=lambda record: (score_of(record.ad), record.ad.ad_id))
    ]
    return Answer(
        {"score_window": query.window, "top_n": query.top, "min_spend": query.min_spend, "ads": ads[: query.top]}
    )


def forecast_outlook(view: View, query: Query) -> Answer:
    """Answer `/forecast-outlook`: an untyped object; here the spend that the window would repeat."""
    spend = sum(record.spend for record in records_of(view, window_days(view, query.window)))
    return Answer({"score_window": query.window, "expected_spend": money(spend)})
