"""Destinations by name, and the dlt pipeline that loads into one."""

import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import dlt
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.destination import Destination as DltDestination
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationUndefinedEntity
from dlt.common.exceptions import DltException
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.schema import Schema
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lock import run_lock
from pipelines.destinations.target import Target
from pipelines.destinations.waiting import DestinationBusyError
from sources.rest.errors import ConfigurationError, did_you_mean

FILE: Final = "destinations.toml"
_PACKAGED: Final = Path(__file__).parents[2] / FILE


class Destination:
    """The pipeline of a source into a named destination and dataset.

    The pipeline's name is the same everywhere, so that its state comes back from the destination on any machine; the
    working folder is one per destination and dataset, so that two never share what is still to be loaded.

    Args:
        target: which destination and dataset.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._name = target.destination
        kind = _destination_type(self._name)
        with destination_errors(self._name):
            self._factory = _factory(kind, self._name, target.source)
            config = self._factory.configuration(self._factory.spec()._bind_dataset_name(target.dataset_name))  # noqa: SLF001 - dlt's way to say it
        place = f"{config.destination_name} {config.credentials} {target.dataset_name}"  # dlt masks passwords in this
        root = Path(get_dlt_pipelines_dir())
        _check_writable(root)
        self._folder = root / f"elt-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
        self._pipeline: dlt.Pipeline | None = None
        self._tables_gone = False
        self._client: SqlClientBase[Any] | None = None

    @property
    def pipeline(self) -> dlt.Pipeline:
        """The pipeline, once it is open."""
        if self._pipeline is None:
            raise RuntimeError("the destination is not open")
        return self._pipeline

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

    def _connected(self, pipeline: dlt.Pipeline) -> SqlClientBase[Any]:
        """A connection to be entered; making one anew costs more than opening it."""
        self._client = self._client or pipeline.sql_client()
        return self._client

    def _attach(self) -> dlt.Pipeline:
        if isinstance(self._factory, DuckDbFile):
            self._factory.wait = self._target.wait
        self._client = None
        with destination_errors(self._name):
            pipeline = dlt.pipeline(
                self._target.pipeline_name,
                destination=self._factory,
                dataset_name=self._target.dataset_name,
                pipelines_dir=str(self._folder),
            )
        pipeline.runtime_config.intercept_signals = False  # dlt would swallow a signal that comes while it loads
        return pipeline

    def _finish_earlier_run(self) -> None:
        """Load what an earlier run has read but not loaded; where that could go wrong, it is read again instead."""
        try:
            self._pipeline = pipeline = self._attach()
            if not pipeline.has_pending_data:
                return
            with destination_errors(self._name):
                pipeline.normalize()
        except (DestinationBusyError, DltException, ValueError, OSError):
            return  # it died while it wrote to the folder
        if _cut_off(pipeline) or not self._follows_on(pipeline):
            return
        try:
            self.load()
        except DestinationBusyError as error:
            cause = error.__cause__
            if not (
                isinstance(cause, PipelineStepFailed) and isinstance(cause.exception, DestinationTerminalException)
            ):
                raise

    def _follows_on(self, pipeline: dlt.Pipeline) -> bool:
        """Whether the destination is as it was when the pending package was made, ledger included.

        It is not when the file was deleted or replaced since, or when a run on another machine has gone on.
        """
        with destination_errors(self._name):
            try:
                with pipeline.destination_client() as client:
                    stored = cast("WithStateSync", client).get_stored_state(pipeline.pipeline_name)
            except DestinationUndefinedEntity:
                stored = None
        behind = pipeline.state["_state_version"] - (stored.version if stored else 0)
        return behind in (0, 1)

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
            sql.execute_sql(f"DELETE FROM {sql.make_qualified_table_name(schema.version_table_name)}")  # noqa: S608 - dlt's name

    def _clear(self) -> None:
        """Remove the working folder; being killed meanwhile leaves a whole one or none."""
        old = self._folder.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)


def _destination_type(name: str) -> str:
    """Register `destinations.toml` with dlt and return the type of a named destination."""
    file = Path(FILE) if Path(FILE).exists() else _PACKAGED
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{FILE} cannot be read: {error}") from None
    known = content.get("destination", {})
    if name not in known:
        raise ConfigurationError(f"{FILE} has no destination {name!r}{did_you_mean(name, known)}")
    if "credentials" in known[name]:
        raise ConfigurationError(f"{FILE} holds credentials of {name!r}; move them to .dlt/secrets.toml")
    kind = known[name].get("destination_type")
    if not isinstance(kind, str):
        raise ConfigurationError(f"{FILE} gives destination {name!r} no destination_type")
    if FILE not in {provider.name for provider in dlt.config.config_providers}:
        dlt.config.register_provider(CustomLoaderDocProvider(FILE, lambda: content, supports_secrets=False))
    return kind


def _factory(kind: str, name: str, source: str) -> Any:
    if kind != "duckdb":
        return DltDestination.from_reference(kind, destination_name=name)
    configured: object = dlt.secrets.get(f"destination.{name}.credentials")
    # absolute, because dlt takes a relative path from wherever the pipeline was first run
    file = Path(str(configured or f"{source}.duckdb").removeprefix("duckdb:///")).absolute()
    if file.is_dir():
        raise ConfigurationError(f"destination {name!r} is the folder {file}; give a file in it")
    if not file.parent.is_dir():
        raise ConfigurationError(f"the folder {file.parent} cannot be written: there is no such folder")
    _check_writable(file.parent)
    return DuckDbFile(str(file), destination_name=name)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} cannot be written: {error.strerror}") from None


def _cut_off(pipeline: dlt.Pipeline) -> bool:
    """Whether a process died while it copied rows of a pending package: nobody can tell whether they arrived.

    To copy them again could double them. Statements that merge what was copied may run twice.
    """
    packages = map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages())
    jobs = [
        job for package in packages for job in package.jobs["started_jobs"] if job.job_file_info.file_format != "sql"
    ]
    files = [Path(job.file_path) for job in jobs]
    return not all((file.parents[1] / PackageStorage.PENDING_TRANSITIONS_FOLDER / file.name).exists() for file in files)
