"""Answers of the campaign endpoints (sections 3.1 and 3.2 of the contract)."""

from sandbox.atribu.answers.shapes import day_name, delivery, money, ratio
from sandbox.atribu.facts.events import LEVELS, Ad
from sandbox.atribu.facts.figures import NOTHING, by_ad, spent
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row
from sandbox.worlds.sums import add_up, ranked


def campaigns(view: View, query: Query) -> list[Row]:
    """Answer `/campaigns`: spend and credited outcomes by campaign, ad set or ad, most valuable first.

    Whatever spent or earned something in the range is listed; outcomes count every goal, values are cash. How an ad set
    or an ad is named is up to the setting `levels`.
    """
    entity = f"{query.level}_id"
    examples = {getattr(ad, entity): ad for ad in view.ads}
    ads = by_ad(view, query.days(view), query.model)
    sums = add_up((getattr(ad, entity), figures) for ad, figures in ads.items())
    rows: list[Row] = [
        _named(examples[key], query)
        | {
            "spend": money(figures.spend),
            "outcome_count": figures.credited,
            "outcome_value": money(figures.revenue),
            "roas": ratio(figures.revenue, figures.spend),
        }
        for key, figures in ranked(sums, "revenue", "spend")
    ]
    return query.cut(rows)


def _named(ad: Ad, query: Query) -> Row:
    """Write the fields that name a row; documented are only those of a campaign, whatever the level."""
    if query.levels == "in_campaign_id":
        return {"campaign_id": getattr(ad, f"{query.level}_id"), "campaign_name": getattr(ad, f"{query.level}_name")}
    fields = LEVELS[query.level if query.levels == "own_ids" else "campaign"]
    return {field: getattr(ad, field) for field in fields}


def trend(view: View, query: Query) -> list[Row]:
    """Answer `/campaigns/trend`: spend, impressions and clicks by day for each id asked for."""
    entity = f"{query.level}_id"
    known = {getattr(ad, entity) for ad in view.ads}
    rows: list[Row] = []
    for day in range(query.first, query.last + 1):
        ads = spent(view, view.clip(day, day))
        sums = add_up((getattr(ad, entity), figures) for ad, figures in ads.items())
        for entity_id in query.entity_ids:
            if entity_id in sums or (query.zero_fill and entity_id in known):
                row: Row = {"entity_id": entity_id, "date": day_name(day)}
                rows.append(row | delivery(sums.get(entity_id, NOTHING)))
    return rows
