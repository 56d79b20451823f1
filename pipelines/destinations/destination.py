"""A destination that a run loads into."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import dlt
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.common.exceptions import DltException
from dlt.common.schema import Schema
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.destinations.attached import Attached
from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lock import run_lock
from pipelines.destinations.pending import can_be_loaded
from pipelines.destinations.target import Target
from pipelines.destinations.waiting import DestinationBusyError
from pipelines.sql.rendering import names_of, render
from pipelines.sql.writing import delete
from sources.rest.errors import ConfigurationError


class Destination(Attached):
    """A destination that a run loads into.

    Args:
        target: which destination and dataset.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._tables_gone = False
        self._client: SqlClientBase[Any] | None = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs of this machine out of the destination and dataset; files made meanwhile are private.

        Raises:
            DestinationBusyError: another run holds it.
        """
        before = os.umask(0o077)
        try:
            with run_lock(self._folder.with_suffix(".lock")):
                yield
        finally:
            os.umask(before)

    def open(self) -> None:
        """Attach to the destination: finish what an earlier run left behind, and bring the state back.

        What was loaded is read from the destination each time, so a stale or lost working folder changes nothing.

        Raises:
            ConfigurationError: credentials or path cannot work.
            DestinationBusyError: another process holds the destination, or it does not answer.
        """
        if self._folder.exists():
            self._finish_earlier_run()
        self._clear()
        self._pipeline = self._attach()
        # opening a DuckDB file costs more than all that is asked here; beside an open connection it costs nothing
        with destination_errors(self._name), self._connected(self._pipeline):
            self._pipeline.sync_destination()
            self._notice_missing_tables(self._pipeline)

    def load(self) -> None:
        """Load the package that was extracted and normalised.

        Raises:
            DestinationBusyError: the destination does not answer; the package stays, the next run loads it.
        """
        # the connection keeps readers of a DuckDB file out until the whole package is loaded
        with destination_errors(self._name, personal=self._target.personal), self._connected(self.pipeline):
            if self._tables_gone:
                with self.pipeline.destination_client() as client:
                    client.update_stored_schema()  # a load creates only the tables that it fills
                self._tables_gone = False
            self.pipeline.load(raise_on_failed_jobs=True)

    def rewrite(self) -> None:
        """Leave nothing of deleted rows in a DuckDB file; how another database forgets is up to its operator."""
        if isinstance(self._factory, DuckDbFile):
            with destination_errors(self._name):
                self._factory.rewrite()

    def _attach(self) -> dlt.Pipeline:
        self._client = None
        return super()._attach()

    def _connected(self, pipeline: dlt.Pipeline) -> SqlClientBase[Any]:
        """A connection to be entered; making one anew costs more than opening it."""
        self._client = self._client or pipeline.sql_client()
        return self._client

    def _finish_earlier_run(self) -> None:
        """Load what an earlier run has read but not loaded; where that could go wrong, it is read again instead."""
        try:
            self._pipeline = pipeline = self._attach()
            if not pipeline.has_pending_data:
                return
            with destination_errors(self._name):
                pipeline.normalize()
        except (ConfigurationError, DestinationBusyError, DltException, ValueError, OSError):
            return  # it died while it wrote to the folder
        with destination_errors(self._name):
            if not can_be_loaded(pipeline):
                return
        try:
            self.load()
        except (DestinationBusyError, PipelineStepFailed) as error:
            cause = error if isinstance(error, PipelineStepFailed) else error.__cause__
            if not (
                isinstance(cause, PipelineStepFailed) and isinstance(cause.exception, DestinationTerminalException)
            ):
                raise

    def _notice_missing_tables(self, pipeline: dlt.Pipeline) -> None:
        """Tables that were dropped by hand are created again by the next load, those of dlt among them.

        A connection has to be open.
        """
        schema = pipeline.default_schema if pipeline.schema_names else Schema(pipeline.pipeline_name)
        names = [str(table["name"]) for table in schema.data_tables(seen_data_only=True)]
        names += {*schema.dlt_table_names(), schema.state_table_name}
        with pipeline.destination_client() as client:
            stored = dict(cast("SqlJobClientBase", client).get_storage_tables(names))
        self._tables_gone = any(stored.values()) and not all(stored.values())
        if self._tables_gone and stored[schema.version_table_name]:
            sql = self._connected(pipeline)
            # a load creates nothing of a schema that it finds here
            text, _ = render(delete(schema.version_table_name), names_of(sql))
            sql.execute_sql(text)

    def _clear(self) -> None:
        """Remove the working folder; being killed meanwhile leaves a whole one or none."""
        old = self._folder.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)
