"""Whether what was answered is stored already, to the last value: then it need not be loaded again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import DELETED, OWN_COLUMNS
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.answers import Answer

_OWN: Final = frozenset(column.name for column in OWN_COLUMNS)
"""Columns that are not compared: they say nothing of the answer."""

Key = tuple[Any, ...]
Rows = Mapping[Key, Counter[frozenset[tuple[str, Any]]]]
"""Rows of each window, by its merge key; a null counts as absent."""


class Stored:
    """Compares answers with what the destination holds.

    Args:
        warehouse: what is loaded.
        tables: names of the tables that exist.
    """

    def __init__(self, warehouse: Warehouse, tables: set[str]) -> None:
        self._warehouse = warehouse
        self._tables = tables

    def differing(self, endpoint: Endpoint, answers: Sequence[Answer]) -> list[Answer]:
        """Answers of one endpoint that would change something if they were loaded."""
        if not endpoint.merge_key or not self._tables.issuperset(endpoint.tables):
            return list(answers)
        changed: set[int] = set()
        for table in endpoint.tables:
            given = {place: one.tables[table] for place, one in enumerate(answers) if place not in changed}
            windows = {place: _sizes(rows, endpoint.merge_key) for place, rows in given.items()}
            columns, stored = self._stored(endpoint, table, list(given.values()))
            for place, sizes in windows.items():
                rows = given[place]
                # most windows are new or have other rows: of those the number tells, and no row has to be looked at
                same = all(size == stored[key].total() if key in stored else not size for key, size in sizes.items())
                same = same and columns.issuperset(set(rows.column_names) - _OWN)
                if same and any(sizes.values()):
                    mine = _by_window(rows.to_pylist(), endpoint.merge_key)
                    same = all(stored.get(key, Counter()) == window for key, window in mine.items())
                if not same:
                    changed.add(place)
        return [answer for place, answer in enumerate(answers) if place in changed]

    def lacks(self, resource: DltResource) -> bool:
        """Whether a table that no endpoint fills would change something if it was loaded."""
        columns, found = self._warehouse.holding(resource.name, {}) if resource.name in self._tables else ([], [])
        stored = [dict(zip(columns, row, strict=True)) for row in found]
        return any(row not in stored for rows in resource for row in rows.to_pylist())

    def _stored(self, endpoint: Endpoint, table: str, given: Sequence[pa.Table]) -> tuple[set[str], Rows]:
        if not given:
            return set(), {}
        names = endpoint.merge_key
        if (
            endpoint.kind is Kind.ENTITY
            and table == endpoint.name
            and not any(_lacks_time(endpoint, one) for one in given)
        ):
            # ids lie anywhere in a table, but rows of a time lie together; one that is stored with another time differs
            names = (*endpoint.request_names, endpoint.time_column)
        values = {name: {one for rows in given for one in pc.unique(rows[name]).to_pylist()} for name in names}
        columns, found = self._warehouse.holding(table, values)
        stored = _by_window((dict(zip(columns, row, strict=True)) for row in found), endpoint.merge_key)
        return set(columns), stored


def _lacks_time(endpoint: Endpoint, rows: pa.Table) -> bool:
    return not endpoint.time_column or rows[endpoint.time_column].null_count > 0


def _sizes(rows: pa.Table, merge_key: Sequence[str]) -> Mapping[Key, int]:
    """How many rows each window has, besides the mark that clears it."""
    counted = rows.group_by([*merge_key]).aggregate([(DELETED, "count"), (DELETED, "sum")])
    keys = zip(*(counted[name].to_pylist() for name in merge_key), strict=True)
    sizes = pc.subtract(counted[f"{DELETED}_count"], counted[f"{DELETED}_sum"].cast(pa.int64())).to_pylist()
    return dict(zip(keys, sizes, strict=True))


def _by_window(rows: Iterable[Mapping[str, Any]], merge_key: Sequence[str]) -> Rows:
    """Rows by window; a window that has only the mark that clears it has none."""
    windows: dict[Key, Counter[frozenset[tuple[str, Any]]]] = defaultdict(Counter)
    for row in rows:
        window = windows[tuple(row[name] for name in merge_key)]
        if not row[DELETED]:
            said = (one for one in row.items() if one[1] is not None and one[0] not in _OWN)
            window[frozenset(said)] += 1
    return windows
