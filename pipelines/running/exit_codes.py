"""Exit codes: what cron and an orchestrator may do next, decided in one place."""

from enum import IntEnum
from typing import Final

from pipelines.destinations.waiting import DestinationBusyError
from sources.rest.errors import (
    ApiError,
    ConfigurationError,
    MissingScopeError,
    RateLimitedError,
    RedirectError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)


class ExitCode(IntEnum):
    """The larger code wins where several apply: it needs a person more."""

    DONE = 0
    USAGE = 2  # typer's code for a command line that it cannot read
    ALLOWANCE = 3  # stopped where it was told to; the next run goes on
    FAILED_WINDOWS = 4  # the rest is loaded; the next run asks for the failed windows again
    STALE = 5  # of `elt status --max-age`: something is older than it may be, or needs a person
    INTERNAL = 70  # an error that nobody foresaw: a fault of this program, or of a database that says no in a new way
    LATER = 75  # server away or destination busy: run again
    REFUSED = 77  # key or scope
    CONFIGURATION = 78  # will not work until somebody changes something
    INTERRUPTED = 130
    TERMINATED = 143


WELL: Final = frozenset({ExitCode.DONE, ExitCode.ALLOWANCE})
"""Codes of runs that need nobody."""


def named_code(code: int) -> str:
    """Return an exit code with its name, as the history has it."""
    return f"{ExitCode(code).name.lower()} ({code})"


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code that an error calls for, if it ends a run before anything was answered."""
    if isinstance(error, UnauthorizedError | MissingScopeError):
        return ExitCode.REFUSED
    if isinstance(error, RateLimitedError | UnavailableError | UnreachableError | DestinationBusyError):
        return ExitCode.LATER
    if isinstance(error, RedirectError | ConfigurationError):
        return ExitCode.CONFIGURATION
    if isinstance(error, ApiError):
        return ExitCode.FAILED_WINDOWS
    if isinstance(error, Exception):
        return ExitCode.INTERNAL
    raise error
