"""Answers of the campaign endpoints (sections 3.1 and 3.2 of the contract)."""

from collections import defaultdict

from sandbox.atribu.answer import Answer, Row, day_name, money, ratio
from sandbox.atribu.query import Query
from sandbox.atribu.view import View

_FIELDS = {
    "campaign": ("campaign_id", "campaign_name"),
    "ad_set": ("campaign_id", "campaign_name", "ad_set_id", "ad_set_name"),
    "ad": ("campaign_id", "campaign_name", "ad_set_id", "ad_set_name", "ad_id", "ad_name"),
}
LEVELS = frozenset(_FIELDS)


def campaigns(view: View, query: Query) -> Answer:
    """Answer `/campaigns`: spend and credited outcomes by campaign, ad set or ad, most valuable first.

    Whatever spent or earned something in the range is listed; outcomes count every goal, values are cash.
    """
    entity = f"{query.level}_id"
    examples = {getattr(ad, entity): ad for ad in view.ads}
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for day in view.clip(query.first, query.last):
        for report in view.ad_days(day):
            sums[getattr(report.ad, entity)][0] += report.spend
        for ad, (count, value) in view.by_ad(day, query.model).items():
            if ad is not None:
                total = sums[getattr(ad, entity)]
                total[1] += count
                total[2] += value
    ranked = sorted(sums.items(), key=lambda item: (-item[1][2], -item[1][0], item[0]))
    rows: list[Row] = [
        {field: getattr(examples[key], field) for field in _FIELDS[query.level]}
        | {
            "spend": money(spend),
            "outcome_count": count,
            "outcome_value": money(value),
            "roas": ratio(value, spend),
        }
        for key, (spend, count, value) in ranked
    ]
    return Answer(query.cut(rows))


def trend(view: View, query: Query) -> Answer:
    """Answer `/campaigns/trend`: spend, impressions and clicks by day for each id asked for."""
    entity = f"{query.level}_id"
    held = view.clip(query.first, query.last)
    known = {getattr(ad, entity) for ad in view.ads}
    rows: list[Row] = []
    for day in range(query.first, query.last + 1):
        sums: dict[str, list[int]] = {}
        for report in view.ad_days(day) if day in held else ():
            total = sums.setdefault(getattr(report.ad, entity), [0, 0, 0])
            total[0] += report.spend
            total[1] += report.impressions
            total[2] += report.clicks
        for entity_id in query.entity_ids:
            if entity_id in sums or (query.zero_fill and entity_id in known):
                spend, impressions, clicks = sums.get(entity_id, (0, 0, 0))
                rows.append(
                    {
                        "entity_id": entity_id,
                        "date": day_name(day),
                        "spend": money(spend),
                        "impressions": impressions,
                        "clicks": clicks,
                    }
                )
    return Answer(rows)
