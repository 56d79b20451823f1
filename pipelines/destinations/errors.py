"""What goes wrong with a destination, as one line of advice."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import metadata
from pathlib import Path
from typing import Final

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    InvalidNativeValue,
    LookupTraces,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.exceptions import MissingDependencyException

from pipelines.destinations.verdicts import chain, verdict_of
from pipelines.destinations.waiting import DestinationBusyError
from sources.rest.errors import ApiError, ConfigurationError, sanitized

_USER: Final = re.compile(r"//\S*@|(?i:\b(?:password|pwd)\s*=\s*\S+)")
"""User and password of an address, or a password of a list of settings."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_SPACE: Final = "no space left"
"""As databases pass it on."""


@contextmanager
def destination_errors(destination: str, *, personal: bool = False, kind: str = "") -> Iterator[None]:
    """Turn what dlt and the driver raise about a destination into one line of advice.

    What neither of them says anything of goes on as it is.

    Args:
        destination: a name in `destinations.toml`.
        personal: a driver may quote the row that it does not like: only the kind of its error is told.
        kind: its `destination_type`, where a driver may be missing.

    Raises:
        ConfigurationError: something has to be changed.
        DestinationBusyError: it may work later.
    """
    try:
        yield
    except ApiError:
        raise  # what has led to it may be of the operating system, and is none of the destination
    except Exception as error:
        advice = _advice(destination, error, personal=personal, kind=kind)
        if advice is None or advice is error:
            raise
        raise advice from error


def _advice(destination: str, error: Exception, *, personal: bool, kind: str) -> BaseException | None:
    for one in chain(error):
        if isinstance(one, ConfigurationError | DestinationBusyError):
            return one
        if isinstance(one, KeyboardInterrupt):
            return KeyboardInterrupt()
        found = _to_be_set_up(destination, one, kind)
        if found:
            return ConfigurationError(found)
    verdict = verdict_of(error)
    if verdict is None:
        return None
    text = type(verdict.error).__name__ if personal and verdict.quotes else said(verdict.error)
    if verdict.advice:
        return ConfigurationError(f"destination {destination!r} refuses: {text}; {verdict.advice}")
    full = isinstance(verdict.error, OSError) and verdict.error.errno in _FULL
    later = "make room on that disk, and run again" if full or _NO_SPACE in text.lower() else "run again later"
    return DestinationBusyError(f"destination {destination!r} does not work: {text}; {later}")


def _to_be_set_up(destination: str, error: BaseException, kind: str) -> str:
    """What is to be installed or configured before anything can be asked; empty for other errors."""
    if isinstance(error, TomlProviderReadException):
        return _unreadable(error)
    if isinstance(error, ImportError):  # dlt's own exception for a missing driver is one, too
        return f"destination {destination!r} needs a driver: {_driver(error, kind)}"
    return _incomplete(destination, error) if isinstance(error, ConfigurationException) else ""


def said(error: BaseException) -> str:
    """First line of what an error says, without credentials: further lines may quote a row or a statement."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return sanitized(_USER.sub("<credentials> ", lines[0])) if lines else type(error).__name__


def _driver(error: ImportError, kind: str) -> str:
    """How to install what is missing, or what prevents a driver from being imported that is there."""
    if kind in (metadata("dlt").get_all("Provides-Extra") or ()):
        install = f'pip install "dlt[{kind}]"'
    elif isinstance(error, MissingDependencyException):
        install = " ".join(f'pip install "{one}"' for one in error.dependencies)
    else:
        install = f"install the package that has the module {error.name}"
    if isinstance(error, ModuleNotFoundError | MissingDependencyException):
        return install
    return f"it is installed and cannot be imported ({said(error)}); {install}"


def _incomplete(destination: str, error: ConfigurationException) -> str:
    lacking = "is not fully configured"
    if isinstance(error, ConfigFieldMissingException):
        lacking += f" ({', '.join(_missing(error))} missing)"
    elif isinstance(error, InvalidNativeValue):
        lacking = "has credentials in a form that its type does not know"
    return (
        f"destination {destination!r} {lacking}; set DESTINATION__{destination.upper()}__CREDENTIALS or put credentials"
        f" under [destination.{destination}] in .dlt/secrets.toml, such as type://user:<password>@host:port/database"
    )


def _missing(error: ConfigFieldMissingException) -> Iterator[str]:
    """Fields that are missing; of credentials that are given in part, which part is not."""
    for name, traces in error.traces.items():
        parts = [part for trace in traces if isinstance(trace, LookupTraces) for part in trace.traces]
        yield f"{name}: {' and '.join(parts)}" if parts else name


def _unreadable(error: TomlProviderReadException) -> str:
    """Which file it is, of those that dlt reads under one name."""
    there = [path for path in error.full_paths if Path(path).is_file()]
    reason = str(error).splitlines()[-1]
    return f"{' or '.join(there) or error.file_name} cannot be read as TOML: {sanitized(reason)}; correct it"
