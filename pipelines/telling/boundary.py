"""The one place where errors end: each becomes one line without secrets, and an exit code."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

import typer

from pipelines.destinations.waiting import DestinationBusyError
from pipelines.running.exit_codes import ExitCode, exit_code
from pipelines.telling.fault import kept, show, told
from pipelines.telling.log import note, problem
from sources.rest.errors import ApiError, ConfigurationError
from sources.rest.redaction import CleanError, cleaned

READER_GONE: Final = 1
"""Exit code when a reader such as head has gone before all was printed; Python and typer end with it too."""

_WORD_MAX: Final = 300
"""Longest run of characters without a blank that is shown: an option may hold a file."""

_CUT: Final = (
    (re.compile(r"\b[a-z]{2,8}_(?:live|test|user|secret)_\w+"), "<key>"),
    (re.compile(rf"(\S{{{_WORD_MAX}}})\S+"), r"\1…"),
)
_SECRET_NAMES: Final = re.compile(r"(?:KEY|SECRET|PASSWORD|TOKEN|CREDENTIALS)$", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"://[^:/\s]*:(.*)@")
_SECRET_MIN: Final = 4
"""Shorter words stand in too many places to be cut out."""


@contextmanager
def boundary(*, debug: bool, end: Callable[[ExitCode, Exception | None], object] = lambda *_: None) -> Iterator[None]:
    """Say in one line what went wrong, and leave with its exit code.

    Args:
        debug: let errors through as they are.
        end: says how a command has ended early, and by which error.
    """
    try:
        yield
    except (typer.Exit, BrokenPipeError):  # a reader such as head has gone: typer ends quietly
        raise
    except Exception as error:
        if debug:
            raise
        code = said(error)
        end(code, error)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        note("interrupted; what was committed stays, the same command goes on from there")
        end(ExitCode.INTERRUPTED, None)
        with suppress(OSError):
            sys.stdout.flush()
        # threads may still wait for the rate limit; nothing that they could bring would be loaded
        os._exit(ExitCode.INTERRUPTED)


def said(error: Exception) -> ExitCode:
    """Say in one line what went wrong; return the exit code that it calls for."""
    if not isinstance(error, ApiError | ConfigurationError | DestinationBusyError):
        return _told(error)
    about = "".join(f", asked for {note}" for note in getattr(error, "__notes__", ()))
    _tell(f"{error}{about}")
    return exit_code(error)


def sentence(error: Exception) -> str:
    """Return what an error says, as it may be shown."""
    return shown(str(error)) if isinstance(error, CleanError) else told(error)


def shown(text: str) -> str:
    """Return a message as it may be shown: cleaned, without passwords and keys, and not too long."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    text = cleaned(text)
    for pattern, replacement in _CUT:
        text = pattern.sub(replacement, text)
    return text


@contextmanager
def standard_streams(*, debug: bool) -> Iterator[None]:
    """Let a command print wherever its output leads, and end with the right code where that cannot be written.

    A stream that was closed from outside leads nowhere: the next file that is opened would take its number, and a
    database would get what is printed. What standard error cannot take is lost; the exit code still tells.
    """
    _open_closed()
    before = sys.stderr
    sys.stderr = _Lossy(before)
    sys.excepthook = show  # what --debug lets through
    code: int | str | None = ExitCode.DONE
    try:
        try:
            with boundary(debug=debug):
                yield
        except typer.Exit as end:
            code = end.exit_code
        except SystemExit as end:
            code = end.code
        raise SystemExit(_flushed(code))
    finally:
        sys.stderr = before


def _flushed(code: int | str | None) -> int | str | None:
    """Write out what is printed; return the exit code, or one that says that it could not be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _lead_nowhere()
        return READER_GONE
    except OSError as error:
        _lead_nowhere()
        return _told(error)
    return code


def _told(error: Exception) -> ExitCode:
    """Tell of an error that is none of ours: one of the operating system has advice, any other a private traceback."""
    from pipelines.destinations.verdicts import verdict_of  # noqa: PLC0415 - it takes long, and is hardly ever needed

    verdict = verdict_of(error) if isinstance(error, OSError) else None
    if verdict is None:
        _tell(f"nobody foresaw this: {told(error)}; {kept(error)}")
        return exit_code(error)
    what = f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"  # type: ignore[attr-defined] # it is an OSError
    _tell(f"cannot read or write on this machine: {what}; {verdict.advice or 'make room, then run again'}")
    return ExitCode.CONFIGURATION if verdict.advice else ExitCode.LATER


def _tell(text: str) -> None:
    problem("", shown(text))


def _secrets() -> Iterator[str]:
    """Keys and passwords of the environment and of `secrets.toml`, as they stand there."""
    found = [value for name, value in os.environ.items() if _SECRET_NAMES.search(name)]
    if "dlt" in sys.modules:
        with suppress(Exception):  # what cannot be read has given nobody a secret
            found += _of_files()
    for value in found:
        # of an address only the password is one
        secret = password[1] if (password := _PASSWORD.search(value)) else "" if re.search(r"[/.\s]", value) else value
        if len(secret) >= _SECRET_MIN and secret != "password":  # noqa: S105 - the example of a message
            yield secret


def _of_files() -> Iterator[str]:
    from dlt.common.configuration.container import Container  # noqa: PLC0415 - see `_secrets`
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext  # noqa: PLC0415 - as above

    for provider in Container()[PluggableRunContext].providers.providers:
        if provider.supports_secrets:
            yield from _leaves(getattr(provider, "_config_doc", None))


def _leaves(document: Any, name: str = "") -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _leaves(value, str(key))
    elif isinstance(document, str) and _SECRET_NAMES.search(name):
        yield document


def _open_closed() -> None:
    """Give every standard stream that was closed from outside a file that takes and holds nothing."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
        pass
    os.close(number)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115 - a device, open for as long as the process is
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - as above
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - as above


def _lead_nowhere() -> None:
    """Let go of what cannot be written, so that Python does not try once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Lossy:
    """Standard error that loses what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
