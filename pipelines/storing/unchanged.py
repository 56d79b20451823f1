"""Whether what was answered is stored already, to the last value: then it need not be loaded again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import DELETED, OWN_COLUMNS
from sources.rest.catalogue.endpoints import Endpoint
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
            given = {place: answer.tables[table].to_pylist() for place, answer in enumerate(answers)}
            columns, stored = self._stored(endpoint, table, [row for rows in given.values() for row in rows])
            for place, rows in given.items():
                mine = _by_window(rows, endpoint.merge_key)
                same = all(stored.get(key, Counter()) == window for key, window in mine.items())
                sent = set(answers[place].tables[table].column_names) - _OWN
                if not same or not columns.issuperset(sent):
                    changed.add(place)
        return [answer for place, answer in enumerate(answers) if place in changed]

    def _stored(self, endpoint: Endpoint, table: str, rows: Sequence[Mapping[str, Any]]) -> tuple[set[str], Rows]:
        values = {name: {row[name] for row in rows} for name in endpoint.merge_key}
        columns, found = self._warehouse.holding(table, values)
        stored = _by_window((dict(zip(columns, row, strict=True)) for row in found), endpoint.merge_key)
        return set(columns), stored


def _by_window(rows: Iterable[Mapping[str, Any]], merge_key: Sequence[str]) -> Rows:
    """Rows by window; a window that has only the mark that clears it has none."""
    windows: dict[Key, Counter[frozenset[tuple[str, Any]]]] = defaultdict(Counter)
    for row in rows:
        window = windows[tuple(row[name] for name in merge_key)]
        if not row[DELETED]:
            said = (one for one in row.items() if one[1] is not None and one[0] not in _OWN)
            window[frozenset(said)] += 1
    return windows
