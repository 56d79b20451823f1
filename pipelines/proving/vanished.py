"""Metrics that the API has stopped sending: to load their absence would erase what is loaded of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from pipelines.sql.conditions import of_variant, one_of
from pipelines.sql.reading import counts_set, types_of
from pipelines.storing.warehouse import Warehouse
from sources.rest.errors import UnexpectedBodyError
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain


class LoadedMetrics:
    """Which metrics had values when the run first came to a variant, or to a person of one.

    What other variants and people have says nothing: an ad may have metrics that a campaign never had. The destination
    is asked before the API is: while that answers, others may have the file.

    Args:
        warehouse: what is loaded.
        grain: length of the windows of aggregate rows.
        retired: metrics that may be lacking, each as `metric` or `resource.metric`.
    """

    def __init__(self, warehouse: Warehouse, grain: Grain, retired: Collection[str]) -> None:
        self._warehouse = warehouse
        self._grain = grain
        self._retired = frozenset(retired)
        self._found: dict[tuple[str, str, str], frozenset[str]] = {}

    def look(self, tasks: Iterable[Task]) -> None:
        """Ask the destination for the metrics of what some tasks read, unless that is known."""
        unknown: dict[tuple[str, str], list[Task]] = defaultdict(list)
        for task in tasks:
            if _subject(task) not in self._found:
                unknown[task.endpoint.name, task.variant_text].append(task)
        for alike in unknown.values():
            self._found |= dict.fromkeys(map(_subject, alike), frozenset())
            self._ask(alike)

    def unless_vanished(self, answer: Answer) -> Answer | Failure:
        """Return an answer, or a failure if it lacks metrics that are loaded of what its task reads."""
        table = answer.task.endpoint.name
        lacking = sorted(answer.absent & self._found[_subject(answer.task)])
        if not lacking:
            return answer
        accepted = ",".join(f"{table}.{name}" for name in lacking)
        error = UnexpectedBodyError(
            f"no row has {', '.join(lacking)}, of which values are loaded, and they stay; if the API has given that up,"
            f" set the option retired_metrics to {accepted}",
            endpoint=table,
            request_id=answer.request_id,
        )
        return Failure(answer.task, error)

    def _ask(self, alike: list[Task]) -> None:
        task, endpoint = alike[0], alike[0].endpoint
        table, columns = endpoint.name, self._warehouse.columns(endpoint.name)
        metrics = [
            column.name
            for column in endpoint.columns
            if column.is_metric
            and column.name in columns
            and not {column.name, f"{table}.{column.name}"} & self._retired
        ]
        if not metrics:
            return
        person = [endpoint.parents.column] if endpoint.parents else []
        by = types_of(column for column in endpoint.table_columns if column.name in person)
        where = [*of_variant(task, self._grain), *(one_of(name, [one.parent for one in alike]) for name in person)]
        for row in self._warehouse.ask(counts_set(table, by, metrics, where)):
            parent, counts = (row[0], row[1:]) if by else (task.parent, row)
            having = frozenset(name for name, count in zip(metrics, counts, strict=True) if count)
            self._found[table, task.variant_text, parent] = having


def _subject(task: Task) -> tuple[str, str, str]:
    return task.endpoint.name, task.variant_text, task.parent
