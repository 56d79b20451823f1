"""Settings written into dlt's own files: comments and other settings stay, and what does not work is taken back."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import dlt
import tomlkit
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from tomlkit.exceptions import TOMLKitError

from pipelines.destinations.whole_file import write_whole
from sources.rest.errors import ConfigurationError

PRIVATE_FOLDER: Final = 0o700


class File(StrEnum):
    """Which of dlt's files a setting belongs into."""

    CONFIG = "config.toml"
    SECRETS = "secrets.toml"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A setting to write.

    Attributes:
        file: where it belongs.
        section: its section, with dots.
        name: of the setting.
        value: what it shall be.
    """

    file: File
    section: str
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name} of [{self.section}] in {path_of(self.file)}"


def path_of(file: File) -> Path:
    """Where dlt reads one of its files for the folder that this was started in."""
    return Path(dlt.current.run_context().get_setting(file.value))


def replaced_by(entries: Sequence[Entry]) -> list[Entry]:
    """Return those of which the file has another value already.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    documents = {file: _document(path_of(file)).unwrap() for file in File}
    return [one for one in entries if _in(documents[one.file], one) not in (None, "", one.value)]


@contextmanager
def written(entries: Sequence[Entry]) -> Iterator[None]:
    """Write settings, and let dlt read them; whatever ends the block with an error puts the files back as they were.

    Files and their folder are for the user alone from then on, because they hold a key.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    paths = {file: path_of(file).resolve() for file in File}  # a link goes on leading where it does
    before = {file: path.read_bytes() if path.exists() else None for file, path in paths.items()}
    made = {path.parent for path in paths.values() if not path.parent.exists()}
    try:
        for file, path in paths.items():
            own = [one for one in entries if one.file is file]
            if own:
                _replace(path, _with(path, own).encode())
        _read_again()
        yield
    except BaseException:
        for file, content in before.items():
            if content is None:
                paths[file].unlink(missing_ok=True)
            elif paths[file].read_bytes() != content:
                _replace(paths[file], content)
        for folder in made:
            with suppress(OSError):  # it was not even made
                folder.rmdir()
        _read_again()
        raise


def _with(path: Path, entries: Sequence[Entry]) -> str:
    document = _document(path)
    for one in entries:
        place: Any = document
        *parents, last = one.section.split(".")
        for name in parents:
            place = place.setdefault(name, tomlkit.table(is_super_table=True))
        place.setdefault(last, tomlkit.table())[one.name] = one.value
    text = tomlkit.dumps(document)
    found = tomllib.loads(text)
    if any(_in(found, one) != one.value for one in entries):
        raise ConfigurationError(f"{path} is written in a way that cannot be added to; set {entries[0]} by hand")
    return text


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text()) if path.exists() else tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


def _in(document: Mapping[str, Any], entry: Entry) -> Any:
    found: Any = document
    for name in (*entry.section.split("."), entry.name):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _replace(path: Path, content: bytes) -> None:
    """Write a file for the user alone, into a folder for them alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(PRIVATE_FOLDER)
    write_whole(path, content)


def _read_again() -> None:
    Container()[PluggableRunContext].reload_providers()
