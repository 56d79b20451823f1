"""Ids that some endpoints are called for: from the configuration, or from the rows of another endpoint."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import ForEach
from sources.rest.errors import UnexpectedBodyError
from sources.rest.reading.fetcher import Fetched
from sources.rest.reading.tasks import Task

_ONE_WITHOUT: Final = ("",)
"""Instead of queries that nobody has configured: one call without."""


class IdLookup:
    """Looks ids up, each list once per run; thread-safe.

    Args:
        fetch: fetches the rows that hold ids.
        endpoints: the catalogue, by name.
        configured: ids of each option, by name.
    """

    def __init__(
        self,
        fetch: Callable[[Task], Fetched],
        endpoints: Mapping[str, Endpoint],
        configured: Mapping[str, Sequence[str]],
    ) -> None:
        self._fetch = fetch
        self._endpoints = endpoints
        self._configured = configured
        self._found: dict[Task, tuple[Sequence[str], bool]] = {}
        self._lock = threading.Lock()

    def of(self, for_each: ForEach, task: Task) -> tuple[Sequence[str], bool]:
        """Return the ids that a task has to be asked for, and whether some may be missing.

        Raises:
            ApiError: the API does not tell them.
        """
        if for_each.option:
            return self._configured.get(for_each.option, ()) or _ONE_WITHOUT[: for_each.queries], False
        parent = Task(self._endpoints[for_each.endpoint], task.window, task.ids_variant)
        with self._lock:  # one thread asks, the others find the answer
            if parent not in self._found:
                found = self._fetch(parent)
                self._found[parent] = ids_in(parent.endpoint.name, for_each.column, found.rows), found.truncated
            return self._found[parent]


def ids_in(endpoint: str, column: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the values of a column, each once.

    Raises:
        UnexpectedBodyError: a row lacks it as text.
    """
    ids = list(dict.fromkeys(row.get(column) for row in rows))
    if not all(isinstance(one, str) and one for one in ids):
        raise UnexpectedBodyError(f"a row lacks {column} as text", endpoint=endpoint)
    return cast("list[str]", ids)


def id_params(for_each: ForEach, ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """Parameters of the calls that ask for all ids; an id for several parameters is split at its colons."""
    if for_each.queries:
        yield from (dict(parse_qsl(one)) for one in ids)
        return
    for start in range(0, len(ids), for_each.per_call):
        group = ids[start : start + for_each.per_call]
        colons = len(for_each.params) - 1
        values = group[0].split(":", colons) if for_each.separator is None else [for_each.separator.join(group)]
        yield dict(zip(for_each.params, values, strict=True))
