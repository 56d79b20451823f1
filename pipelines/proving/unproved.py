"""Windows that no sum proves: they are read again once something else has shown that their days have changed."""

from collections.abc import Iterable

from pipelines.planning.ledger import Ledger
from pipelines.proving.changes import Change
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain


class Unproved:
    """Windows that are not read unless their days change elsewhere; the ledger keeps which did, until they are read.

    Args:
        ledger: takes note of them: a run that ends before it reads them leaves them to the next one.
        grain: length of the windows of aggregate rows.
    """

    def __init__(self, ledger: Ledger, grain: Grain) -> None:
        self._ledger = ledger
        self._grain = grain
        self._tasks = list[Task]()

    def watch(self, tasks: Iterable[Task]) -> None:
        """Begin with the windows of a plan."""
        self._tasks = list(tasks)

    def note(self, changes: Iterable[Change]) -> None:
        """Take note of what has changed: what measures something else says nothing of a window."""
        days = {(change.task.endpoint.additive.get(change.metric), change.date) for change in changes}
        for task in self._tasks if days else ():
            measures = set(task.endpoint.additive.values())
            if task.window and any(day in task.window for measure, day in days if measure in measures):
                self._ledger.note_moved(task, self._grain)

    def take(self) -> list[Task]:
        """Return the windows that have changed elsewhere since they were read, each once."""
        moved = {task: self._ledger.has_moved(task, self._grain) for task in self._tasks}
        self._tasks = [task for task, has_moved in moved.items() if not has_moved]
        return [task for task, has_moved in moved.items() if has_moved]
