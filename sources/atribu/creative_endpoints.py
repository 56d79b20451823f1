"""Endpoints about creatives and ads, all of them snapshots that are off by default."""

from dataclasses import replace
from functools import partial
from typing import Final

from sources.atribu import creative_columns
from sources.atribu.api import CAMPAIGNS, CAPPED, LIMIT, SPEC
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ForEach

PERFORMER_FILTERS: Final = ("min_spend", "objectives", "truth_grades", "formats", "has_video")
"""Query parameters by which `top_performers` can be asked in parts, none of which is cut off."""

_WINDOW: Final = replace(creative_columns.SCORE_WINDOW, path="window")
"""Sent as `window`, but for `ads_forecast`."""

_EVERY_AD: Final = ForEach(
    params=("ad_external_id",),
    endpoint="top_performers",
    column="ad_external_id",
    shared=(creative_columns.SCORE_WINDOW.name,),
)

_creative: Final = partial(Endpoint, kind=Kind.SNAPSHOT, docs_url=SPEC, variant_columns=(_WINDOW,), default=False)

CREATIVE: Final = (
    _creative(
        name="top_performers",
        path="/top-performers",
        description="Best ads by composite score; scores are rebuilt once a day.",
        columns=creative_columns.TOP_PERFORMERS,
        lists=creative_columns.TOP_PERFORMERS_LISTS,
        params=CAPPED,
        cap=LIMIT,
        for_each=ForEach(params=PERFORMER_FILTERS, option="top_performer_filters", queries=True),
    ),
    _creative(
        name="creative_patterns",
        path="/creative-patterns",
        description="What winning creatives have in common.",
        columns=creative_columns.CREATIVE_PATTERNS,
        lists=(creative_columns.EXEMPLARS,),
        rows="data.patterns",
    ),
    _creative(
        name="archetypes",
        path="/archetypes",
        description="Creative archetypes of the whole workspace, not only of the profile.",
        columns=creative_columns.ARCHETYPES,
        lists=(creative_columns.EXEMPLARS,),
        rows="data.archetypes",
    ),
    _creative(
        name="ads_funnel_diagnosis",
        path="/ads/funnel-diagnosis",
        scope=CAMPAIGNS,
        description="Funnel layers of each top performer.",
        columns=creative_columns.FUNNEL_DIAGNOSIS,
        lists=(creative_columns.DIAGNOSTIC_CODES,),
        rows="data.layers",
        for_each=_EVERY_AD,
    ),
    _creative(
        name="ads_compare",
        path="/ads/compare",
        description="Features of configured pairs of ads, side by side.",
        columns=creative_columns.COMPARE,
        rows="data.features",
        for_each=ForEach(params=("ad_a", "ad_b"), option="compare_ads"),
    ),
    _creative(
        name="ads_trajectory",
        path="/ads/trajectory",
        description="Daily scores of each top performer; days that the API does not answer any more stay.",
        columns=creative_columns.TRAJECTORY,
        rows="data.points",
        params={"days_back": "60"},
        for_each=_EVERY_AD,
        history=True,
    ),
    _creative(
        name="ads_forecast",
        path="/ads/forecast",
        description="Forecast of each top performer.",
        variant_columns=(creative_columns.SCORE_WINDOW,),
        columns=creative_columns.FORECAST,
        lists=creative_columns.FORECAST_LISTS,
        single=True,
        for_each=_EVERY_AD,
    ),
)
