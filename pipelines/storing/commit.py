"""Loading a slice: rows, the ledger and the history that speak of them, in one load package."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import dlt
from dlt.extract import DltResource
from pendulum import Date

from pipelines.destinations.waiting import DestinationBusyError
from pipelines.planning.ledger import STATE_KEY
from pipelines.sql.statement import Statement
from pipelines.storing.dataset import Dataset
from pipelines.storing.forgotten_people import forgotten_people
from pipelines.storing.history import Said
from pipelines.storing.noting import History, can_be_noted, note_of
from pipelines.storing.unchanged import Stored
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.reading.answers import Answer
from sources.rest.reading.evolved_columns import NO_EVOLVED_COLUMNS, EvolvedColumns
from sources.rest.vendor.resources import evolved_columns, loaded_tables
from sources.rest.windows import Grain


class Committer:
    """Loads slices into one pipeline.

    Args:
        dataset: where rows go; its ledger grows with each slice.
        load: loads the package that was extracted and normalised.
        write: executes statements in one transaction, as a package is loaded; None where only packages are taken.
        grain: length of the windows of aggregate rows.
        today: the day that is still changing.
        asked_as: how an endpoint is asked for days, in words that the ledger keeps.
    """

    def __init__(
        self,
        dataset: Dataset,
        load: Callable[[], None],
        write: Callable[[Sequence[Statement]], None] | None = None,
        *,
        grain: Grain,
        today: Date,
        asked_as: Callable[[Endpoint], str] = lambda _: "",
    ) -> None:
        self._pipeline = dataset.pipeline
        self._load = load
        self._write = write
        self._ledger = dataset.ledger
        self._warehouse = dataset.warehouse
        self._forgotten = dataset.forgotten
        self._shared_tables = dataset.shared_tables
        self._grain = grain
        self._today = today
        self._asked_as = asked_as
        self._evolved: EvolvedColumns | None = None
        self._stored: Stored | None = None
        self._told = _told(self._ledger.to_state())

    def evolved(self) -> EvolvedColumns:
        """Columns that the destination's tables have."""
        if self._evolved is None:
            known = self._pipeline.default_schema_name is not None
            own = evolved_columns(self._pipeline.default_schema) if known else NO_EVOLVED_COLUMNS
            others = self._warehouse.stored_types(self._shared_tables) if self._shared_tables else NO_EVOLVED_COLUMNS
            self._evolved = {name: {**others.get(name, {}), **own.get(name, {})} for name in {*own, *others}}
        return self._evolved

    def commit(
        self,
        answers: Sequence[Answer],
        tenant: str | None,
        extra: Sequence[DltResource] = (),
        *,
        said: Callable[[Sequence[Answer]], Said] = lambda _: Said(),
    ) -> None:
        """Load answers, but for rows that are stored already; the ledger takes note of all of them.

        Answers that change neither rows nor ledger make no load package: what is to be said of them goes with the next.

        Args:
            answers: what to load.
            tenant: profile whose rows they are, where the API tells it.
            extra: further tables of the same load package.
            said: what the run says of itself, given those answers whose rows are loaded.

        Raises:
            ConfigurationError: the destination holds the rows of another profile.
            DestinationBusyError: somebody was forgotten since the run has begun.
        """
        self._keep_out_the_forgotten()
        if answers:  # an answer that was refused may have told anything
            self._ledger.tenant = self._ledger.tenant or tenant
        if self._ledger.tenant and tenant not in (None, self._ledger.tenant):
            raise ConfigurationError(
                f"the key belongs to profile {tenant}, but the dataset holds profile {self._ledger.tenant}; give this"
                " one a name ([sources.<source>.profiles.<name>]), or load it into another dataset (--dataset), or into"
                " another file if what it holds was made up"
            )
        # before the ledger takes note: a destination that does not answer must not leave word of what was not loaded
        differing = self._differing(answers)
        tables = [table for endpoint, group in differing for table in loaded_tables(endpoint, group)]
        for answer in (one for one in answers if not (one.more or one.lost)):
            self._ledger.note_read(answer.task, self._grain, self._today)
            cut = answer.truncated
            self._ledger.add(answer.task, self._grain, self._today, self._asked_as(answer.task.endpoint), cut=cut)
        state = self._ledger.to_state()
        told = _told(state)
        if answers and not tables and not extra and told == self._told:
            return

        def ledger() -> Iterable[None]:
            dlt.current.source_state()[STATE_KEY] = state
            return ()

        about = said([answer for _, group in differing for answer in group])
        package = [*tables, *about.resources, *extra, dlt.resource(ledger, name="ledger")]
        try:
            noted = not (tables or extra or about.further) and self._noted(about.rows, state)
        except DestinationBusyError:
            self._package(package)  # the next run loads it
            raise
        if not noted:
            self.load(package)
        self._told = told

    def lacks(self, resource: DltResource) -> bool:
        """Whether a table that no endpoint fills would change something if it was loaded."""
        try:
            return self._known().lacks(resource)
        except DestinationBusyError:
            return True

    def load(self, tables: Sequence[DltResource]) -> None:
        """Load tables in one load package; the ledger says nothing new of them."""
        self._package(tables)
        self._load()
        self._warehouse.look_again()
        self._evolved = None

    def _noted(self, rows: History, state: Mapping[str, Any]) -> bool:
        """Write history and ledger without a package, if they are the first that the run commits; return whether."""
        write, self._write = self._write, None  # rows that were committed before would stand there twice
        if write is None or not can_be_noted(self._warehouse, rows):
            return False
        write(note_of(self._pipeline, rows, state))
        return True

    def _package(self, tables: Sequence[DltResource]) -> None:
        self._write = None
        name = self._pipeline.pipeline_name

        @dlt.source(name=name, section=name, max_table_nesting=0)
        def one_slice() -> Sequence[DltResource]:
            return tables

        self._pipeline.extract(one_slice())
        self._pipeline.normalize()

    def _keep_out_the_forgotten(self) -> None:
        """Read the list again: what was read before somebody was put on it may hold their rows."""
        if self._forgotten and forgotten_people(self._warehouse).marks != self._forgotten.marks:
            raise DestinationBusyError(
                "somebody was forgotten since this run has begun; what it has read is read again by the next run"
            )

    def _differing(self, answers: Sequence[Answer]) -> list[tuple[Endpoint, list[Answer]]]:
        """Answers that would change something, by endpoint."""
        if not answers:
            return []
        ordered = sorted(answers, key=lambda answer: answer.task.endpoint.name)
        groups = [(endpoint, list(group)) for endpoint, group in groupby(ordered, key=lambda one: one.task.endpoint)]
        try:
            stored = self._known()
            found = [(endpoint, stored.differing(endpoint, group)) for endpoint, group in groups]
        except DestinationBusyError:
            return groups  # what is read is kept in a package, whenever it can be loaded
        return [(endpoint, group) for endpoint, group in found if group]

    def _known(self) -> Stored:
        # a table that comes into being meanwhile holds nothing that would be answered twice in one run
        self._stored = self._stored or Stored(self._warehouse, self._warehouse.tables())
        return self._stored


def _told(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a ledger's state is a reason for a package; what was read today or is open goes with the next one."""
    return {name: part for name, part in state.items() if name not in ("read_today", "open_checks")}
