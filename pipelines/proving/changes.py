"""What has changed since it was loaded, and on which days it may have changed elsewhere too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isclose
from typing import Any, Final

from pipelines.planning.ledger import Ledger
from pipelines.proving.sums import CENT, rows_of
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Measure
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
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

    def __init__(self) -> None:
        self._sizes: dict[Measure, dict[date, float]] = defaultdict(lambda: defaultdict(float))
        self._signs: dict[Measure, set[bool]] = defaultdict(set)

    def add(self, found: Iterable[Change]) -> None:
        """Take note of changes."""
        for change in found:
            measure = change.task.endpoint.additive.get(change.metric)
            if measure is None:  # what does not add up leads to no sum that has changed
                continue
            self._sizes[measure][change.date] += change.size
            self._signs[measure].add((change.new or 0) > (change.old or 0))

    @property
    def cancelling(self) -> frozenset[Measure]:
        """Measures with changes up and down: sums may agree although days do not."""
        return frozenset(measure for measure, signs in self._signs.items() if len(signs) > 1)

    @property
    def by_measure(self) -> Mapping[Measure, Sequence[date]]:
        """Days that have changed per measure, largest change first."""
        return {measure: sorted(sizes, key=lambda day: -sizes[day]) for measure, sizes in self._sizes.items()}


class ChangeDetector:
    """Compares answers with what is loaded for their windows.

    Attributes:
        changed_days: days of which something has changed.

    Args:
        ledger: which windows are loaded.
        warehouse: their rows.
        grain: length of the windows of aggregate rows.
    """

    def __init__(self, ledger: Ledger, warehouse: Warehouse, grain: Grain) -> None:
        self.changed_days = ChangedDays()
        self._ledger = ledger
        self._warehouse = warehouse
        self._grain = grain

    def changes(self, answers: Sequence[Answer]) -> list[Change]:
        """Return what has changed according to answers of one variant; only what was loaded can have changed."""
        subject = answers[0].task
        windows = [window for answer in answers for window in self._ledger.loaded(answer.task, self._grain)]
        if not windows:
            return []
        whole = replace(subject, window=Window(min(one.start for one in windows), max(one.end for one in windows)))
        covered = {day for window in windows for day in window.dates()}
        old = _cells(subject, (row for row in self._warehouse.rows(whole) if row["date"] in covered))
        new = _cells(subject, (row for answer in answers for row in rows_of(answer) if row["date"] in covered))
        found = [
            Change(replace(subject, window=None), *cell, old.get(cell), new.get(cell))
            for cell in sorted(old.keys() | new.keys())
            if _differ(subject.endpoint, cell[-1], old.get(cell), new.get(cell))
        ]
        self.changed_days.add(found)
        return found


def _differ(endpoint: Endpoint, metric: str, old: float | None, new: float | None) -> bool:
    if metric in endpoint.additive:
        return abs((old or 0) - (new or 0)) >= CENT / 2
    return not isclose(old or 0, new or 0, rel_tol=SAME)


def _metrics(endpoint: Endpoint) -> Iterable[str]:
    """What is compared cell by cell: averages and shares too, where no two rows of a window share a cell."""
    alone = endpoint.unique and endpoint.sum_by == endpoint.key
    return [column.name for column in endpoint.columns if column.additive or (alone and column.is_metric)]


def _cells(subject: Task, rows: Iterable[Mapping[str, Any]]) -> Cells:
    endpoint = subject.endpoint
    keys = [name for name in endpoint.sum_by if name != "date"]
    metrics = _metrics(endpoint)
    cells: Cells = {}
    for row in rows:
        key = " / ".join(str(row[name]) for name in keys if row.get(name) is not None)
        for metric in metrics:
            if row.get(metric) is not None:
                cell = (row["date"], key, metric)
                cells[cell] = cells.get(cell, 0.0) + row[metric]
    return cells
