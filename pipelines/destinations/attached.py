"""A dlt pipeline that is attached to a destination."""

import zlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import dlt
from dlt.common.schema import Schema
from dlt.common.schema.exceptions import SchemaException
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.named import factory_of, working_folder
from pipelines.destinations.target import Target
from pipelines.destinations.turns import turn_at
from pipelines.destinations.verdicts import chain, verdict_of
from pipelines.sql.rendering import ROW_LOCKS
from sources.rest.errors import ConfigurationError

_UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, zlib.error, SchemaException)
"""What dlt raises of a stored schema or state that is damaged, or of a later version."""

_PENDING: Final = ("normalize/extracted/*", "load/normalized/*")
"""Where dlt keeps what is still to be loaded, below a pipeline's folder."""


class _Pipeline(dlt.Pipeline):
    @property
    def default_schema(self) -> Schema:
        """The schema that dlt works with; dlt reads its file again at every look, and nobody else writes that file."""
        return self._schema_storage.live_schemas.get(self.default_schema_name or "") or super().default_schema


class Attached:
    """A dlt pipeline into a named destination and dataset, once it is open.

    Args:
        target: which destination and dataset.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._name = target.destination
        self._factory = factory_of(target)
        self._locks_rows = self._factory.capabilities().sqlglot_dialect in ROW_LOCKS
        self._be_patient()
        self._folder = working_folder(target, self._factory)
        self._pipeline: dlt.Pipeline | None = None

    @property
    def name(self) -> str:
        """Its name in `destinations.toml`."""
        return self._name

    @property
    def personal(self) -> bool:
        """It is the dataset of personal data."""
        return self._target.personal

    @property
    def target(self) -> Target:
        """Which destination and dataset."""
        return self._target

    def turn(self) -> AbstractContextManager[object]:
        """Held by whoever changes something, where profiles of this process may do so one at a time only.

        A DuckDB file has one connection to write; where single rows are locked, profiles load side by side.
        """
        if self._locks_rows:
            return nullcontext()
        return self._factory.turn if isinstance(self._factory, DuckDbFile) else turn_at(self._name)

    @property
    def notes(self) -> list[str]:
        """What a user should know of the destination, in sentences."""
        return [self._factory.note] if isinstance(self._factory, DuckDbFile) and self._factory.note else []

    @property
    def pipeline(self) -> dlt.Pipeline:
        """The pipeline, once it is open."""
        if self._pipeline is None:
            raise RuntimeError("the destination is not open")
        return self._pipeline

    def opened(self) -> AbstractContextManager[None]:
        """Attach to the destination and bring the state back from there; a connection stays open meanwhile.

        Raises:
            ConfigurationError: credentials or path cannot work.
            DestinationBusyError: another process holds the destination, or it does not answer.
        """
        raise NotImplementedError

    def open(self) -> None:
        """Do the same, and close the connection."""
        with self.opened():
            pass

    def _restore_state(self, pipeline: dlt.Pipeline) -> None:
        """Bring schema and state from the destination.

        Raises:
            ConfigurationError: they cannot be read.
        """
        try:
            pipeline.sync_destination()
        except PipelineStepFailed as error:
            unreadable = next((one for one in chain(error) if isinstance(one, _UNREADABLE)), None)
            if unreadable is None or verdict_of(error):
                raise
            raise ConfigurationError(
                f"what dlt has noted of the dataset {self._target.dataset_name} cannot be read"
                f" ({type(unreadable).__name__}); put its tables _dlt_version and _dlt_pipeline_state back from a copy,"
                " update this program if a later version has loaded it, or load into another dataset (--dataset)"
            ) from error

    def _is_pending(self) -> bool:
        """Whether an earlier run has left packages that are not loaded."""
        left = self._folder / self._target.pipeline_name
        return any(package for pattern in _PENDING for package in left.glob(pattern))

    def _configuration(self) -> Any:
        return self._factory.configuration(self._bound())

    def _bound(self) -> Any:
        return self._factory.spec()._bind_dataset_name(self._target.dataset_name)  # noqa: SLF001 - dlt's way to say it

    def _client_of(self, schema: Schema) -> SqlClientBase[Any]:
        """A client for the dataset, without a pipeline; a connection is opened by entering it."""
        client: SqlClientBase[Any] = self._factory.client(schema, self._bound()).sql_client
        return client

    def _be_patient(self) -> None:
        if isinstance(self._factory, DuckDbFile):
            self._factory.wait = self._target.wait

    def _attach(self) -> dlt.Pipeline:
        self._be_patient()
        with destination_errors(self._name):
            pipeline = dlt.pipeline(
                self._target.pipeline_name,
                destination=self._factory,
                dataset_name=self._target.dataset_name,
                pipelines_dir=str(self._folder),
                _impl_cls=_Pipeline,
            )
        pipeline.runtime_config.intercept_signals = False  # dlt would swallow a signal that comes while it loads
        return pipeline
