"""Rows that a server names in a way of its own: what they stand for is found out, and stored under true names."""

import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

from sources.rest.catalogue.relations import Levels
from sources.rest.errors import IndistinctRowsError, WrongShapeError
from sources.rest.reading.bodies import Rows
from sources.rest.reading.fetcher import Fetcher
from sources.rest.reading.tasks import Task

ID, ID_AND_NAME = "id", "id and name"
"""Which fields of the top hold those of the row's own level."""

Row = Mapping[str, Any]


class LevelNames:
    """Names the rows of endpoints that have levels; thread-safe.

    Attributes:
        known: endpoint and level -> what was found out of it, where its rows are named by fields of the top.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self.known: MutableMapping[str, str] = {}
        self._fetcher = fetcher
        self._tops: dict[Task, Rows] = {}
        self._lock = threading.Lock()

    def named(self, task: Task, rows: Rows) -> Rows:
        """Return rows under names that are true at their level.

        Raises:
            ApiError: the rows of the top have to be asked for, and the API does not tell them.
            IndistinctRowsError: nothing tells the rows apart.
            WrongShapeError: a row lacks what names the others.
        """
        levels = task.endpoint.levels
        level = dict(task.variant).get(levels.param) if levels else None
        if levels is None or level is None or not rows or not all(isinstance(row, dict) for row in rows):
            return rows
        top_id, top_name = levels.named_by
        if level == levels.top:
            return _distinct(rows, top_id)
        ids, names = levels.own[level]
        own = next((field for field in ids if any(field in row for row in rows)), None)
        if own:
            name = next((field for field in names if any(field in row for row in rows)), names[0])
            return _distinct([_renamed(row, {own: ids[0], name: names[0]}) for row in rows], ids[0])
        held = self._held(task, levels, rows)
        moved = {top_id: ids[0], **({top_name: names[0]} if held == ID_AND_NAME else {})}
        return _distinct([{**_renamed(row, moved), top_id: None} for row in rows], ids[0])

    def _held(self, task: Task, levels: Levels, rows: Rows) -> str:
        """Which fields of the top hold those of the rows' own level."""
        name = f"{task.endpoint.name} {dict(task.variant)[levels.param]}"
        with self._lock:  # one thread finds out, the others know
            if name not in self.known:
                self.known[name] = self._found_out(task, levels, rows)
            return self.known[name]

    def _found_out(self, task: Task, levels: Levels, rows: Rows) -> str:
        top_id, top_name = levels.named_by
        ids = [row.get(top_id) for row in rows]
        if len(set(map(repr, ids))) == len(ids):
            top = self._top(task, levels)
            known = {row.get(top_id) for row in top if isinstance(row, dict)}
            if known and known.isdisjoint(ids):
                names = {row.get(top_name) for row in top if isinstance(row, dict)}
                return ID if names.issuperset(row.get(top_name) for row in rows) else ID_AND_NAME
        raise IndistinctRowsError(
            f"{len(rows)} rows share {len(set(map(repr, ids)))} values of {top_id} and have no id of their own",
            endpoint=task.endpoint.name,
        )

    def _top(self, task: Task, levels: Levels) -> Rows:
        variant = tuple((name, levels.top if name == levels.param else value) for name, value in task.variant)
        top = Task(task.endpoint, task.window, variant)
        if top not in self._tops:
            self._tops[top] = self._fetcher.fetch(top).rows
        return self._tops[top]


def _renamed(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(field, field): value for field, value in row.items()}


def _distinct(rows: Rows, field: str) -> Rows:
    """See that a field tells rows apart.

    Raises:
        WrongShapeError: it does not.
    """
    if any(field not in row for row in rows):
        raise WrongShapeError(f"a row lacks {field}, which names the others")
    if len({repr(row[field]) for row in rows}) < len(rows):
        raise WrongShapeError(f"several rows share the key ({field})")
    return rows
