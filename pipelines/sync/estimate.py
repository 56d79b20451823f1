"""What a plan costs, resource by resource; nothing is asked of the API."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

import dlt
from pendulum import Date

from pipelines.sync.details import REASON as DETAILS
from pipelines.sync.details import Queue
from pipelines.sync.plan import cost
from pipelines.sync.policy import Policy
from sources.rest.catalogue import Endpoint
from sources.rest.coverage import Coverage
from sources.rest.relations import ForEach
from sources.rest.tasks import Task
from sources.rest.windows import Window, align, split

COUNT: Final = "count"
"""Why a series is asked for that is not loaded: it counts the rows of another endpoint."""

GROUPS_ASSUMED: Final = 1
"""Calls that a task is taken to need whose ids nobody knows yet."""

IdCount = Callable[[Task], int | None]
"""How many ids a task asks for; None where nobody knows yet."""


@dataclass(kw_only=True)
class Line:
    """What a plan asks of one variant of a resource.

    Attributes:
        windows: tasks.
        calls: requests that they need, those that ask for ids first included.
        units: what these cost.
        first_day: first day asked for; None where there are no dates.
        last_day: last day asked for.
        reasons: why, and how many windows each.
        scope: what the key must be allowed; None where the vendor does not say.
        pii: columns that hold personal data.
        assumed: the ids to ask for are not known, so that calls and units may be more.
    """

    resource: str
    variant: str
    windows: int = 0
    calls: int = 0
    units: int = 0
    first_day: Date | None = None
    last_day: Date | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    scope: str | None = None
    pii: tuple[str, ...] = ()
    assumed: bool = False


def estimate(tasks: Iterable[Task], ids: IdCount) -> list[Line]:
    """Add up what tasks cost per resource and variant, in the order of the tasks.

    Args:
        tasks: what a sync would do.
        ids: how many ids a task asks for, where it asks for ids.
    """
    lines: dict[tuple[str, str], Line] = {}
    asked: set[tuple[object, ...]] = set()
    for task in tasks:
        endpoint = task.endpoint
        line = lines.setdefault(
            (endpoint.name, task.variant_text),
            Line(resource=endpoint.name, variant=task.variant_text, scope=endpoint.scope, pii=personal(endpoint)),
        )
        groups, known_by = 1, 0
        if endpoint.for_each:
            count = ids(task)
            groups = GROUPS_ASSUMED if count is None else ceil(count / endpoint.for_each.per_call)
            line.assumed |= count is None
            parent = (endpoint.for_each.endpoint, task.window, task.ids_where)
            known_by = int(parent in asked)  # a task before it has asked for the same ids
            line.calls += bool(endpoint.for_each.endpoint) - known_by
            asked |= {parent} if endpoint.for_each.endpoint else set()
        line.windows += 1
        line.assumed |= endpoint.cursor is not None  # nobody knows how many pages there are
        line.calls += groups if endpoint.for_each else task.pages
        line.units += cost([task], groups) - known_by
        line.reasons[str(task.reason)] = line.reasons.get(str(task.reason), 0) + 1
        if task.window:
            line.first_day = min(task.window.start, line.first_day or task.window.start)
            line.last_day = max(task.window.end, line.last_day or task.window.end)
    return list(lines.values())


def counting(tasks: Iterable[Task]) -> list[Line]:
    """What it costs to ask how many rows of entities there must be: once over all the days that are read."""
    days: dict[str, list[Window]] = {}
    for task in tasks:
        if task.endpoint.counted_by and task.window:
            days.setdefault(task.endpoint.counted_by.endpoint, []).append(task.window)
    lines = []
    for name, windows in days.items():
        first, last = min(one.start for one in windows), max(one.end for one in windows)
        calls = len(list(split(Window(first, last))))
        reasons = {COUNT: calls}
        lines.append(
            Line(
                resource=name, variant=COUNT, calls=calls, units=calls, reasons=reasons, first_day=first, last_day=last
            )
        )
    return lines


def details_line(endpoint: Endpoint, queue: Queue) -> Line:
    """What the details cost that are due by what is loaded now; what a sync loads before them adds to it."""
    calls = len(queue.tasks)
    return Line(
        resource=endpoint.name,
        variant="",
        windows=calls,
        calls=calls,
        units=endpoint.units * calls,
        reasons={DETAILS: calls} if calls else {},
        scope=endpoint.scope,
        pii=personal(endpoint),
        assumed=True,
    )


def personal(endpoint: Endpoint) -> tuple[str, ...]:
    """Columns of an endpoint's tables that hold personal data."""
    return tuple(dict.fromkeys(one.name for columns in endpoint.tables.values() for one in columns if one.pii))


class LoadedIds:
    """Counts the ids that a task will ask for, as far as the warehouse or the configuration knows them.

    Args:
        pipeline: where the tables are.
        tables: names of those that exist.
        coverage: ledger of what is loaded.
        policy: how the past is gone about.
        endpoints: the catalogue, by name.
        options: the source's options; some give ids.
    """

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        tables: set[str],
        coverage: Coverage,
        policy: Policy,
        *,
        endpoints: Mapping[str, Endpoint],
        options: object,
    ) -> None:
        self._pipeline = pipeline
        self._tables = tables
        self._coverage = coverage
        self._policy = policy
        self._endpoints = endpoints
        self._options = options

    def count(self, task: Task) -> int | None:
        """Count the ids of a task; None where what holds them is not loaded."""
        for_each = task.endpoint.for_each
        if for_each is None:
            return None
        if for_each.option:
            return len(getattr(self._options, for_each.option))
        parent = self._endpoints[for_each.endpoint]
        if parent.name not in self._tables or not self._is_loaded(parent, task):
            return None
        found = self._distinct(for_each, task.ids_where, task.window if parent.dated else None)
        return min(found, parent.cap or found)

    def _is_loaded(self, parent: Endpoint, task: Task) -> bool:
        if not parent.dated:
            return True
        variants = [one for one in parent.variants(self._policy.values) if set(task.ids_where) <= set(one)]
        return any(self._coverage.loaded(Task(parent, task.window, one), self._policy.grain) for one in variants)

    def _distinct(self, for_each: ForEach, where: Iterable[tuple[str, str]], window: Window | None) -> int:
        with self._pipeline.sql_client() as client:
            name = client.escape_column_name
            conditions: list[tuple[str, Any]] = [(f"{name(column)} = %s", one) for column, one in where]
            if window:
                span = align(window, self._policy.grain, self._policy.today)
                grain = self._policy.grain
                conditions += [(f"{name('grain')} = %s", grain.value)]
                conditions += [(f"{name('date')} >= %s", span.start), (f"{name('date')} <= %s", span.end)]
            clause = f" WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
            # names come from the catalogue, values are passed beside the text
            query = (
                f"SELECT COUNT(DISTINCT {name(for_each.column)})"  # noqa: S608
                f" FROM {client.make_qualified_table_name(for_each.endpoint)}{clause}"
            )
            with client.execute_query(query, *(value for _, value in conditions)) as cursor:
                (row,) = cursor.fetchall()
                return int(row[0])
