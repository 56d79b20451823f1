"""Profiles side by side: each with its own way to the API and its own ledger; what fails for one touches no other."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from pipelines.destinations.errors import destination_errors
from pipelines.destinations.waiting import DestinationBusyError
from pipelines.running.config import RunConfig
from pipelines.running.exit_codes import ExitCode, exit_code
from pipelines.running.signals import stopped_by_signals
from pipelines.running.together import Together
from sources.rest.errors import ConfigurationError

T = TypeVar("T")

AT_ONCE: Final = 24
"""Most profiles that one process works on at once: each has up to four connections, and PostgreSQL takes 100 unless it
is told otherwise, https://www.postgresql.org/docs/current/runtime-config-connection.html."""


@dataclass(frozen=True, kw_only=True)
class Done(Generic[T]):
    """What a command has come to for one profile.

    Attributes:
        config: what it was about; None where its options cannot work.
        name: of the profile; empty for the one without a name.
        result: what came of it.
        error: what has ended it instead.
        stopped_by: exit code of the signal that ended it.
        seconds: that it took.
        began: when it began, in seconds since 1970; 0 where it has not.
    """

    name: str
    config: RunConfig | None = None
    result: T | None = None
    error: Exception | None = field(default=None, repr=False)
    stopped_by: ExitCode | None = None
    seconds: float = 0.0
    began: float = 0.0

    @property
    def error_code(self) -> ExitCode:
        """Exit code that the error calls for; 0 without one."""
        if self.error is None:
            return ExitCode.DONE
        if self.stopped_by is not None and isinstance(self.error, DestinationBusyError):
            return self.stopped_by  # what is not committed is read again
        return exit_code(self.error)


def with_something_of_their_own(chosen: Sequence[Done[T]]) -> list[Done[T]]:
    """Refuse those that share a key, or rows that nothing tells apart, before anything is asked of the API."""
    owners: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in chosen:
        for own in _own(one.config) if one.config else ():
            owners[own].append(one.name)
    alike = {name: (what, names) for what, names in owners.items() if len(names) > 1 for name in names}
    return [
        replace(one, config=None, error=ConfigurationError(_alike(*alike[one.name]))) if one.name in alike else one
        for one in chosen
    ]


def side_by_side(
    chosen: Sequence[Done[T]], do: Callable[[RunConfig, Together], T], *, at_once: bool = True
) -> list[Done[T]]:
    """Do something for each profile that can work, side by side or one after the other; return what came of each.

    Args:
        chosen: the profiles, as they are configured.
        do: what is done, given what it shares with the others.
        at_once: signals end all of them cleanly; otherwise they are done one by one, and a signal ends the command.
    """
    together = Together()

    def one(profile: Done[T]) -> Done[T]:
        if profile.config is None:
            return profile
        if together.stopped_by is not None:  # while it waited for its place
            return replace(profile, error=DestinationBusyError("it had not begun"), stopped_by=together.stopped_by)
        begun, began = replace(profile, began=time.time()), time.monotonic()
        try:
            # wherever in a command the destination goes away, what it says becomes advice
            with destination_errors(profile.config.request.destination, personal=True):
                result = do(profile.config, together)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the others go on
            return replace(begun, error=error, stopped_by=together.stopped_by, seconds=time.monotonic() - began)
        return replace(begun, result=result, stopped_by=together.stopped_by, seconds=time.monotonic() - began)

    if not at_once:
        return list(map(one, chosen))
    with stopped_by_signals(together):
        if len(chosen) == 1:
            return list(map(one, chosen))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="profile") as pool:
            return list(pool.map(one, chosen))


def _own(config: RunConfig) -> set[tuple[str, ...]]:
    """What no other profile may have: its keys, and what it asks for where rows name no profile."""
    place = config.target.destination, config.target.dataset
    asked = {("rows of", variant.partition("|")[2], *place) for variant in config.untold_variants}
    return asked | {("the key", key) for key in config.profile.keys}


def _alike(what: tuple[str, ...], names: Sequence[str]) -> str:
    both = f"the profiles {' and '.join(names)}"
    if what[0] == "the key":
        return f"{both} have the same key, so that they are one: remove all but one"
    return f"{both} ask for the same, {what[1]}, and load it into one dataset: leave it to one of them"
