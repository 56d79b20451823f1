"""Destinations by name: what `destinations.toml` says of one, and the working folder that belongs to it."""

import hashlib
import re
import tempfile
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import dlt
from dlt import destinations
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.destination import Destination as DltDestination
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.pipeline import get_dlt_pipelines_dir

from pipelines.destinations.capabilities import Offer, refuse_what_lacks
from pipelines.destinations.duckdb_file import DuckDbFile, refuse_name, unusable
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.postgres import Postgres
from pipelines.destinations.sqlite_file import main_file
from pipelines.destinations.target import Target
from pipelines.destinations.trust import refuse_untrusted
from sources.rest.errors import ConfigurationError, did_you_mean

FILE: Final = "destinations.toml"
"""Read from the folder where a run is started; what is packaged holds where there is none."""

_PACKAGED: Final = Path(__file__).with_name(FILE)

PUBLISH_TO: Final = "publish_to"
"""Option of a destination: where readers of a DuckDB file get a copy of their own."""

_registering: Final = threading.Lock()

SANDBOX: Final = "sandbox"
"""Destination of what the embedded sandbox makes up: its file is nobody else's."""


def factory_of(target: Target) -> Any:
    """Return the dlt destination that a target names.

    Raises:
        ConfigurationError: the destination is unknown, or cannot be written.
    """
    name = target.destination
    kind = registered_type(name)
    with destination_errors(name, kind=kind):
        # what two profiles load at once passes through a schema of each
        own = {"staging_dataset_name_layout": target.staging_layout} if target.ledger_id else {}
        if kind == "duckdb":
            return _duckdb_file(target, own)
        _refuse_publishing(name, kind)
        try:
            factory = _factory(kind, name, own)
        except UnknownDestinationModule:
            raise ConfigurationError(
                f"destination {name!r} has the destination_type {kind!r}, which dlt does not know"
                f"{did_you_mean(kind, dict.fromkeys(destinations.__all__))}"
            ) from None
        # what no driver and no credentials would change comes before both
        refuse_what_lacks(name, Offer(kind=kind, capabilities=factory.capabilities()))
        refuse_what_lacks(name, Offer(kind=kind, capabilities=factory.capabilities(), client=factory.client_class))
        _keep_empty_text(factory)
        return factory


def _factory(kind: str, name: str, own: Mapping[str, Any]) -> Any:
    """One of dlt's destinations, or ours in its place, which may need a driver that is not there."""
    if kind == "postgres":
        return Postgres(destination_name=name, **own)
    if kind == "sqlalchemy":
        from pipelines.destinations.sqlalchemy_database import SqlAlchemyDatabase  # noqa: PLC0415 - see above

        return SqlAlchemyDatabase(destination_name=name, **own)
    if kind == "filesystem":
        from pipelines.destinations.lake import lake  # noqa: PLC0415 - what reads buckets takes long to import

        return lake(name, **own)
    return DltDestination.from_reference(kind, destination_name=name, **own)


def working_folder(target: Target, factory: Any) -> Path:
    """Return the folder for what is not loaded yet: one per destination and ledger, so that two never share it.

    Raises:
        ConfigurationError: the destination is incomplete, or the folder above cannot be written.
    """
    with destination_errors(target.destination):
        config = factory.configuration(factory.spec()._bind_dataset_name(target.dataset_name))  # noqa: SLF001 - dlt's way to say it
        able, client = factory.capabilities(config), factory.client_class
    _refuse_other_address(target.destination, config)
    catalog = getattr(getattr(config.credentials, "catalog", None), "drivername", None)
    offer = Offer(kind=config.destination_type, capabilities=able, client=client, configured=True, catalog=catalog)
    refuse_what_lacks(target.destination, offer)
    if main := main_file(config):
        _check_folder_of(main)
    # dlt masks passwords in these texts; what says where a lake lies is no part of its credentials
    place = f"{config.destination_name} {getattr(config, 'bucket_url', '') or config.credentials} {target.dataset_name}"
    place += f" {target.ledger_id}" if target.ledger_id else ""
    root = Path(get_dlt_pipelines_dir())
    _check_writable(root)
    folder = root / f"elt-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    for path in (root.parent, root, *([folder] if folder.exists() else [])):
        refuse_untrusted(path)
    return folder


def _keep_empty_text(factory: Any) -> None:
    """Leave out the files of which dlt's jobs make null of an empty text, as those for PostgreSQL do (`FORCE_NULL`)."""
    formats = factory.capabilities().supported_loader_file_formats or ()
    if kept := [one for one in formats if one != "csv"]:
        factory.caps_params["supported_loader_file_formats"] = kept


def _refuse_other_address(name: str, config: Any) -> None:
    """A driver would quote an address that it cannot read, password and all."""
    given, expected = (getattr(of, "drivername", None) for of in (config.credentials, type(config.credentials)))
    same = {"postgres": "postgresql"}  # libpq knows both
    if expected and same.get(str(given), given) != expected:
        raise ConfigurationError(_other_address(name, config.destination_type, str(given), str(expected)))


def _other_address(name: str, kind: str, given: str, expected: str) -> str:
    return (
        f"destination {name!r} is of type {kind}, and its credentials begin with {given}://; give an address that"
        f" begins with {expected}://, or change destination_type in {FILE}"
    )


