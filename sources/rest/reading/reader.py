"""From a task to its answer: the calls that it needs, their pages, one set of typed tables."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, cast

import pendulum
import pyarrow as pa

from sources.rest.calling.budget import BudgetClosedError
from sources.rest.calling.session import Session
from sources.rest.catalogue.columns import POSITION
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ForEach
from sources.rest.dotted_path import value_at
from sources.rest.errors import ApiError, UnexpectedBodyError, WrongShapeError
from sources.rest.privacy.policies import Privacy
from sources.rest.reading.bodies import rows_in, rows_missing, totals_in
from sources.rest.reading.paging import BrokenPaginationError, NextPage, Paginator
from sources.rest.reading.tables import NO_EVOLVED_COLUMNS, EvolvedColumns, build
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain

POLL_SECONDS: Final = 0.2
"""How often a wait for an answer looks whether the run was stopped."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The tables of one task.

    Attributes:
        tables: table name -> rows; the endpoint's own table first.
        rows: rows that the server sent for the endpoint's own table.
        truncated: the server may hold more rows than it can be asked for.
        unknown: table and field of everything that the catalogue does not know.
        dropped_fields: fields that nobody knows of personal rows, which are not loaded.
        request_id: of the last call.
        empty: the server has sent no content at all, which is taken for no rows.
        tenant: whose rows they are.
    """

    task: Task
    tables: Mapping[str, pa.Table]
    rows: int
    truncated: bool
    unknown: frozenset[tuple[str, str]]
    request_id: str | None
    empty: bool = False
    dropped_fields: frozenset[str] = frozenset()
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that gave no rows; its window stays as it was."""

    task: Task
    error: ApiError


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that was not asked for."""

    task: Task


Result = Answer | Failure | Skipped


@dataclass(slots=True)
class _Found:
    """What a call and the pages behind it have brought."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    totals: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    truncated: bool = False
    empty: bool = False
    request_id: str | None = None

    def add(self, other: "_Found", ids: Mapping[str, str]) -> None:
        """Take in what another call has brought, with the ids that it has asked by."""
        self.rows += [{**row, **ids} if isinstance(row, dict) else row for row in other.rows] if ids else other.rows
        for name, rows in other.totals.items():
            self.totals.setdefault(name, []).extend(rows)
        self.truncated |= other.truncated
        self.empty |= other.empty
        self.request_id = other.request_id


