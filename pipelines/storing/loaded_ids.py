"""How many ids a task will ask for, as far as they are loaded or configured."""

from collections.abc import Mapping

from pipelines.planning.policy import SURGE, Policy
from pipelines.sql.conditions import between, equal
from pipelines.sql.reading import count_distinct
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import ForEach
from sources.rest.reading.tasks import Task
from sources.rest.windows import align


class LoadedIds:
    """Counts the ids that a task will ask for, as far as the tables or the configuration know them.

    Args:
        dataset: what is loaded.
        policy: how the past is gone about.
        endpoints: the catalogue, by name.
        options: the source's options; some give ids.
    """

    def __init__(self, dataset: Dataset, policy: Policy, *, endpoints: Mapping[str, Endpoint], options: object) -> None:
        self._warehouse = dataset.warehouse
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
            return max(int(for_each.queries), len(getattr(self._options, for_each.option)))
        parent = self._endpoints[for_each.endpoint]
        if parent.name not in self._tables or not self._is_loaded(parent, task):
            return None
        where = [equal(name, value) for name, value in task.ids_variant]
        if task.window and parent.dated:
            span = align(task.window, self._policy.grain, self._policy.today)
            where += [equal("grain", self._policy.grain.value), between("date", span.start, span.end)]
        found: int
        ((found,),) = self._warehouse.ask(count_distinct(parent.name, for_each.column, where))
        return min(found, parent.cap or found)

    def most(self, for_each: ForEach) -> int | None:
        """Most ids of one task: as many as a list can have, or of all that are loaded; None where none are."""
        parent = self._endpoints[for_each.endpoint]
        if parent.cap or parent.name not in self._tables:
            return parent.cap
        found: int
        ((found,),) = self._warehouse.ask(count_distinct(parent.name, for_each.column, []))
        return SURGE * max(1, found)

    def _is_loaded(self, parent: Endpoint, task: Task) -> bool:
        if not parent.dated:
            return True
        variants = [one for one in parent.variants(self._policy.values) if set(task.ids_variant) <= set(one)]
        return any(self._ledger.loaded(Task(parent, task.window, one), self._policy.grain) for one in variants)
