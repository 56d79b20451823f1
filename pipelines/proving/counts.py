"""Whether pages have listed as many rows of entities as another endpoint counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipelines.planning.policy import Reason
from pipelines.proving.sums import rows_of
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Count
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window, split


@dataclass
class Counts:
    """Rows that the pages of a run have listed.

    Attributes:
        listed: task -> rows that the API has listed for it.
    """

    listed: dict[Task, int] = field(default_factory=dict)

    def add(self, answer: Answer) -> None:
        """Note how many rows were listed for a task; a list that this run has not read whole is not counted."""
        if answer.task.endpoint.counted_by and answer.paginator and answer.paginator.whole:
            self.listed[replace(answer.task, after=(), paginator=None)] = answer.paginator.rows

    def questions(self, catalogue: Mapping[str, Endpoint]) -> list[Task]:
        """Return the tasks whose answers count how many rows there must be."""
        spans: dict[str, Window] = {}
        for task in self.listed:
            name, window = _count(task).endpoint, _window(task)
            so_far = spans.get(name, window)
            spans[name] = Window(min(so_far.start, window.start), max(so_far.end, window.end))
        return [
            Task(catalogue[name], window, reason=Reason.CHECK) for name, span in spans.items() for window in split(span)
        ]

    def compared(self, answers: Iterable[Answer]) -> tuple[list[Task], dict[Task, int]]:
        """Return the tasks that have listed as many rows as are counted, and the others with the count."""
        answers = list(answers)
        equal, different = [], {}
        for task, rows in self.listed.items():
            count, window = _count(task), _window(task)
            there = [answer for answer in answers if answer.task.endpoint.name == count.endpoint]
            answered = {day for answer in there for day in _window(answer.task).dates()}
            if not answered.issuperset(window.dates()):
                continue  # nobody has said how many there must be
            value = dict(task.variant)[count.param]
            days = set(window.dates())
            rows_there = [row for answer in there for row in rows_of(answer) if row["date"] in days]
            counted = round(sum(float(str(row[count.metric] or 0)) for row in rows_there if row[count.column] == value))
            if counted == rows:
                equal.append(task)
            else:
                different[task] = counted
        return equal, different


def _count(task: Task) -> Count:
    if task.endpoint.counted_by is None:
        raise ValueError(f"{task} is not counted")
    return task.endpoint.counted_by


def _window(task: Task) -> Window:
    if task.window is None:
        raise ValueError(f"{task} has no days")
    return task.window
