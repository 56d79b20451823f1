"""A destination that is only looked at, also while a sync into it is running."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from dlt.common.schema import Schema

from pipelines.destinations.attached import Attached
from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lease_table import TABLE, holder_of
from pipelines.destinations.lock import holder_id, is_held
from pipelines.destinations.sqlite_file import is_missing, main_file
from pipelines.destinations.target import Target


class ReadOnlyDestination(Attached):
    """A destination whose tables and ledger are read, and nothing else.

    It has a working folder of its own for as long as it is entered: that of the runs is left alone, and with it what an
    earlier run still has to load. A DuckDB file is opened for reading, beside other readers; no file is ever created.

    Attributes:
        pending: a run has read what it has not loaded yet: it is at work, or the next one goes on with it.
        at_work: a run holds the destination; None where none ever has.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.pending = self._is_pending()
        self._lock = self._folder.with_suffix(".lock")
        self.at_work = is_held(self._lock)
        self._own = tempfile.TemporaryDirectory(prefix="elt-")
        self._folder = Path(self._own.name)
        self._missing = False
        if isinstance(self._factory, DuckDbFile):
            file = self._factory.file
            self._factory = DuckDbFile(file, read_only=True, destination_name=self._name)
            self._missing = not file.exists()
        elif main := main_file(self._configuration()):
            self._missing = is_missing(main, target.dataset_name)

    def __enter__(self) -> Self:
        """Keep the working folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the working folder."""
        self._own.cleanup()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Bring the state from the destination; a connection stays open meanwhile, if there is something to read.

        Raises:
            ConfigurationError: credentials or path cannot work.
            DestinationBusyError: another process holds the destination, or it does not answer.
        """
        self._pipeline = self._attach()
        if self._missing:
            yield
            return
        with destination_errors(self._name), self._client_of(Schema(TABLE)) as client:
            self._restore_state(self._pipeline)
            held = holder_of(client, self._target.ledger_id)
            elsewhere = held is not None and held.is_current and held.holder != holder_id(self._lock)
            self.at_work = elsewhere or bool(self.at_work)
            yield
