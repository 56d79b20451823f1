"""How fresh the tables are, and how the last runs went: read from what every run leaves in the destination."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from pendulum import Date
from sqlglot import exp

from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.planning.learned import learned
from pipelines.planning.ledger import Ledger
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.sql.conditions import equal, is_set, one_of, since
from pipelines.sql.reading import Columns, rows, sums, types_of
from pipelines.sql.runs import RUNS, last_answers, last_truncated, not_of
from pipelines.sql.statement import Statement
from pipelines.sql.writing import insert, update
from pipelines.storing.history import HISTORY, KILLED, RUNNING, VERIFY, RunRow
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import meaning_of
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, by_grain, merged

RUNS_SHOWN: Final = 5

_ALWAYS: Final = Window(Date(1970, 1, 1), Date(9999, 12, 31))


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How far one variant of a resource is loaded.

    Attributes:
        grain: length of the windows of aggregate rows; None for other kinds.
        first_day: first day that is loaded.
        complete_to: last day that is loaded and over.
        newest_day: last day that was read; it may have been still changing.
        read_at: when the API last answered for it.
        open: days that are missing between those that are loaded, as ranges.
        open_days: how many days these are.
        truncated: windows whose latest answer was cut off by the API, as ranges.
        truncated_windows: how many windows these are.
        failed: windows that failed in the last run that asked for the resource.
    """

    resource: str
    variant: str
    grain: Grain | None
    first_day: Date | None
    complete_to: Date | None
    newest_day: date | None
    read_at: datetime | None
    open: tuple[str, ...]
    open_days: int
    truncated: tuple[str, ...]
    truncated_windows: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class DetailProgress:
    """How far the details of people are loaded.

    Attributes:
        everybody: people who have some.
        current: those whose details are loaded as they are now.
        units: what the rest costs at least.
        minutes: of the rate limit that this takes.
    """

    resource: str
    everybody: int
    current: int
    units: int
    minutes: float


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a destination holds.

    Attributes:
        profile_id: whose rows they are.
        units_today: units of all runs that began today in UTC, as of their last commit.
        pending: a run has read what it has not loaded yet.
        details: how far the details of people are loaded.
        facts: what syncs have learned about the server, in sentences.
        trouble: what needs a person in how the last runs went, in sentences.
        stale: what is older than it may be, or failed, in sentences; empty where nobody has asked.
    """

    profile_id: str | None = None
    units_today: int = 0
    pending: bool = False
    resources: Sequence[Freshness] = ()
    runs: Sequence[RunRow] = ()
    details: Sequence[DetailProgress] = ()
    facts: Sequence[str] = ()
    trouble: Sequence[str] = ()
    stale: Sequence[str] = ()


@dataclass
class _Read:
    """What `sync_windows` tells of one variant of a resource."""

    newest_day: date | None
    read_at: datetime | None
    failed: int
    truncated: list[Window | None] = field(default_factory=list)


class StatusReader:
    """Reads the tables that runs leave behind.

    Args:
        warehouse: where the tables are.
        tables: names of those that exist.
        ledger: ledger of what is loaded, without the tables that are gone.
        endpoints: the catalogue, by name.
    """

    def __init__(
        self, warehouse: Warehouse, tables: set[str], ledger: Ledger, endpoints: Mapping[str, Endpoint]
    ) -> None:
        self._warehouse = warehouse
        self._tables = tables
        self._ledger = ledger
        self._endpoints = endpoints

    def runs(self, *, at_work: bool | None, first: datetime | None = None) -> list[RunRow]:
        """Return the last runs, newest first; all that began at a moment or later, if one is given.

        Args:
            first: this moment.
            at_work: a run holds the destination: the newest one is at work, and all others were killed; None where
                nobody knows.
        """
        runs = runs_of(
            self._warehouse, [since("started_at", first)] if first else [], limit=None if first else RUNS_SHOWN
        )
        return [
            replace(run, outcome=KILLED) if run.outcome == RUNNING and (place or at_work is False) else run
            for place, run in enumerate(runs)
        ]

    def error_of(self, run_id: str) -> str:
        """Say what has failed last in a run; empty where no window of it has."""
        columns = dict.fromkeys(("resource", "date_range", "error", "request_id"), Type.TEXT)
        where = [equal("run_id", run_id), is_set("error")]
        failed = self._answers("sync_windows", rows("sync_windows", columns, where, newest_by="read_at", limit=1))
        for resource, days, error, request_id in failed:
            about = f" (request {request_id})" if request_id else ""
            return f"{f'{resource} {days}'.strip()}: {meaning_of(error)}{about}"
        return ""

    def units_since(self, moment: datetime) -> int:
        """Add up the units of the runs that began at a moment or later."""
        answers = self._answers(RUNS, sums(RUNS, {}, ["units"], [since("started_at", moment)]))
        return sum(int(units or 0) for units, _ in answers)

    def freshness(self) -> Iterator[Freshness]:
        """How far each resource is loaded that was ever asked for."""
        for whole, read in self._asked:
            for grain in self._grains(whole):
                yield self._fresh(whole, grain, read)

    def facts(self, advice: str) -> Iterator[str]:
        """What checks have learned about the server, in sentences; `advice` is of the vendor."""
        for whole, _ in self._asked:
            for grain in self._grains(whole):
                known = self._ledger.behaviour(whole, grain or Grain.DAY)
                yield from learned(whole.endpoint, whole.variant_text, ServerBehaviour(), known, advice)

    @cached_property
    def _asked(self) -> list[tuple[Task, _Read]]:
        """Each variant that was ever asked for, as a task of all days, and what was answered."""
        found = []
        for (name, variant_text), read in self._windows().items():
            endpoint = self._endpoints.get(name)
            values = variant_text.split()
            if endpoint is None or len(values) != len(endpoint.variant_columns):
                continue  # an earlier version of the catalogue had it
            names = (column.name for column in endpoint.variant_columns)
            found.append((Task(endpoint, _ALWAYS, tuple(zip(names, values, strict=True))), read))
        return found

    def _grains(self, whole: Task) -> list[Grain | None]:
        """Grains of which something is loaded; None where there are none."""
        if whole.endpoint.kind is not Kind.AGGREGATE:
            return [None]
        return [one for one in Grain if self._ledger.loaded(whole, one)] or [None]

    def _fresh(self, whole: Task, grain: Grain | None, read: _Read) -> Freshness:
        stored = grain or Grain.DAY  # what has no grain is stored alike for any
        loaded = self._ledger.loaded(whole, stored)
        span = Window(loaded[0].start, loaded[-1].end) if loaded else None
        missing = self._ledger.missing(Task(whole.endpoint, span, whole.variant), stored)
        there = whole.endpoint.name in self._tables
        truncated = [one for one in read.truncated if there and (one is None or grain is None or _is_one(one, grain))]
        return Freshness(
            resource=whole.endpoint.name,
            variant=whole.variant_text,
            grain=grain,
            first_day=span.start if span else None,
            complete_to=span.end if span else None,
            newest_day=read.newest_day if there else None,
            read_at=read.read_at if there else None,
            open=tuple(map(str, merged(missing))),
            open_days=sum(window.days for window in missing),
            truncated=_texts(truncated),
            truncated_windows=len(truncated),
            failed=read.failed,
        )

    def _windows(self) -> dict[tuple[str, str], _Read]:
        # a proof makes no table younger; an earlier version did not say what was one
        where = [not_of(VERIFY)] if "command" in self._warehouse.columns(RUNS) else []
        answers = sorted(self._answers("sync_windows", last_answers(where)))
        read = {(name, variant): _Read(*found) for name, variant, *found in answers}
        for name, variant, start, end, of_last_run in self._answers("sync_windows", last_truncated(where)):
            # windows of a series move from day to day, so that only those of the last run speak of what is loaded
            if of_last_run or (name in self._endpoints and self._endpoints[name].kind is Kind.AGGREGATE):
                read[name, variant].truncated.append(Window(start, end) if start else None)
        return read

    def _answers(self, table: str, statement: Statement) -> list[tuple[Any, ...]]:
        return self._warehouse.ask(statement) if table in self._tables else []


def runs_of(warehouse: Warehouse, where: Sequence[exp.Expr] = (), limit: int | None = None) -> list[RunRow]:
    """Return runs that have left a row, newest first; none where there is no such table."""
    columns = kept_columns(warehouse, RUNS)
    if not columns:
        return []
    runs = warehouse.ask(rows(RUNS, columns, where, newest_by="started_at", limit=limit))
    return [RunRow(**dict(zip(columns, run, strict=True))) for run in runs]


def kept_columns(warehouse: Warehouse, table: str) -> Columns:
    """Columns of a table of the runs that it has: an earlier version knew fewer; none where there is no table."""
    stored = warehouse.columns(table)
    return {name: kind for name, kind in types_of(HISTORY[table].columns).items() if name in stored}


def takes_runs(warehouse: Warehouse) -> bool:
    """Whether there is a table of runs as it is today."""
    return len(kept_columns(warehouse, RUNS)) == len(HISTORY[RUNS].columns)


def note_runs(warehouse: Warehouse, own: RunRow, killed: Sequence[RunRow]) -> None:
    """Write a run that has begun, and that earlier ones were killed, into the table that holds those, at once.

    In a lake, another profile may write the table at the same moment: then it is looked at again.

    Args:
        warehouse: it takes runs.
        own: the run.
        killed: those that are in the table.
    """

    def write() -> None:
        with warehouse.transaction():
            if killed:
                ids = [one_of("run_id", [run.run_id for run in killed])]
                warehouse.change(update(RUNS, {"outcome": KILLED}, ids))
            warehouse.change(insert(RUNS, asdict(own)))

    made_by_somebody(write)


def _is_one(window: Window, grain: Grain) -> bool:
    """Whether a range is one window of a grain; longer ones were asked to find what had changed, and not loaded."""
    return len(list(by_grain(window, grain))) == 1


def _texts(windows: Sequence[Window | None]) -> tuple[str, ...]:
    """Windows as few ranges; what has no dates is a list of the present moment."""
    ranges = merged(window for window in windows if window)
    return (*map(str, ranges), *(["now"] if None in windows else []))
