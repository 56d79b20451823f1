"""What each ad did in a rolling window that ends today, and its score."""

from dataclasses import dataclass

from sandbox.atribu.events import GOALS, Ad
from sandbox.atribu.view import View
from sandbox.dice import dice

_WINDOW_DAYS = {"7d": 7, "14d": 14, "28d": 28}


@dataclass(slots=True)
class Record:
    """What one ad did in a window; money is micros, `pipeline` everything that is not cash."""

    ad: Ad
    spend: int = 0
    impressions: int = 0
    clicks: int = 0
    cash_outcomes: int = 0
    cash: int = 0
    pipeline_outcomes: int = 0
    pipeline: int = 0


def window_days(view: View, window: str) -> range:
    """Give the days of a rolling window: `7d`, `14d`, `28d` or `lifetime`."""
    return view.clip(view.last + 1 - _WINDOW_DAYS[window] if window in _WINDOW_DAYS else view.first_day, view.last)


def records_of(view: View, days: range) -> list[Record]:
    """Add up what every ad did on `days`, credited by last touch."""
    records = {ad: Record(ad) for ad in view.ads}
    for day in days:
        for report in view.ad_days(day):
            record = records[report.ad]
            record.spend += report.spend
            record.impressions += report.impressions
            record.clicks += report.clicks
        for conversion, visit, count, cash in view.credits(day, "last_touch"):
            if visit.ad is None:
                continue
            record = records[visit.ad]
            if GOALS[conversion.goal] == "cash":
                record.cash_outcomes += count
                record.cash += cash
            else:
                record.pipeline_outcomes += count
                record.pipeline += conversion.value
    return list(records.values())


def score_of(ad: Ad) -> float:
    """Give the composite score of an ad, 0 to 100; no event explains it, so it is drawn from the id."""
    return round(dice("score", ad.external_id).uniform(10, 95), 1)
