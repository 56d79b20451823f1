"""From a task to its answer: the calls that it needs, privacy, one set of typed tables."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from math import inf
from typing import Any, Final

import pendulum
import pyarrow as pa
import pyarrow.compute as pc

from sources.rest.calling.budget import BudgetClosedError
from sources.rest.calling.session import Session
from sources.rest.catalogue.columns import LOADED_AT, POSITION
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.dotted_path import is_at
from sources.rest.errors import (
    ApiError,
    MissingScopeError,
    RequestRejectedError,
    UnexpectedBodyError,
    WrongShapeError,
)
from sources.rest.privacy.policies import Privacy
from sources.rest.reading.answers import Answer, Failure, Result, Skipped
from sources.rest.reading.bodies import rows_missing
from sources.rest.reading.capacity import UNLIMITED
from sources.rest.reading.evolved_columns import NO_EVOLVED_COLUMNS, EvolvedColumns
from sources.rest.reading.fetcher import Fetched, Fetcher
from sources.rest.reading.ids import IdLookup, id_params, ids_in
from sources.rest.reading.levels import LevelNames
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.reading.varying import kinds_of
from sources.rest.windows import Grain

LOST_MAX: Final = 5
"""Ids of a task without an answer after which the reason is not theirs, and the task fails."""

POLL_SECONDS: Final = 0.2
"""How often a wait for an answer looks whether the run was stopped."""


class Reader:
    """Reads tasks over one session; thread-safe.

    Attributes:
        evolved: columns that earlier loads have added.
        capacity: what the destination can hold.
        accepted: the API has answered, so that the key is one of its own.
        levels: knows what names the rows of endpoints that have levels.
        abandoned: set from outside, lets `read_all` end without waiting for calls that are under way.

    Args:
        session: the way out.
        endpoints: the catalogue, by name, as it is loaded.
        grain: length of the windows of aggregate rows.
        options: ids given by configuration, by option name, for endpoints that are called for each of them.
        labels: names given by configuration to values of parameters, by parameter.
        privacy: what becomes of personal data.
    """

    def __init__(
        self,
        session: Session,
        endpoints: Mapping[str, Endpoint],
        *,
        grain: Grain = Grain.DAY,
        options: Mapping[str, Sequence[str]] | None = None,
        labels: Mapping[str, Mapping[str, str]] | None = None,
        privacy: Privacy | None = None,
    ) -> None:
        self.session = session
        self.endpoints = endpoints
        self.privacy = privacy or Privacy()
        self.evolved: EvolvedColumns = NO_EVOLVED_COLUMNS
        self.capacity = UNLIMITED
        self.abandoned = False
        self.accepted = False
        self._grain = grain
        self._labels = labels or {}
        self._fetcher = Fetcher(session)
        self.levels = LevelNames(self._fetcher)
        self._ids = IdLookup(self._fetch, endpoints, options or {})

    @property
    def tenant(self) -> str | None:
        """After the first answer, the profile that the key belongs to."""
        return self._fetcher.tenant

    def read(self, task: Task, *, pages: float = inf) -> Answer:
        """Ask for a task and return its tables; of a list over many pages, at most so many at once.

        Raises:
            ApiError: a call failed, or an answer is not what the contract says.
        """
        endpoint = task.endpoint
        found = self._fetch(task, pages if task.paged else inf)
        self.accepted = True
        try:
            dates = list(task.window.dates()) if task.window else []
            allowed, dropped_fields = self.privacy.cleaned(endpoint.name, found.rows)
            if endpoint.parents:
                allowed = [{**row, POSITION.name: place} for place, row in enumerate(allowed)]
            tables = build(
                endpoint,
                allowed,
                self._context(task),
                dates,
                self.evolved,
                names=self.capacity.names,
                totals=found.totals,
            )
            self.capacity.check(tables, self.evolved)
        except WrongShapeError as error:
            raise UnexpectedBodyError(str(error), endpoint=endpoint.name, request_id=found.request_id) from None
        return Answer(
            task,
            tables,
            rows=len(found.rows),
            truncated=found.truncated or rows_missing(endpoint, tables),
            unknown=_unknown(endpoint, tables),
            request_id=found.request_id,
            fractions=_fractions(endpoint, tables),
            absent=_absent(endpoint, allowed),
            empty=found.empty,
            dropped_fields=dropped_fields,
            tenant=self.tenant,
            more=found.more,
            paginator=found.paginator,
            lost=tuple(found.lost),
            kinds=kinds_of(endpoint, allowed),
        )

    def values(self, endpoint: str, column: str) -> tuple[str, ...]:
        """Ask a snapshot for the values of one of its columns.

        Raises:
            ApiError: the call failed, or a row lacks the column as text.
        """
        return tuple(ids_in(endpoint, column, self._fetcher.fetch(Task(self.endpoints[endpoint])).rows))

    def read_all(
        self,
        tasks: Iterable[Task],
        *,
        skip: Callable[[Task], bool] = lambda _: False,
        in_flight: int = 8,
        pages: float = inf,
    ) -> Iterator[Result]:
        """Read tasks several at a time; results come in the order of the tasks.

        Args:
            tasks: what to read.
            skip: tells of each task, when it is its turn, whether it is not asked for.
            in_flight: how many are asked for at once.
            pages: most pages of each list; the answer is then a part of it.
        """

        def one(task: Task) -> Result:
            try:
                return Skipped(task) if skip(task) else self.read(task, pages=pages)
            except ApiError as error:
                return Failure(task, error)
            except BudgetClosedError:
                return Skipped(task)

        queue = iter(tasks)
        pool = ThreadPoolExecutor(in_flight, thread_name_prefix="reader")
        running = deque((task, pool.submit(copy_context().run, one, task)) for task in islice(queue, 2 * in_flight))
        try:
            while running:
                task, future = running.popleft()
                yield self._result(task, future)
                running.extend((task, pool.submit(copy_context().run, one, task)) for task in islice(queue, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _result(self, task: Task, future: Future[Result]) -> Result:
        """Wait for a result, but not for a call under way once the run is abandoned."""
        while True:
            try:
                return future.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if self.abandoned:
                    return Skipped(task)

    def _fetch(self, task: Task, pages: float = inf) -> Fetched:
        """Ask for a task, once per group of ids where its endpoint needs them; its rows have true names."""
        for_each = task.endpoint.for_each
        if for_each is None:
            found = self._fetcher.fetch(task, pages=pages)
        else:
            ids, truncated = self._ids.of(for_each, task)
            found = Fetched(truncated=truncated)
            for params in id_params(for_each, ids):
                try:
                    one = self._fetcher.fetch(task, params)
                except (RequestRejectedError, MissingScopeError, UnexpectedBodyError) as error:
                    error.add_note(" ".join(params.values()))
                    found.lost.append(error)
                    if len(found.lost) >= LOST_MAX or len(found.lost) == len(ids):
                        raise
                else:
                    found.add(one, params if for_each.include_ids else {})
            if for_each.queries:
                found.rows = [row for place, row in enumerate(found.rows) if row not in found.rows[:place]]
        try:
            found.rows = self.levels.named(task, found.rows)
        except WrongShapeError as error:
            raise UnexpectedBodyError(str(error), endpoint=task.endpoint.name, request_id=found.request_id) from None
        return found

    def _context(self, task: Task) -> dict[str, Any]:
        """Value of each request column."""
        endpoint = task.endpoint
        now = pendulum.now("UTC")
        context: dict[str, Any] = {**dict(task.variant), LOADED_AT: now}
        for column in endpoint.label_columns:
            context[column.name] = self._labels.get(column.source, {}).get(str(context[column.source])) or None
        if endpoint.tenant:
            context[endpoint.tenant.name] = self.tenant
        if endpoint.parents:
            context[endpoint.parents.column] = task.parent
        if endpoint.kind is Kind.AGGREGATE and task.window:
            context |= {"date": task.window.start, "grain": self._grain.value}
        if endpoint.figures_columns and task.window:
            bounds = (task.window.start, task.window.end)
            context |= zip((column.name for column in endpoint.figures_columns), bounds, strict=True)
        if endpoint.kind is Kind.LIVE:
            context["read_at"] = now
        return context


def _absent(endpoint: Endpoint, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    metrics = {column.source: column.name for column in endpoint.columns if column.is_metric}
    return frozenset(name for source, name in metrics.items() if rows and not any(is_at(row, source) for row in rows))


def _unknown(endpoint: Endpoint, tables: Mapping[str, pa.Table]) -> frozenset[tuple[str, str]]:
    if endpoint.open_fields:
        return frozenset()
    known = {name: {column.name for column in columns} for name, columns in endpoint.tables.items()}
    return frozenset((name, field) for name, table in tables.items() for field in set(table.column_names) - known[name])


def _fractions(endpoint: Endpoint, tables: Mapping[str, pa.Table]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, column.name)
        for name, columns in endpoint.tables.items()
        for column in columns
        if column.whole and pc.any(pc.not_equal(tables[name][column.name], pc.floor(tables[name][column.name]))).as_py()
    )
