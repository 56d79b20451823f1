"""What becomes of a task: an answer with its tables, a failure, or nothing because it was not asked."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from sources.rest.errors import ApiError
from sources.rest.reading.tasks import Task


@dataclass(frozen=True, slots=True)
class Answer:
    """The tables of one task.

    Attributes:
        tables: table name -> rows; the endpoint's own table first.
        rows: rows that the server sent for the endpoint's own table.
        truncated: the server may hold more rows than it can be asked for.
        unknown: table and field of everything that the catalogue does not know.
        request_id: of the last call.
        empty: the server sent no content at all, which counts as no rows.
        dropped_fields: unknown fields of personal rows, which are not loaded.
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
