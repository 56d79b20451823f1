"""Loading a slice: rows, the ledger and the history that speak of them, in one load package."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import dlt
from dlt.extract import DltResource
from pendulum import Date

from pipelines.sync.history import Restated, WindowRow, history_table
from pipelines.sync.stored import Stored
from pipelines.sync.warehouse import Warehouse
from sources.rest.catalogue import Endpoint
from sources.rest.coverage import STATE_KEY, Coverage
from sources.rest.errors import ConfigurationError
from sources.rest.reader import Answer
from sources.rest.resources import learned_from, loaded_tables
from sources.rest.tables import NOTHING_LEARNED, Learned
from sources.rest.windows import Grain


class Committer:
    """Loads slices into one pipeline.

    Args:
        pipeline: where rows go.
        load: loads the package that was extracted and normalised.
        warehouse: what is loaded.
        coverage: the ledger; it grows with each slice.
        grain: length of the windows of aggregate rows.
        today: the day that is still changing.

    Attributes:
        windows: rows of `sync_windows` that go with the next slice.
        restated: rows of `restatements` that do.
    """

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        load: Callable[[], object],
        warehouse: Warehouse,
        coverage: Coverage,
        *,
        grain: Grain,
        today: Date,
    ) -> None:
        self.windows: list[WindowRow] = []
        self.restated: list[Restated] = []
        self._pipeline = pipeline
        self._load = load
        self._coverage = coverage
        self._grain = grain
        self._today = today
        self._warehouse = warehouse
        self._learned: Learned | None = None
        self._stored: Stored | None = None

    def learned(self) -> Learned:
        """Columns that the destination's tables have."""
        if self._learned is None:
            known = self._pipeline.default_schema_name is not None
            self._learned = learned_from(self._pipeline.default_schema) if known else NOTHING_LEARNED
        return self._learned

    def commit(self, answers: Sequence[Answer], tenant: str | None, beside: Iterable[DltResource] = ()) -> None:
        """Load answers, but for rows that are stored already; the ledger takes note of all of them.

        Raises:
            ConfigurationError: the destination holds the rows of another profile.
        """
        self._coverage.tenant = self._coverage.tenant or tenant
        if tenant not in (None, self._coverage.tenant):
            raise ConfigurationError(
                f"the key belongs to profile {tenant}, but the dataset holds profile {self._coverage.tenant}; load"
                " another profile into another dataset (--dataset)"
            )
        for answer in answers:
            self._coverage.add(answer.task, self._grain, self._today)
        state = self._coverage.to_state()

        def ledger() -> Iterable[None]:
            dlt.current.source_state()[STATE_KEY] = state
            return ()

        differing = self._differing(answers)
        name = self._pipeline.pipeline_name
        history = [*history_table("sync_windows", self.windows), *history_table("restatements", self.restated)]

        @dlt.source(name=name, section=name, max_table_nesting=0)
        def one_slice() -> list[DltResource]:
            tables = [table for endpoint, group in differing for table in loaded_tables(endpoint, group)]
            return [*tables, *history, *beside, dlt.resource(ledger, name="ledger")]

        self._pipeline.extract(one_slice())
        self._pipeline.normalize()
        self._load()
        self._learned = None
        self.windows, self.restated = [], []

    def _differing(self, answers: Sequence[Answer]) -> list[tuple[Endpoint, list[Answer]]]:
        """Answers that would change something, by endpoint."""
        if not answers:
            return []
        # a table that comes into being meanwhile holds nothing that would be answered twice in one run
        self._stored = self._stored or Stored(self._warehouse, self._warehouse.tables())
        ordered = sorted(answers, key=lambda answer: answer.task.endpoint.name)
        groups = [(endpoint, list(group)) for endpoint, group in groupby(ordered, key=lambda one: one.task.endpoint)]
        found = [(endpoint, self._stored.differing(endpoint, group)) for endpoint, group in groups]
        return [(endpoint, group) for endpoint, group in found if group]