class Reader:
    """Reads tasks over one session; thread-safe.

    Attributes:
        tenant: after the first answer, the profile that the key belongs to.
        evolved: unknown columns that exist already.
        abandoned: set from outside, lets `read_all` end without waiting for calls that are under way.

    Args:
        session: the way out.
        endpoints: the catalogue, by name, as it is loaded.
        grain: length of the windows of aggregate rows.
        options: ids given by configuration, by option name, for endpoints that are called for each of them.
        privacy: what becomes of personal data.
        evolved: unknown columns that exist already.
    """

    def __init__(
        self,
        session: Session,
        endpoints: Mapping[str, Endpoint],
        *,
        grain: Grain = Grain.DAY,
        options: Mapping[str, Sequence[str]] | None = None,
        privacy: Privacy | None = None,
        evolved: EvolvedColumns = NO_EVOLVED_COLUMNS,
    ) -> None:
        self.session = session
        self.privacy = privacy or Privacy()
        self.evolved = evolved
        self.abandoned = False
        self.endpoints = endpoints
        self._grain = grain
        self._options = options or {}
        self.tenant: str | None = None
        self._lock = threading.Lock()
        self._asked_ids: dict[Task, tuple[list[str], bool]] = {}
        self._asking = threading.Lock()

    def read(self, task: Task) -> Answer:
        """Ask for a task and return its tables.

        Raises:
            ApiError: a call failed, or an answer is not what the contract says.
        """
        questions, truncated = self._questions(task)
        found = _Found(truncated=truncated)
        stored = task.endpoint.for_each.params if task.endpoint.for_each and task.endpoint.for_each.include_ids else ()
        for params in questions:
            found.add(self._pages(task, {**params, **dict(task.variant)}), {name: params[name] for name in stored})
        try:
            dates = list(task.window.dates()) if task.window else []
            allowed, dropped_fields = self.privacy.cleaned(task.endpoint.name, found.rows)
            if task.endpoint.parents:
                allowed = [{**row, POSITION.name: place} for place, row in enumerate(allowed)]
            tables = build(task.endpoint, allowed, self._context(task), dates, self.evolved, totals=found.totals)
        except WrongShapeError as error:
            raise self._unexpected(task.endpoint, error, found.request_id) from None
        return Answer(
            task,
            tables,
            rows=len(found.rows),
            truncated=found.truncated or rows_missing(task.endpoint, tables),
            unknown=_unknown(task.endpoint, tables),
            request_id=found.request_id,
            empty=found.empty,
            dropped_fields=dropped_fields,
            tenant=self.tenant,
        )

    def values(self, endpoint: str, column: str) -> tuple[str, ...]:
        """Ask a snapshot for the values of one of its columns.

        Raises:
            ApiError: the call failed, or a row lacks the column as text.
        """
        return tuple(_ids(endpoint, column, self._pages(Task(self.endpoints[endpoint]), {}).rows))

    def read_all(
        self, tasks: Iterable[Task], *, skip: Callable[[Task], bool] = lambda _: False, in_flight: int = 8
    ) -> Iterator[Result]:
        """Read tasks several at a time; results come in the order of the tasks."""

        def one(task: Task) -> Result:
            try:
                return Skipped(task) if skip(task) else self.read(task)
            except ApiError as error:
                return Failure(task, error)
            except BudgetClosedError:
                return Skipped(task)

        queue = iter(tasks)
        pool = ThreadPoolExecutor(in_flight, thread_name_prefix="reader")
        running = deque((task, pool.submit(one, task)) for task in islice(queue, 2 * in_flight))
        try:
            while running:
                task, future = running.popleft()
                yield self._result(task, future)
                running.extend((task, pool.submit(one, task)) for task in islice(queue, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _result(self, task: Task, future: Future[Result]) -> Result:
        """Wait for a result, but not for calls under way once the budget is closed from outside."""
        while True:
            try:
                return future.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if self.abandoned:
                    return Skipped(task)

    def _questions(self, task: Task) -> tuple[list[dict[str, str]], bool]:
        """Query parameters of each call that a task needs, and whether ids may be missing."""
        api, endpoint = self.session.api, task.endpoint
        params = dict(endpoint.params)
        if task.window:
            params |= (endpoint.date_range or api.date_range).params(task.window)
        if endpoint.for_each is None:
            return [params], False
        ids, truncated = self._ids_for(endpoint.for_each, task)
        return [{**params, **group} for group in _groups(endpoint.for_each, ids)], truncated

    def _ids_for(self, for_each: ForEach, task: Task) -> tuple[list[str], bool]:
        if for_each.option:
            return list(self._options.get(for_each.option, ())), False
        parent = Task(self.endpoints[for_each.endpoint], task.window, task.ids_variant)
        with self._asking:  # one thread asks, the others find the answer
            if parent not in self._asked_ids:
                (question,), _ = self._questions(parent)
                found = self._pages(parent, {**question, **dict(parent.variant)})
                self._asked_ids[parent] = _ids(parent.endpoint.name, for_each.column, found.rows), found.truncated
        return self._asked_ids[parent]

    def _pages(self, task: Task, params: Mapping[str, str]) -> _Found:
        """What a call and the pages behind it bring; a list that moves meanwhile is read once more from its start."""
        for last in (False, True):
            try:
                return self._chain(task, params)
            except BrokenPaginationError as error:
                if last:
                    raise self._unexpected(task.endpoint, error, error.request_id) from None
        raise AssertionError

    def _chain(self, task: Task, params: Mapping[str, str]) -> _Found:
        endpoint, pagination = task.endpoint, self.session.api.pagination
        parent = {endpoint.parents.param: task.parent} if endpoint.parents else {}
        found, paginator = _Found(), Paginator(endpoint)
        more: NextPage = ()
        while more is not None:
            reply = self.session.get(endpoint.call, {**params, **parent, **dict(more)})
            found.request_id = reply.request_id
            if reply.empty:
                found.empty = True
                break
            try:
                self._check_meta(task, reply.body)
                page, paging = rows_in(endpoint, reply.body), value_at(reply.body, pagination) if pagination else None
                found.add(_Found(page, totals_in(endpoint, reply.body), request_id=reply.request_id), {})
                more = paginator.add(page, paging)
            except BrokenPaginationError as error:
                error.request_id = reply.request_id
                raise
            except WrongShapeError as error:
                raise self._unexpected(endpoint, error, reply.request_id) from None
        found.truncated = paginator.cut_off
        return found

    def _check_meta(self, task: Task, body: object) -> None:
        api = self.session.api
        if api.tenant:
            tenant = value_at(body, api.tenant)
            if not isinstance(tenant, str) or not tenant:
                raise WrongShapeError(f"the answer lacks {api.tenant}")
            with self._lock:
                self.tenant = self.tenant or tenant
                if tenant != self.tenant:
                    raise WrongShapeError(f"{api.tenant} changed during the run")
        if task.window and api.echo:
            for path, asked in zip(api.echo, (task.window.start, task.window.end), strict=True):
                echoed = value_at(body, path)
                if isinstance(echoed, str) and echoed[:10] != str(asked):
                    raise WrongShapeError(f"{path} is not the day that was asked for")

    def _context(self, task: Task) -> dict[str, Any]:
        context: dict[str, Any] = dict(task.variant)
        if task.endpoint.tenant:
            context[task.endpoint.tenant.name] = self.tenant
        if task.endpoint.parents:
            context[task.endpoint.parents.column] = task.parent
        if task.endpoint.kind is Kind.AGGREGATE and task.window:
            context |= {"date": task.window.start, "grain": self._grain.value}
        if task.endpoint.kind is Kind.LIVE:
            context["read_at"] = pendulum.now("UTC")
        return context

    @staticmethod
    def _unexpected(endpoint: Endpoint, error: WrongShapeError, request_id: str | None) -> ApiError:
        return UnexpectedBodyError(str(error), endpoint=endpoint.name, request_id=request_id)


def _ids(endpoint: str, column: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    ids = list(dict.fromkeys(row.get(column) for row in rows))
    if not all(isinstance(one, str) and one for one in ids):
        raise UnexpectedBodyError(f"a row lacks {column} as text", endpoint=endpoint)
    return cast("list[str]", ids)


def _groups(for_each: ForEach, ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """Query parameters that ask for all ids, `per_call` at a time; an id for several parameters is split at colons."""
    for start in range(0, len(ids), for_each.per_call):
        group = ids[start : start + for_each.per_call]
        several = len(for_each.params) - 1
        values = group[0].split(":", several) if for_each.separator is None else [for_each.separator.join(group)]
        yield dict(zip(for_each.params, values, strict=True))


def _unknown(endpoint: Endpoint, tables: Mapping[str, pa.Table]) -> frozenset[tuple[str, str]]:
    known = {name: {column.name for column in columns} for name, columns in endpoint.tables.items()}
    return frozenset((name, field) for name, table in tables.items() for field in set(table.column_names) - known[name])
