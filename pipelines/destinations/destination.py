"""A destination that a run loads into."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final

import dlt
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.common.exceptions import DltException
from dlt.common.schema import Schema
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.destinations.attached import Attached
from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.earlier_versions import finish_removing, remove_earlier_versions
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.executing import execute
from pipelines.destinations.fence import fence
from pipelines.destinations.gone_tables import some_are_gone
from pipelines.destinations.lease import Lease, LeaseLostError
from pipelines.destinations.lease_table import TABLE, Known
from pipelines.destinations.lock import private_files, run_lock
from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.destinations.pending import ASIDE_MAX, can_be_loaded, set_aside, stored_state
from pipelines.destinations.target import Target
from pipelines.destinations.waiting import DestinationBusyError
from pipelines.sql.rendering import TRANSACTIONS
from pipelines.sql.statement import Statement
from sources.rest.errors import ConfigurationError

_FOLLOWS_ON: Final = "follows_on.json"
"""In the working folder: number of the run's lease, and the state that its next package follows on."""


ASIDE: Final = "elt-set-aside"
"""Beside the working folders: packages that no database takes."""


class Destination(Attached):
    """A destination that a run loads into.

    Attributes:
        known: tells what there is to note of the profile when the run ends.
        release: closes the connection of the run, if one is open, once that is noted.

    Args:
        target: which destination and dataset.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._tables_gone = False
        self._client: SqlClientBase[Any] | None = None
        self._lease = Lease("")
        self.known: Callable[[], Known | None] = lambda: None
        self.release: Callable[[], None] = lambda: None
        self._state: str | None = None
        self._aside = self._folder.parent / ASIDE / self._folder.name
        self._told: list[str] = []
        self._unfenced = self._factory.client
        self._factory.client = self._fenced

    @property
    def notes(self) -> list[str]:
        """What a user should know of the destination, in sentences."""
        return [*super().notes, *self._told]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out of the destination and dataset; files made meanwhile are private.

        The lock file keeps those of this home folder out, the lease, which `opened` takes, all others.

        Raises:
            DestinationBusyError: another run holds it.
        """
        in_use = self._factory.in_use() if isinstance(self._factory, DuckDbFile) else nullcontext()
        with private_files(), run_lock(self._folder.with_suffix(".lock")) as holder, in_use:
            self._lease = Lease(holder, self._target.ledger_id)
            try:
                yield
            finally:
                try:
                    self._give_back()
                finally:
                    self.release()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take the lease, finish what an earlier run left behind, and bring the state back.

        What was loaded is read from the destination each time, so a stale or lost working folder changes nothing.

        Raises:
            ConfigurationError: credentials or path cannot work.
            DestinationBusyError: another run or process holds the destination, or it does not answer.
        """
        if isinstance(self._factory, DuckDbFile) and self._factory.empty_leftover():
            self.rewrite()  # it was killed: the file still holds what was deleted
        # opening a DuckDB file costs more than all that is asked here; beside an open connection it costs nothing
        with destination_errors(self._name), self.turn(), self._client_of(Schema(TABLE)) as client:
            before = self._lease.take(client)
            finish_removing(client, self._lease)
            if self._folder.exists():
                self._finish_earlier_run(before)
            self._clear()
            self._pipeline = self._attach()
            with self._connected(self._pipeline):
                self._restore_state(self._pipeline)
                self._tables_gone = some_are_gone(self._pipeline, self._connected(self._pipeline))
                self._note_state()
                yield

    def renew(self) -> None:
        """Keep the lease, if it is time to.

        Raises:
            DestinationBusyError: another run has taken it.
        """
        if self._lease.is_due:
            try:
                with destination_errors(self._name), self.turn(), self._client_of(Schema(TABLE)) as client:
                    self._lease.renew(client)
            except DestinationBusyError:
                if self._lease.lost:
                    raise  # otherwise a reader holds the file, or the server is away for a moment: a commit will say so

    def load(self) -> None:
        """Load the package that was extracted and normalised.

        Raises:
            DestinationBusyError: the destination does not answer: the package stays, the next run loads it; or another
                run has gone on: what the package holds is read again.
        """
        with self._going_on():
            made_by_somebody(self._load_package)

    @property
    def takes_statements(self) -> bool:
        """What is to be committed may come as statements of one transaction, if it makes no table."""
        return (
            not self._tables_gone
            and self._factory.capabilities().sqlglot_dialect in TRANSACTIONS
            and issubclass(self._factory.client_class, SqlJobClientBase)
        )

    def write(self, statements: Sequence[Statement]) -> None:
        """Execute statements in one transaction, in the place of a package.

        Raises:
            DestinationBusyError: the destination does not answer, or another run has gone on.
        """

        def write() -> None:
            client = self._connected(self.pipeline)
            with client.begin_transaction():
                for statement in statements:
                    execute(client, statement)

        with self._going_on():
            made_by_somebody(write)

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Commit what follows on what this run has committed, or found, before."""
        try:
            # the connection keeps readers of a DuckDB file out until everything is committed
            with (
                destination_errors(self._name, personal=self._target.personal),
                self.turn(),
                self._connected(self.pipeline),
            ):
                self._refuse_another()
                yield
                self._note_state()
        except Exception as error:
            if self._lease.lost:  # dlt tells it in a text, among others
                raise LeaseLostError from error
            raise

    def _refuse_another(self) -> None:
        if stored_state(self.pipeline) != self._state:
            raise LeaseLostError

    def _load_package(self) -> None:
        if self._tables_gone:
            with self.pipeline.destination_client() as client:
                client.update_stored_schema()  # a load creates only the tables that it fills
            self._tables_gone = False
        self.pipeline.load(raise_on_failed_jobs=True)

    def rewrite(self) -> None:
        """Leave nothing of deleted rows in a DuckDB file, once no run of this process uses it, or in a lake.

        How another database forgets is up to its operator.

        Raises:
            DestinationBusyError: another run uses the lake; the next one that has it for itself does the rest.
        """
        if isinstance(self._factory, DuckDbFile):
            self._factory.rewrite_later()
            return
        with destination_errors(self._name), self.turn(), self._client_of(Schema(TABLE)) as client:
            remove_earlier_versions(client, self._lease)

    def _attach(self) -> dlt.Pipeline:
        self._client = None
        return super()._attach()

    def _connected(self, pipeline: dlt.Pipeline) -> SqlClientBase[Any]:
        """A connection to be entered; making one anew costs more than opening it."""
        self._client = self._client or pipeline.sql_client()
        return self._client

    def _fenced(self, schema: Schema, initial_config: Any = None) -> Any:
        """A client of dlt that writes only while the lease is this run's."""
        made = self._unfenced(schema, initial_config)
        if self._lease.number is not None:
            fence(made.sql_client, self._lease)
        return made

    def _give_back(self) -> None:
        if self._lease.number is not None:
            # it runs out by itself
            with (
                suppress(ConfigurationError, DestinationBusyError),
                destination_errors(self._name),
                self.turn(),
                self._client_of(Schema(TABLE)) as client,
            ):
                self._lease.give_back(client, self.known())

    def _note_state(self) -> None:
        """Remember what the next package follows on, for this run and for one that has to finish it."""
        self._state = stored_state(self.pipeline)
        noted = json.dumps({"lease": self._lease.number, "state": self._state})
        (self._folder / _FOLLOWS_ON).write_text(noted)

    def _finish_earlier_run(self, before: int) -> None:
        """Load what an earlier run has read but not loaded; where that could go wrong, it is read again instead.

        Args:
            before: number of the last lease: whoever else has had it may have loaded or erased something since.
        """
        try:
            noted = json.loads((self._folder / _FOLLOWS_ON).read_text())
            lease, self._state = noted["lease"], noted["state"]
        except (OSError, ValueError, LookupError, TypeError):
            return  # an earlier version has left it, or it died while it wrote
        if lease != before or not self._is_pending():
            return
        try:
            self._pipeline = pipeline = self._attach()
            with destination_errors(self._name):
                pipeline.normalize()
        except (ConfigurationError, DestinationBusyError, DltException, ValueError, OSError):
            return  # it died while it wrote to the folder
        with destination_errors(self._name):
            if not can_be_loaded(pipeline, self._state):
                return
            self._state = stored_state(pipeline)
        try:
            self.load()
        except DestinationBusyError as error:
            cause = error.__cause__
            if not (
                isinstance(cause, PipelineStepFailed) and isinstance(cause.exception, DestinationTerminalException)
            ):
                raise
        except PipelineStepFailed:  # nothing that the destination would have to be mended for
            told = "what an earlier run has read could not be loaded, twice: it is read again, and was"
            if self.personal:
                self._told.append(f"{told} removed, because it holds personal rows")
            else:
                folder = set_aside(pipeline, self._aside)
                self._told.append(
                    f"{told} set aside in {folder}, where the newest {ASIDE_MAX} are kept; that holds rows, delete"
                    " it once nobody needs it to find the reason"
                )

    def _clear(self) -> None:
        """Remove the working folder; being killed meanwhile leaves a whole one or none."""
        old = self._folder.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)
