"""One question to the API: a call, the pages behind it, and whose rows they are."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from sources.rest.calling.budget import BudgetClosedError
from sources.rest.calling.session import Session
from sources.rest.catalogue.columns import HOUR
from sources.rest.dotted_path import value_at
from sources.rest.errors import ApiError, UnexpectedBodyError, WrongShapeError
from sources.rest.reading.bodies import Rows, check_is_all, extract_rows, extract_totals
from sources.rest.reading.declared_pages import DeclaredPages
from sources.rest.reading.paging import BrokenPaginationError, NextPage, Paginator
from sources.rest.reading.tasks import Task

NO_IDS: Final[Mapping[str, str]] = {}


@dataclass(slots=True)
class Fetched:
    """What calls have brought: rows as the server sent them, totals by table; other fields as in `Answer`."""

    rows: Rows = field(default_factory=list)
    totals: dict[str, Rows] = field(default_factory=dict)
    truncated: bool = False
    empty: bool = False
    request_id: str | None = None
    more: tuple[tuple[str, str], ...] = ()
    paginator: Paginator | None = None
    lost: list[ApiError] = field(default_factory=list)

    def add(self, other: "Fetched", fields: Mapping[str, object] = NO_IDS) -> None:
        """Take in what another call has brought; its rows get some fields more."""
        rows = other.rows
        self.rows += [{**row, **fields} if isinstance(row, dict) else row for row in rows] if fields else rows
        for name, rows in other.totals.items():
            self.totals.setdefault(name, []).extend(rows)
        self.truncated |= other.truncated
        self.empty |= other.empty
        self.request_id = other.request_id


class Fetcher:
    """Fetches whole lists over one session; thread-safe.

    Attributes:
        tenant: after the first answer, the profile that the key belongs to.
    """

    def __init__(self, session: Session) -> None:
        self.tenant: str | None = None
        self._session = session
        self._lock = threading.Lock()

    def fetch(self, task: Task, ids: Mapping[str, str] = NO_IDS, *, pages: float = inf) -> Fetched:
        """Ask for a task, with further parameters for ids; a list that moves meanwhile is read once more.

        Args:
            task: what is asked for.
            ids: further parameters.
            pages: most pages to read now; what they bring is a part of the list then. It also is if nothing more may be
                spent meanwhile.

        Raises:
            ApiError: a call failed, or an answer is not what the contract says.
            BudgetClosedError: nothing may be spent.
        """
        questions = task.questions(self._session.api.date_range)
        if not (task.endpoint.date_range and task.endpoint.date_range.hours):
            return self._list(task, {**questions[0][1], **ids}, pages)
        found = Fetched()
        for hour, params in questions:
            found.add(self._list(task, {**params, **ids}, pages), {HOUR.source: hour})
        return found

    def _list(self, task: Task, params: Mapping[str, str], pages: float) -> Fetched:
        found = Fetched(paginator=task.paginator or Paginator(task.endpoint, resumed=bool(task.after)))
        try:
            try:
                self._read_pages(task, params, found, task.after, pages)
            except BrokenPaginationError:
                if task.paginator and task.paginator.restarted:
                    raise
                found = Fetched(paginator=Paginator(task.endpoint, restarted=True))
                self._read_pages(task, params, found, (), pages)
        except WrongShapeError as error:
            raise UnexpectedBodyError(str(error), endpoint=task.endpoint.name, request_id=found.request_id) from None
        return found

    def _read_pages(self, task: Task, params: Mapping[str, str], found: Fetched, after: NextPage, most: float) -> None:
        endpoint, pagination = task.endpoint, self._session.api.pagination
        paginator = found.paginator or Paginator(endpoint)
        paginator.begin_part()
        declared = DeclaredPages(endpoint.pages) if endpoint.pages else None
        more = declared.first if declared else after
        while more is not None and paginator.pages < most:
            try:
                reply = self._session.get(endpoint, {**params, **dict(more)})
            except BudgetClosedError:
                if most == inf or not paginator.pages:
                    raise
                break
            found.request_id = reply.request_id
            if reply.empty:
                found.empty = paginator.ended = True
                return
            self._check_meta(task, reply.body)
            check_is_all(endpoint, reply.body)
            page = extract_rows(endpoint, reply.body)
            found.add(Fetched(page, extract_totals(endpoint, reply.body), request_id=reply.request_id))
            more = paginator.add(page, value_at(reply.body, pagination) if pagination else None)
            if declared:
                more = declared.after(reply, page)
            if task.since and paginator.is_before(task.since):
                more = None
        found.more = more or ()
        found.truncated = paginator.cut_off

    def _check_meta(self, task: Task, body: Any) -> None:
        """See that the answer is for the key's tenant and for the days that were asked for, where it says so."""
        api = self._session.api
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
