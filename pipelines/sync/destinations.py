"""Destinations by name, and the dlt pipeline that loads into one."""

import hashlib
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.destination import Destination
from dlt.common.exceptions import DltException, MissingDependencyException
from dlt.common.pipeline import get_dlt_pipelines_dir

from pipelines.exit_codes import DestinationBusyError
from pipelines.sync.duckdb_file import DuckDbFile
from sources.rest.errors import ConfigurationError, shown
from sources.rest.options import nearest

FILE: Final = "destinations.toml"
_PACKAGED: Final = Path(__file__).parents[2] / FILE


def open_pipeline(source: str, destination: str, dataset: str) -> dlt.Pipeline:
    """Open the pipeline of a source into a named destination, with whatever an earlier run left behind finished.

    What was loaded is read from the destination each time; a stale or lost working directory changes nothing.

    Raises:
        ConfigurationError: the destination is unknown, incomplete or cannot be written.
        DestinationBusyError: another process holds it.
    """
    kind = _kind_of(destination)
    with explained(destination):
        factory = _factory(kind, destination, source)
        pipeline = _attach(source, factory, dataset)
        if pipeline.has_pending_data:
            pipeline.normalize()
            pipeline.load(raise_on_failed_jobs=True)
        pipeline.drop()
        pipeline = _attach(source, factory, dataset)
        pipeline.sync_destination()
    return pipeline


@contextmanager
def explained(destination: str) -> Iterator[None]:
    """Turn what dlt and the driver raise about a destination into one line of advice.

    Raises:
        ConfigurationError: credentials, driver, or a path that cannot be written.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
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
            raise DestinationBusyError(
                f"destination {destination!r} is held by another process: {text.partition('See also')[0].strip()}"
            ) from error
        if "Cannot open" in text or "not a valid DuckDB" in text:
            raise ConfigurationError(f"destination {destination!r} cannot be opened: {text}") from error
        raise DestinationBusyError(f"destination {destination!r} does not work: {text}; run again later") from error


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
        return Destination.from_reference(kind, destination_name=name)
    configured: object = dlt.secrets.get(f"destination.{name}.credentials")
    # absolute, because dlt takes a relative path from wherever the pipeline was first run
    file = Path(str(configured or f"{source}.duckdb").removeprefix("duckdb:///")).absolute()
    _check_writable(file.parent)
    return DuckDbFile(str(file), destination_name=name)


def _attach(source: str, factory: Any, dataset: str) -> dlt.Pipeline:
    """Attach to the working directory of one destination and dataset.

    The pipeline's name is the same everywhere, so that its state comes back from the destination on any machine;
    the folder differs, so that two destinations never share what is still to be loaded.
    """
    config = factory.configuration(factory.spec()._bind_dataset_name(dataset))  # noqa: SLF001 - dlt's way to say it
    place = f"{config.destination_name} {config.credentials} {dataset}"  # dlt masks passwords in this text
    folder = Path(get_dlt_pipelines_dir()) / f"elt-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    return dlt.pipeline(source, destination=factory, dataset_name=dataset, pipelines_dir=str(folder))


def _check_writable(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} cannot be written: {error.strerror}") from None


def _root_text(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment] # one of them is set
    return str(error)
