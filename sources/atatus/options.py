"""What can be set under `[sources.atatus]`, by file or environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

from sources.atatus.auth import METHODS, Place
from sources.atatus.endpoints import ATATUS, ENDPOINTS, PROJECT, PROJECT_NAME
from sources.rest.catalogue.api import Api, DateRange, RangeDoubt
from sources.rest.catalogue.declared import declared
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.options.common import CommonOptions
from sources.rest.reading.tasks import VariantValues

SEPARATORS: Final[Mapping[str, tuple[str, str]]] = {"+": ("+", "+:"), "%20": (" ", ":"), "%2B": ("+", ":")}
"""Between day and time in a query -> (what stands there before it is encoded, what is not encoded)."""

ENDS: Final = ("exclusive", "inclusive")
_KEY: Final = re.compile(r"[!-~]+")
_PROJECT: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class Options(CommonOptions):
    """Options of the Atatus source, beside the common ones.

    Args:
        projects: ids of the projects to load, each with the name that its rows get; empty for none.
        auth: where the key travels: header or query.
        time_separator: what stands between day and time in a query, as it is sent: `+`, `%20` or `%2B`.
        window_end: whether the minute that `timeEnd` names belongs to the range: exclusive or inclusive.
        endpoints: further endpoints to read.

    Raises:
        ConfigurationError: a value cannot work.
    """

    history_days: ClassVar[int] = 30

    base_url: str = "https://api.atatus.com/v2"
    horizon_days: int = 30  # the longest time that the vendor's examples ask for at once is a month
    rate_limit: int = 30  # the vendor names no limit
    max_in_flight: int = 4
    projects: Mapping[str, str]
    auth: str = Place.HEADER.value
    time_separator: str = "+"
    window_end: str = ENDS[0]
    endpoints: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.api_key):
            raise ConfigurationError("api_key holds characters that no key has, such as a space")
        super().__post_init__()
        for name, known in (("auth", [*Place]), ("time_separator", [*SEPARATORS]), ("window_end", [*ENDS])):
            if getattr(self, name) not in known:
                raise ConfigurationError(f"option {name} is one of {', '.join(known)}, not {getattr(self, name)!r}")
        if "GET" not in METHODS[Place(self.auth)]:
            raise ConfigurationError(
                f"option auth = {self.auth} sends the key in the {self.auth} of POST and PUT, but everything that is"
                " read is a GET; set header or query"
            )
        for project in self.projects:
            if not _PROJECT.fullmatch(project):
                raise ConfigurationError(f"option projects holds {project!r}, which is not the id of a project")
        if not self.projects:
            raise ConfigurationError("option projects is empty; name at least one project by its id")
        self.catalogue  # noqa: B018 - a declaration that cannot work is refused at once

    @property
    def values(self) -> VariantValues:
        """Values of the parameters that multiply calls."""
        return {PROJECT.name: tuple(self.projects)}

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Names of projects."""
        return {PROJECT.name: self.projects}

    @property
    def api(self) -> Api:
        """The vendor's conventions, as far as they are known and as the options have the rest."""
        doubt = RangeDoubt(
            option="window_end",
            configured=self.window_end,
            spellings={
                f'time_separator = "{one}"': self._date_range(one) for one in SEPARATORS if one != self.time_separator
            },
        )
        return replace(ATATUS, date_range=self._date_range(self.time_separator), range_doubt=doubt)

    def _date_range(self, separator: str) -> DateRange:
        between, literal = SEPARATORS[separator]
        usual = ATATUS.date_range
        return replace(
            usual, format=usual.format.replace("+", between), end_exclusive=self.window_end == ENDS[0], literal=literal
        )

    @cached_property
    def catalogue(self) -> Mapping[str, Endpoint]:
        """Endpoints by name: the documented ones and those that are declared."""
        named = (PROJECT_NAME,) if any(self.projects.values()) else ()
        found = {name: replace(one, label_columns=named) if named else one for name, one in ENDPOINTS.items()}
        for row in self.endpoints:
            taken = {table for endpoint in found.values() for table in endpoint.tables}
            one = declared(
                row,
                source=ATATUS.name,
                usual=self.api.date_range,
                by={"project": PROJECT},
                taken=taken,
                own=(PROJECT_NAME,),
                grain=self.grain,
            )
            found[one.name] = replace(one, label_columns=named if one.variant_columns else ())
        return self.wanted(found)
