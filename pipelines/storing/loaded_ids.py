"""How many ids a task will ask for, as far as they are loaded or configured."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.planning.policy import Policy
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import ForEach
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window, align


class LoadedIds:
    """Counts the ids that a task will ask for, as far as the tables or the configuration know them.

    Args:
        dataset: what is loaded.
        policy: how the past is gone about.
        endpoints: the catalogue, by name.
        options: the source's options; some give ids.
    """

    def __init__(self, dataset: Dataset, policy: Policy, *, endpoints: Mapping[str, Endpoint], options: object) -> None:
        self._pipeline = dataset.pipeline
        self._tables = dataset.warehouse.tables(dataset.ledger.endpoints())
        self._ledger = dataset.ledger
        self._policy = policy
        self._endpoints = endpoints
        self._options = options

    def count(self, task: Task) -> int | None:
        """Count the ids of a task; None where what holds them is not loaded."""
        for_each = task.endpoint.for_each
        if for_each is None:
            return None
        if for_each.option:
            return len(getattr(self._options, for_each.option))
        parent = self._endpoints[for_each.endpoint]
        if parent.name not in self._tables or not self._is_loaded(parent, task):
            return None
        found = self._distinct(for_each, task.ids_variant, task.window if parent.dated else None)
        return min(found, parent.cap or found)

    def _is_loaded(self, parent: Endpoint, task: Task) -> bool:
        if not parent.dated:
            return True
        variants = [one for one in parent.variants(self._policy.values) if set(task.ids_variant) <= set(one)]
        return any(self._ledger.loaded(Task(parent, task.window, one), self._policy.grain) for one in variants)

    def _distinct(self, for_each: ForEach, where: Iterable[tuple[str, str]], window: Window | None) -> int:
        with self._pipeline.sql_client() as client:
            name = client.escape_column_name
            conditions: list[tuple[str, Any]] = [(f"{name(column)} = %s", one) for column, one in where]
            if window:
                span = align(window, self._policy.grain, self._policy.today)
                grain = self._policy.grain
                conditions += [(f"{name('grain')} = %s", grain.value)]
                conditions += [(f"{name('date')} >= %s", span.start), (f"{name('date')} <= %s", span.end)]
            clause = f" WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
            # names come from the catalogue, values are passed beside the text
            query = (
                f"SELECT COUNT(DISTINCT {name(for_each.column)})"  # noqa: S608
                f" FROM {client.make_qualified_table_name(for_each.endpoint)}{clause}"
            )
            with client.execute_query(query, *(value for _, value in conditions)) as cursor:
                (row,) = cursor.fetchall()
                return int(row[0])
