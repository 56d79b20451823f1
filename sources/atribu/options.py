"""What can be set under `[sources.atribu]`, by file or environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

from sources.atribu.api import ATRIBU, NOT_ANALYTICS
from sources.atribu.columns import PROFILE_ID
from sources.atribu.creative_endpoints import PERFORMER_FILTERS
from sources.atribu.endpoints import asked_with
from sources.rest.catalogue.declared import declared
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.options.common import CommonOptions
from sources.rest.reading.tasks import VariantValues

MODELS: Final = (
    "last_touch",
    "first_touch",
    "linear",
    "time_decay",
    "last_non_direct",
    "split_50_50",
    "position_based",
    "custom_weighted",
)
"""Documented attribution models, https://www.atribu.app/docs/api/overview; newer servers list only the first five."""

SCORE_WINDOWS: Final = ("7d", "14d", "28d", "lifetime")
LEVELS: Final = ("campaign", "ad_set", "ad")
TRAJECTORY_DAYS_MAX: Final = 365
_KEY: Final = re.compile(r"atb_live_[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Options(CommonOptions):
    """Options of the Atribu source, beside the common ones.

    Args:
        reporting_currency: the profile's currency, which the API does not tell; kept in the table `profile`.
        models: attribution models to load.
        levels: levels of `campaigns` to load.
        entity_ids_separator: joins ids in one call of `campaigns_trend`, `ad_sets_trend` and `ads_trend`.
        entity_ids_per_call: ids in one such call.
        goals: conversion types of which `customers` are loaded; without them, those of the goals that the API names.
        score_windows: rolling windows for which the ad and creative resources are loaded, side by side.
        trajectory_days: days back that `ads_trajectory` asks for, at most 365; older ones that are loaded stay.
        top_performer_filters: `top_performers` is asked for once with each of these, as `has_video=true` or with `&`
            between several, and holds what all of them answer; each may list 100 ads.
        endpoints: further endpoints to read.
        compare_ads: pairs of ads for `ads_compare`, each as `first:second`.

    Raises:
        ConfigurationError: a value cannot work.
    """

    history_days: ClassVar[int] = 90  # the longest attribution window that Atribu starts with

    base_url: str = "https://www.atribu.app/api/v1"
    reporting_currency: str | None = None
    models: tuple[str, ...] = ("last_touch",)
    levels: tuple[str, ...] = LEVELS
    entity_ids_separator: str = ","
    entity_ids_per_call: int = 50
    goals: tuple[str, ...] = ()
    score_windows: tuple[str, ...] = ("28d",)
    trajectory_days: int = 60
    top_performer_filters: tuple[str, ...] = ()
    compare_ads: tuple[str, ...] = ()
    endpoints: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for name in ("api_key", "next_api_key"):
            key = getattr(self, name)
            if key is not None and not _KEY.fullmatch(key):
                raise ConfigurationError(f"{name} is not an Atribu key; it has the form atb_live_...")
        super().__post_init__()
        self.check_positive("entity_ids_per_call", "trajectory_days")
        for name, known in (("models", MODELS), ("levels", LEVELS), ("score_windows", SCORE_WINDOWS)):
            values = getattr(self, name)
            if not values:
                raise ConfigurationError(f"option {name} is empty; name at least one of {', '.join(known)}")
            for value in values:
                if value not in known:
                    raise ConfigurationError(
                        f"{value!r} is not one of the {name}{did_you_mean(value, dict.fromkeys(known))}"
                    )
        _check_ads(self)
        self.catalogue  # noqa: B018 - a declaration that cannot work is refused at once
        for pair in self.compare_ads:
            if len(pair.split(":")) != 2 or not all(pair.split(":")):  # noqa: PLR2004 - a pair
                raise ConfigurationError(f"option compare_ads takes pairs as first:second, not {pair!r}")

    @cached_property
    def catalogue(self) -> Mapping[str, Endpoint]:
        """Endpoints by name, asked as the options have it: the documented ones and those that are declared."""
        found = dict(
            asked_with(
                separator=self.entity_ids_separator,
                per_call=self.entity_ids_per_call,
                days_back=self.trajectory_days,
            )
        )
        personal = {row.path.split("/")[1] for row in found.values() if row.pii}
        for row in self.endpoints:
            taken = {table for endpoint in found.values() for table in endpoint.tables}
            one = declared(
                row,
                source=ATRIBU.name,
                usual=ATRIBU.date_range,
                by={},
                taken=taken,
                own=(PROFILE_ID,),
                grain=self.grain,
            )
            if {part.casefold() for part in one.path.split("/")} & (personal | NOT_ANALYTICS):
                raise ConfigurationError(
                    f"[[sources.{ATRIBU.name}.endpoints]] {one.name!r}: what {one.path} answers may be personal, and a"
                    " declared endpoint is loaded without any policy"
                )
            found[one.name] = replace(one, tenant=PROFILE_ID)
        return self.wanted(found)

    @property
    def values(self) -> VariantValues:
        """Values of the query parameters that multiply calls."""
        return {
            "model": self.models,
            "level": self.levels,
            "goal": self.goals,
            "score_window": self.score_windows,
        }


def _check_ads(options: Options) -> None:
    """See that ads can be asked for as the options say.

    Raises:
        ConfigurationError: a query names no filter, or a filter without a value; more days than the API answers.
    """
    if options.trajectory_days > TRAJECTORY_DAYS_MAX:
        raise ConfigurationError(f"option trajectory_days cannot be above {TRAJECTORY_DAYS_MAX}")
    for part in (part for text in options.top_performer_filters for part in text.split("&")):
        name, _, value = part.partition("=")
        if name not in PERFORMER_FILTERS or not value:
            raise ConfigurationError(
                f"option top_performer_filters takes {', '.join(PERFORMER_FILTERS)} as name=value, not {part!r}"
            )
