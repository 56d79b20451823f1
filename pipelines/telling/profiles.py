"""What is printed where a command is about several profiles, and how such a command ends."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from pipelines.running.exit_codes import ExitCode, named_code
from pipelines.telling.boundary import said
from pipelines.telling.console import about, note, out
from pipelines.telling.fault import show

if TYPE_CHECKING:
    from pipelines.running.config import RunConfig
    from pipelines.running.profiles import Done

T = TypeVar("T")


def each(
    done: "Sequence[Done[T]]",
    tell: "Callable[[RunConfig, T], object]",
    before: "Callable[[RunConfig], object] | None" = None,
) -> list[T]:
    """Tell what came of each profile, under its name where there are several; return what came of them.

    Args:
        done: the profiles.
        tell: tells of one that came to something.
        before: tells of each before, also of one that came to nothing.
    """
    results = []
    for one in done:
        if one.config is None:
            continue
        if len(done) > 1:
            out.print(f"profile {one.name}")
        with about(one.name if len(done) > 1 else ""):
            if before:
                before(one.config)
            if one.error is None:
                results.append(one.result)
                tell(one.config, one.result)  # type: ignore[arg-type] # it has come to something
    return results  # type: ignore[return-value] # as above


def end_of(
    done: "Sequence[Done[Any]]", code_of: Callable[[Any], int] = lambda _: ExitCode.DONE, *, debug: bool
) -> NoReturn:
    """Say what has ended profiles early, and end the command with the exit code that needs a person most.

    Args:
        done: the profiles.
        code_of: exit code that a result calls for.
        debug: show where errors come from.

    Raises:
        typer.Exit: always.
    """
    codes = [one.error_code if one.error else ExitCode(code_of(one.result)) for one in done]
    for one in done:
        if one.error is None:
            continue
        with about(one.name if len(done) > 1 else ""):
            if one.error_code is one.stopped_by:
                note(f"stopped by a signal; what is not committed is read again: {one.error}")
            elif len(done) == 1:
                raise one.error
            else:
                if debug:
                    show(type(one.error), one.error, one.error.__traceback__)
                codes.append(said(one.error))  # one of the operating system may heal, or not
    code = max(codes)
    if len(done) > 1:
        note(_verdict(codes[: len(done)], code))
    if any(one.stopped_by is not None for one in done):
        sys.stdout.flush()
        # calls under way are not waited for; nothing that they bring would be loaded
        os._exit(code)
    raise typer.Exit(code)


def _verdict(codes: Iterable[ExitCode], worst: int) -> str:
    counts = Counter(codes)
    others = ", ".join(f"{count} {named_code(code)}" for code, count in sorted(counts.items()) if code)
    return (
        f"{counts[ExitCode.DONE]} of {counts.total()} profiles done{f', {others}' if others else ''}; exit code {worst}"
    )
