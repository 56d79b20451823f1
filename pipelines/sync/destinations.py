"""Destinations by name, and the dlt pipeline that loads into one."""

import hashlib
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.destination import Destination as DltDestination
from dlt.common.exceptions import DltException, MissingDependencyException
from dlt.common.pipeline import get_dlt_pipelines_dir

from pipelines.exit_codes import DestinationBusyError
from pipelines.sync.duckdb_file import DuckDbFile
from pipelines.sync.lock import run_lock
from sources.rest.errors import ConfigurationError, shown
from sources.rest.options import nearest

T = TypeVar("T")

FILE: Final = "destinations.toml"
_PACKAGED: Final = Path(__file__).parents[2] / FILE
_RETRY_SECONDS: Final = 0.5


class HeldError(DestinationBusyError):
    """Another process has the DuckDB file open."""


class Destination:
    """The pipeline of a source into a named destination and dataset.

    The pipeline's name is the same everywhere, so that its state comes back from the destination on any machine; the
    working folder is one per destination and dataset, so that two never share what is still to be loaded.

    Args:
        source: name of the source and of the pipeline.
        name: a name in `destinations.toml`.
        dataset: schema in the destination.
        wait: seconds to wait for a DuckDB file that another process holds.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
    """

    def __init__(self, source: str, name: str, dataset: str, *, wait: float = 0.0) -> None:
        self._source = source
        self._name = name
        self._dataset = dataset
        self._wait = wait
        kind = _kind_of(name)
        with _explained(name):
            self._factory = _factory(kind, name, source)
            config = self._factory.configuration(self._factory.spec()._bind_dataset_name(dataset))  # noqa: SLF001 - dlt's way to say it
        place = f"{config.destination_name} {config.credentials} {dataset}"  # dlt masks passwords in this text
        root = Path(get_dlt_pipelines_dir())
        _check_writable(root)
        self._folder = root / f"elt-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
        self._pipeline: dlt.Pipeline | None = None

    @property
    def pipeline(self) -> dlt.Pipeline:
        """The pipeline, once it is open."""
        if self._pipeline is None:
            raise RuntimeError("the destination is not open")
        return self._pipeline

    def lock(self) -> AbstractContextManager[None]:
        """Keep other runs of this machine out of the destination and dataset."""
        return run_lock(self._folder.with_suffix(".lock"))

    def open(self) -> None:
        """Attach to the destination: finish what an earlier run left behind, and bring the state back.

        What was loaded is read from the destination each time, so a stale or lost working folder changes nothing.

        Raises:
            ConfigurationError: credentials or path cannot work.
            DestinationBusyError: another process holds the destination, or it does not answer.
        """
        self._pipeline = self._attach()
        if self._pipeline.has_pending_data:
            with _explained(self._name):
                self._pipeline.normalize()
            self.load()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._pipeline = self._attach()
        self._patiently(self._pipeline.sync_destination)

    def load(self) -> None:
        """Load the package that was extracted and normalised.

        Raises:
            DestinationBusyError: the destination does not answer; the package stays, the next run loads it.
        """
        self._patiently(lambda: self.pipeline.load(raise_on_failed_jobs=True))

    def recreate(self) -> None:
        """Make the next load create tables that are gone, although the stored schema still has them."""
        with _explained(self._name), self.pipeline.sql_client() as client:
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name('_dlt_version')}")  # noqa: S608 - dlt's name

    def _attach(self) -> dlt.Pipeline:
        with _explained(self._name):
            return dlt.pipeline(
                self._source, destination=self._factory, dataset_name=self._dataset, pipelines_dir=str(self._folder)
            )

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do something with the destination, waiting for a file that another process holds."""
        deadline = time.monotonic() + self._wait
        while True:
            try:
                with _explained(self._name):
                    return action()
            except HeldError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_RETRY_SECONDS)


@contextmanager
def _explained(destination: str) -> Iterator[None]:
    """Turn what dlt and the driver raise about a destination into one line of advice."""
    try:
        yield
    except MissingDependencyException as error:
        raise ConfigurationError(f"destination {destination!r} needs a driver: {shown(str(error))}") from error
    except ConfigurationException as error:
        missing = f" ({', '.join(error.fields)} missing)" if isinstance(error, ConfigFieldMissingException) else ""
        raise ConfigurationError(
            f"destination {destination!r} is not fully configured{missing}; set"
            f" DESTINATION__{destination.upper()}__CREDENTIALS or put credentials under [destination.{destination}] in"
            " .dlt/secrets.toml"
        ) from error
    except DltException as error:
        text = " ".join(_root_text(error).split())
        if "Conflicting lock" in text or "Could not set lock" in text:
            held = text.partition("See also")[0].strip()
            raise HeldError(
                f"destination {destination!r} is held by another process, close it or run again later: {held}"
            ) from error
        if "Cannot open" in text or "not a valid DuckDB" in text:
            raise ConfigurationError(f"destination {destination!r} cannot be opened: {text}") from error
        raise DestinationBusyError(
            f"destination {destination!r} does not work: {shown(text)}; run again later"
        ) from error


def _kind_of(name: str) -> str:
    """Register `destinations.toml` with dlt and return the type of a named destination."""
    file = Path(FILE) if Path(FILE).exists() else _PACKAGED
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{FILE} cannot be read: {error}") from None
    known = content.get("destination", {})
    if name not in known:
        raise ConfigurationError(f"{FILE} has no destination {name!r}{nearest(name, known)}")
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


def _root_text(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment] # one of them is set
    return str(error)
