"""What becomes of a task: an answer with its tables, a failure, or nothing because it was not asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from sources.rest.errors import ApiError
from sources.rest.reading.paging import Paginator
from sources.rest.reading.tasks import Task
from sources.rest.reading.varying import Kinds


@dataclass(frozen=True, slots=True)
class Answer:
    """The tables of one task.

    Attributes:
        tables: table name -> rows; the endpoint's own table first.
        rows: rows that the server sent for the endpoint's own table.
        truncated: the server may hold more rows than it can be asked for.
        unknown: table and field of everything that the catalogue does not know.
        request_id: of the last call.
        fractions: table and column of numbers that should be whole and are not; they are loaded as they are.
        absent: metrics of the catalogue that are in no row, where there are rows.
        empty: the server sent no content at all, which counts as no rows.
        dropped_fields: unknown fields of personal rows, which are not loaded.
        tenant: whose rows they are.
        more: parameters of the page that goes on; none where the list was read as far as it was asked for.
        paginator: the list as far as this run has read it, where it has pages.
        kinds: what values are, of fields whose type nobody has stated.
        lost: why ids of the task gave no rows, one error each; the rows of the others are here.
    """

    task: Task
    tables: Mapping[str, pa.Table]
    rows: int
    truncated: bool
    unknown: frozenset[tuple[str, str]]
    request_id: str | None
    fractions: frozenset[tuple[str, str]] = frozenset()
    absent: frozenset[str] = frozenset()
    empty: bool = False
    dropped_fields: frozenset[str] = frozenset()
    tenant: str | None = None
    more: tuple[tuple[str, str], ...] = ()
    paginator: Paginator | None = None
    lost: tuple[ApiError, ...] = ()
    kinds: Kinds = field(default_factory=dict)

    @property
    def is_part(self) -> bool:
        """Whether it is one of several parts of a list."""
        return bool(self.more or self.task.after)

    @property
    def rest(self) -> Task:
        """What is left to read of the list after this part."""
        pages = max(1, self.task.pages - (self.paginator.pages if self.paginator else 0))
        return replace(self.task, after=self.more, paginator=self.paginator, pages=pages)


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