def registered_type(name: str) -> str:
    """Register `destinations.toml` with dlt and return the type of a named destination."""
    content = _content(file_of_destinations())
    known = content.setdefault("destination", {})
    if not isinstance(known, dict) or not all(isinstance(one, dict) for one in known.values()):
        raise ConfigurationError(f"{FILE} cannot be read: every destination is a section, [destination.NAME]")
    if name == SANDBOX:  # a file that was copied from an earlier version lacks it
        known.setdefault(SANDBOX, _content(_PACKAGED)["destination"][SANDBOX])
    if name not in known:
        raise ConfigurationError(f"{FILE} has no destination {name!r}{did_you_mean(name, known)}")
    if "credentials" in known[name]:
        raise ConfigurationError(f"{FILE} holds credentials of {name!r}; move them to .dlt/secrets.toml")
    kind = known[name].get("destination_type")
    if not isinstance(kind, str):
        raise ConfigurationError(f"{FILE} gives destination {name!r} no destination_type")
    with _registering:
        if FILE not in {provider.name for provider in dlt.config.config_providers}:
            dlt.config.register_provider(CustomLoaderDocProvider(FILE, lambda: content, supports_secrets=False))
    return kind


def file_of_destinations() -> Path:
    """The file that names destinations: that of the working folder, or the one that is packaged."""
    return Path(FILE) if Path(FILE).exists() else _PACKAGED


def default_file(destination: str, source: str) -> str:
    """Name of the DuckDB file that a destination without credentials has: one for all sources, so that they join.

    No dataset has the name of a destination, so that `atribu.channels` is not ambiguous in it (DuckDB calls the catalog
    after the file). An earlier version had a file per source; where there is one, it goes on being used.
    """
    earlier = earlier_file(source)
    return earlier if destination != SANDBOX and Path(earlier).exists() else f"{destination}.duckdb"


def earlier_file(source: str) -> str:
    """Name that an earlier version gave to the DuckDB file of a source."""
    return f"{source}.duckdb"


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:  # no TOML, or no text
        raise ConfigurationError(f"{FILE} cannot be read: {error}") from None


def _duckdb_file(target: Target, own: Mapping[str, Any]) -> DuckDbFile:
    name, source = target.destination, target.source
    configured: object = dlt.secrets.get(f"destination.{name}.credentials")
    scheme = re.match(r"([\w+.-]+)://", str(configured))
    if scheme and scheme[1] != "duckdb":
        raise ConfigurationError(_other_address(name, "duckdb", scheme[1], "duckdb"))
    # absolute, because dlt takes a relative path from wherever the pipeline was first run
    given = Path(str(configured or default_file(name, source)).removeprefix("duckdb:///")).absolute()
    file = given.resolve()  # DuckDB follows links, and calls the database after what they lead to
    if wrong := unusable(file):
        raise ConfigurationError(
            f"the file of destination {name!r} has {wrong}, before the first dot of its name; give it another"
        )
    if file.is_dir():
        raise ConfigurationError(f"destination {name!r} is the folder {file}; give a file in it")
    if file.exists() and not file.is_file():
        raise ConfigurationError(f"destination {name!r} is no file: {file} is a device, pipe or socket; give a file")
    _check_folder_of(file)
    made = DuckDbFile(file, destination_name=name, **own)
    made.empty_leftover()
    if not configured and given.name != f"{name}.duckdb":
        made.note = (
            f"{given.name} is loaded into, as by an earlier version; renamed to {name}.duckdb, it is the file of every"
            " source, and its tables have shorter names"
        )
    made.published = _published(target, file)
    return made


def _published(target: Target, file: Path) -> Path | None:
    """File for readers, which is another than the one that is loaded; None where none is asked for."""
    configured = publish_to(target.destination)
    if not configured:
        return None
    place = Path(configured).absolute().resolve()
    wrong = f"publish_to of destination {target.destination!r}"
    if place == file:
        raise ConfigurationError(f"{wrong} is the file that is loaded, {file}; give another, which readers open")
    if name := unusable(place):
        raise ConfigurationError(f"{wrong} has {name}, before the first dot of its name; give it another")
    if place.exists() and not place.is_file():
        raise ConfigurationError(f"{wrong} is no file: {place}; give the path of one")
    refuse_name(place, [target.dataset_name])
    return place


def _refuse_publishing(name: str, kind: str) -> None:
    if publish_to(name):
        raise ConfigurationError(
            f"destination {name!r} is of type {kind}, whose readers and writers do not wait for each other, so that"
            " nothing has to be published: remove publish_to, and let readers open the destination itself"
        )


def publish_to(name: str) -> str:
    """Path of the file for readers that a destination is told; empty where it is told none."""
    configured: object = dlt.config.get(f"destination.{name}.{PUBLISH_TO}")
    return str(configured) if configured else ""


def _check_folder_of(file: Path) -> None:
    if not file.parent.is_dir():
        raise ConfigurationError(f"the folder {file.parent} cannot be written: there is no such folder")
    _check_writable(file.parent)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConfigurationError(f"the folder {folder} cannot be written: {error.strerror}") from None
