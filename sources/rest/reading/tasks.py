"""Tasks: what is asked for and loaded as a whole, and which tasks a range of days becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pendulum import Date

from sources.rest.catalogue.api import DateRange
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.paging import Paginator
from sources.rest.windows import Grain, Window, align, by_grain, split

VariantValues = Mapping[str, tuple[str, ...]]
"""Values of the query parameters that multiply calls, by parameter."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for and loaded as a whole: one window of one variant of one endpoint.

    Two tasks are the same if they ask for the same, whatever their reason.

    Attributes:
        variant: values of the parameters that multiply calls, as (parameter, value) pairs.
        parent: id of the person whose details are asked for; never shown.
        after: parameters of the page to begin with, where an earlier part of the list is read already.
        since: pages are left out once they hold only what happened before this day, if the list runs backwards in time.
        reason: why it is asked for.
        pages: calls that it is expected to need.
        pages_most: calls that it needs at most; None where nothing bounds them.
        new_rows_most: rows at most that are not loaded yet, of a list over many pages; None where nothing bounds them.
        paginator: the list as far as this run has read it; None where it begins.
    """

    endpoint: Endpoint
    window: Window | None = None
    variant: tuple[tuple[str, str], ...] = ()
    parent: str = field(default="", repr=False)
    after: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    since: Date | None = None
    reason: str = field(default="", compare=False)
    pages: int = field(default=1, compare=False)
    pages_most: int | None = field(default=None, compare=False)
    new_rows_most: int | None = field(default=None, compare=False)
    paginator: Paginator | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return " ".join(filter(None, [self.endpoint.name, self.variant_text, str(self.window or "")]))

    def questions(self, usual: DateRange) -> list[tuple[int, dict[str, str]]]:
        """First hour of the day, and query and path parameters, of each question that the task consists of.

        Args:
            usual: how the vendor is asked for days.
        """
        endpoint = self.endpoint
        parent = {endpoint.parents.param: self.parent} if endpoint.parents else {}
        names = {column.name: column.source for column in endpoint.variant_columns}
        variant = {names.get(name, name): value for name, value in self.variant}
        parts = (endpoint.date_range or usual).parts(self.window) if self.window else [(0, {})]
        return [(hour, {**endpoint.params, **dates, **variant, **parent}) for hour, dates in parts]

    @property
    def calls(self) -> int:
        """Calls that it is expected to need, without those for ids."""
        dates = self.endpoint.date_range
        return self.pages * (dates.calls(self.window) if dates and self.window else 1)

    @property
    def paged(self) -> bool:
        """Whether it asks for a list over many pages, which may be read and loaded part by part."""
        return self.endpoint.kind is Kind.ENTITY and self.endpoint.cursor is not None

    @property
    def ids_variant(self) -> tuple[tuple[str, str], ...]:
        """Variant of the endpoint whose rows hold the ids that this task is called for."""
        for_each = self.endpoint.for_each
        if for_each is None:
            return ()
        return (*(pair for pair in self.variant if pair[0] in for_each.shared), *for_each.where.items())

    @property
    def variant_text(self) -> str:
        """Values of the multiplying parameters."""
        return " ".join(value for _, value in self.variant)


def windows_of(endpoint: Endpoint, window: Window, grain: Grain, today: Date) -> list[Window | None]:
    """The windows in which an endpoint is asked for a range, newest first; one None where it takes no dates."""
    if endpoint.kind is Kind.AGGREGATE:
        return list(by_grain(align(window, grain, today), grain))
    return list(split(window)) if endpoint.dated else [None]


def tasks_of(endpoint: Endpoint, window: Window, values: VariantValues, grain: Grain, today: Date) -> list[Task]:
    """Every task of an endpoint over a range, newest first."""
    return [
        Task(endpoint, one, variant)
        for one in windows_of(endpoint, window, grain, today)
        for variant in endpoint.variants(values)
    ]
