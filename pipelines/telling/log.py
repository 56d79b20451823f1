"""What goes to standard error: one stream for our lines and dlt's, for a person, a log or a machine."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from rich.text import Text

from pipelines.running.exit_codes import WELL, ExitCode
from pipelines.telling.console import err, out
from sources.rest.redaction import cleaned

LOGGER: Final = logging.getLogger("elt")
"""Our own lines."""

STREAMS: Final = ("elt", "sources", "dlt")
"""Loggers whose lines are printed."""

NOTHING: Final = "-"
"""Stands where a line has no source, profile or destination, so that every field keeps its place."""


class LogFormat(StrEnum):
    """How lines look; on a terminal, unless told otherwise, they are sentences alone."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Whose:
    """Whose line it is.

    Attributes:
        profile: its name; empty for the one without a name.
        among: there are others beside it, so that a person has to be told whose line it is.
    """

    profile: str = ""
    among: bool = False


_whose: Final[ContextVar[Whose]] = ContextVar("whose", default=Whose())  # noqa: B039 - it is frozen
_STYLES: Final[Mapping[int, str]] = {logging.WARNING: "yellow", logging.ERROR: "bold red"}


class Stream(logging.Handler):
    """Prints records to standard error.

    Attributes:
        log_format: how; None for sentences on a terminal and text elsewhere.
        source: name of the source that the command is about.
        destination: name of the destination.
        quiet: what is no warning is kept back, and the verdict of a run that ended well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_format: LogFormat | None = None
        self.source = self.destination = ""
        self.quiet = False

    @property
    def for_a_person(self) -> bool:
        """Somebody sits at a terminal and wants to see what happens."""
        return self.log_format is None and not self.quiet and sys.stderr.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        if self.quiet and record.levelno < logging.WARNING:
            return
        if self.log_format is LogFormat.JSON:
            sys.stderr.write(f"{json.dumps(self._fields(record))}\n")
        elif self.log_format is None and sys.stderr.isatty():
            self._print(record)
        else:
            sys.stderr.write(f"{self._text(record)}\n")

    def _print(self, record: logging.LogRecord) -> None:
        whose, style = _whose.get(), _STYLES.get(record.levelno)
        label = [Text(f"{_label(record) or record.levelname.lower()}:", style)] if style else []
        err.print(*([f"{whose.profile}:"] if whose.among else []), *label, record.getMessage())

    def _text(self, record: logging.LogRecord) -> str:
        found = self._fields(record)
        where = " ".join(found[name] or NOTHING for name in ("source", "profile", "destination"))
        label = f"{found['label']}: " if "label" in found else ""
        return f"{found['time']} {record.levelname:<7} {where} {label}{found['message']}"

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        label = _label(record)
        return {
            "time": moment.isoformat(timespec="seconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "source": self.source,
            "profile": _whose.get().profile,
            "destination": self.destination,
            **({"label": label} if label else {}),
            "message": cleaned(record.getMessage()),
            **getattr(record, "fields", {}),
        }


STREAM: Final = Stream()


def begin(
    source: str = "",
    destination: str = "",
    log_format: LogFormat | None = None,
    *,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Print from now on what a command says.

    Args:
        source: name of the source that it is about.
        destination: name of the destination.
        log_format: how; None for sentences on a terminal and text elsewhere.
        quiet: only warnings and errors.
        verbose: also each window that is read, and what dlt says of its work.
    """
    STREAM.source, STREAM.destination = source, destination
    STREAM.log_format, STREAM.quiet = log_format, quiet
    for name in STREAMS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if STREAM not in logger.handlers:
            logger.addHandler(STREAM)
    LOGGER.setLevel(logging.DEBUG if verbose else logging.INFO)
    if verbose:
        os.environ["RUNTIME__LOG_LEVEL"] = "INFO"  # dlt reads it when it is first used


@contextmanager
def about(profile: str, *, among: bool) -> Iterator[None]:
    """Let lines meanwhile say whose they are.

    Args:
        profile: name of the profile.
        among: there are others beside it.
    """
    token = _whose.set(replace(_whose.get(), profile=profile, among=among))
    try:
        yield
    finally:
        _whose.reset(token)


def note(text: str, fields: Mapping[str, Any] | None = None, level: int = logging.INFO) -> None:
    """Say something.

    Args:
        text: a sentence.
        fields: the same for a machine.
        level: of `logging`.
    """
    LOGGER.log(level, "%s", text, extra={"fields": fields or {}})


def date_output(command: str) -> None:
    """Say on standard output of which run what follows is, where that goes into a file: it may hold those of a week."""
    if not sys.stdout.isatty():
        moment = datetime.now().astimezone().isoformat(timespec="seconds")
        out.print(f"{moment} elt {command} {STREAM.source}, destination {STREAM.destination}")


def level_of(code: ExitCode) -> int:
    """How bad an exit code is, as a level of `logging`: what may heal by itself is a warning."""
    if code in WELL:
        return logging.INFO
    return logging.WARNING if code is ExitCode.LATER else logging.ERROR


def warn(text: str) -> None:
    """Say a warning."""
    LOGGER.warning("%s", text)


def detail(text: str) -> None:
    """Say what only matters to whoever wants to see everything."""
    LOGGER.debug("%s", text)


def problem(label: str, text: str) -> None:
    """Say what has gone wrong.

    Args:
        label: what kind of thing: `failed`, `refused`, `not asked`, `not allowed`; empty for an error of the command.
        text: a sentence.
    """
    LOGGER.error("%s", text, extra={"label": label})


def _label(record: logging.LogRecord) -> str:
    return getattr(record, "label", "")
