"""What has changed since it was loaded, and on which days it may have changed elsewhere too."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import isclose
from typing import Any, Final

from pipelines.planning.ledger import Ledger
from pipelines.proving.sums import CENT, rows_of
from pipelines.sql.conditions import since
from pipelines.sql.reading import rows, types_of
from pipelines.storing.history import HISTORY, RESTATEMENTS
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Measure
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Grain, Window

SAME: Final = 1e-9
"""Share by which an average or a share may differ and is the same: what arithmetic of a database may change of it."""

Cells = dict[tuple[date, str, str], float]
"""(date, key, metric) -> value."""


@dataclass(frozen=True)
class Change:
    """A loaded value that differs from what the API says now; None where there was none, or is none any more."""

    task: Task
    date: date
    key: str
    metric: str
    old: float | None
    new: float | None

    @property
    def size(self) -> float:
        """Absolute difference."""
        return abs((self.new or 0) - (self.old or 0))


class ChangedDays:
    """Days that have changed at some endpoint: the first places to look where another one does not add up."""

    def __init__(self, found: Iterable[Change] = ()) -> None:
        self._found: list[Change] = []
        self._amounts: dict[Measure, dict[date, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._moves: dict[Measure, dict[Move, set[date]]] = defaultdict(lambda: defaultdict(set))
        self._totals: dict[tuple[Task, str], dict[date, float]] = defaultdict(lambda: defaultdict(float))
        self.add(found)

    def __iter__(self) -> Iterator[Change]:
        """Give what has changed."""
        return iter(self._found)

    def add(self, found: Iterable[Change]) -> None:
        """Take note of changes."""
        rows: dict[tuple[Task, Measure, date, str], dict[str, float]] = defaultdict(dict)
        for change in found:
            self._found.append(change)
            measure = change.task.endpoint.additive.get(change.metric)
            if measure is None:  # what does not add up leads to no sum that has changed
                continue
            amount = (change.new or 0) - (change.old or 0)
            self._amounts[measure][change.date].append(amount)
            self._totals[change.task, change.metric][change.date] += amount
            rows[change.task, measure, change.date, change.key][change.metric] = amount
        for (_, measure, day, _), amounts in rows.items():
            self._moves[measure][_move(amounts)].add(day)

    @property
    def amounts(self) -> Mapping[Measure, Mapping[date, Sequence[float]]]:
        """By how much something of a day has changed, by measure and day, largest change first."""
        return {
            measure: {day: sorted(sizes, key=lambda size: -abs(size)) for day, sizes in days.items()}
            for measure, days in self._amounts.items()
        }

    @property
    def totals(self) -> Sequence[tuple[Measure, Mapping[date, float]]]:
        """By how much the total of each metric has changed, by day."""
        return [(task.endpoint.additive[metric], days) for (task, metric), days in self._totals.items()]

    @property
    def cancelling(self) -> Mapping[Measure, frozenset[date]]:
        """Days with a change of which another day has the opposite: elsewhere sums may agree although days do not."""
        return {
            measure: frozenset(
                day for move, days in moves.items() for day in days if moves.get(_opposite(move), set()) - {day}
            )
            for measure, moves in self._moves.items()
        }


Move = tuple[tuple[str, float], ...]
"""Metrics of a row that have changed together, in proportion to the largest change."""


def _move(amounts: Mapping[str, float]) -> Move:
    largest = max(map(abs, amounts.values()))
    return tuple((metric, round(amount / largest, 4)) for metric, amount in sorted(amounts.items()))


def _opposite(move: Move) -> Move:
    return tuple((metric, -share) for metric, share in move)


class ChangeDetector:
    """Compares answers with what is loaded for their windows.

    Attributes:
        changed_days: days of which something has changed in this run.
        seen_before: what earlier runs have seen that had not come to the end of their checks, and when.

    Args:
        ledger: which windows are loaded.
        warehouse: their rows.
        grain: length of the windows of aggregate rows.
    """

    def __init__(self, ledger: Ledger, warehouse: Warehouse, grain: Grain) -> None:
        self.changed_days = ChangedDays()
        self.seen_before: Sequence[tuple[datetime, Change]] = ()
        self._ledger = ledger
        self._warehouse = warehouse
        self._grain = grain

    def recall(self, moment: datetime, catalogue: Mapping[str, Endpoint], values: VariantValues) -> None:
        """Read again what earlier runs have seen since a moment.

        Args:
            moment: see above.
            catalogue: endpoints by name.
            values: of the parameters that multiply calls.
        """
        if not self._warehouse.has(RESTATEMENTS):
            return
        tasks = {(row.name, task.variant_text): task for row in catalogue.values() for task in _tasks(row, values)}
        asked = rows(RESTATEMENTS, types_of(HISTORY[RESTATEMENTS].columns), [since("seen_at", moment)])
        names = [column.name for column in HISTORY[RESTATEMENTS].columns]
        found = (dict(zip(names, row, strict=True)) for row in self._warehouse.ask(asked))
        self.seen_before = [
            (
                row["seen_at"],
                Change(task, row["date"], row["dimension_value"], row["metric"], row["old_value"], row["new_value"]),
            )
            for row in found
            if (task := tasks.get((row["resource"], row["variant"])))  # others are not configured any more
        ]

    def changed_since(self, moment: datetime | None) -> ChangedDays:
        """Days of which something has changed since a moment of an earlier run; without one, in this run."""
        before = [change for seen_at, change in self.seen_before if moment and seen_at >= moment]
        return ChangedDays([*before, *self.changed_days]) if before else self.changed_days

    def changes(self, answers: Sequence[Answer]) -> list[Change]:
        """Return what has changed according to answers of one variant; only what was loaded can have changed."""
        subject = answers[0].task
        windows = [window for answer in answers for window in self._ledger.loaded(answer.task, self._grain)]
        if not windows:
            return []
        whole = replace(subject, window=Window(min(one.start for one in windows), max(one.end for one in windows)))
        covered = {day for window in windows for day in window.dates()}
        old, many = _cells(subject, (row for row in self._warehouse.rows(whole) if row["date"] in covered))
        new, more = _cells(subject, (row for answer in answers for row in rows_of(answer) if row["date"] in covered))
        summed = many | more  # averages and shares of several rows are no average or share
        found = [
            Change(replace(subject, window=None), *cell, old.get(cell), new.get(cell))
            for cell in sorted(old.keys() | new.keys())
            if cell[-1] in subject.endpoint.additive or cell[:2] not in summed
            if _differ(subject.endpoint, cell[-1], old.get(cell), new.get(cell))
        ]
        self.changed_days.add(found)
        return found


def _tasks(endpoint: Endpoint, values: VariantValues) -> Iterator[Task]:
    return (Task(endpoint, variant=one) for one in endpoint.variants(values))


def _differ(endpoint: Endpoint, metric: str, old: float | None, new: float | None) -> bool:
    if metric in endpoint.additive:
        return abs((old or 0) - (new or 0)) >= CENT / 2
    return not isclose(old or 0, new or 0, rel_tol=SAME)


def _cells(subject: Task, rows: Iterable[Mapping[str, Any]]) -> tuple[Cells, set[tuple[date, str]]]:
    """Values of metrics by day and key, summed where rows share both, and the days and keys that several rows share."""
    endpoint = subject.endpoint
    keys = [name for name in endpoint.sum_by if name != "date"]
    metrics = [column.name for column in endpoint.columns if column.is_metric]
    cells: Cells = {}
    counts = Counter[tuple[date, str]]()
    for row in rows:
        place = (row["date"], " / ".join(str(row[name]) for name in keys if row.get(name) is not None))
        counts[place] += 1
        for metric in metrics:
            if row.get(metric) is not None:
                cells[*place, metric] = cells.get((*place, metric), 0.0) + row[metric]
    return cells, {place for place, count in counts.items() if count > 1}
