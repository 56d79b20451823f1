"""What is printed where a command is about several profiles, and how such a command ends."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from pipelines.running.exit_codes import ExitCode, named_code
from pipelines.telling.boundary import said
from pipelines.telling.console import out
from pipelines.telling.fault import show
from pipelines.telling.log import about, level_of, note

if TYPE_CHECKING:
    from pipelines.running.config import RunConfig
    from pipelines.running.profiles import Done
    from pipelines.running.together import Together

T = TypeVar("T")


def for_each(
    chosen: "Sequence[Done[T]]", do: "Callable[[RunConfig, Together], T]", *, at_once: bool = True
) -> "list[Done[T]]":
    """Do something for each profile, see `side_by_side`; what is said meanwhile says whose it is."""
    from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see `pipelines.cli`

    def one(config: "RunConfig", together: "Together") -> T:
        with about(config.profile.name, among=len(chosen) > 1):
            return do(config, together)

    return side_by_side(chosen, one, at_once=at_once)


def each(
    done: "Sequence[Done[T]]",
    tell: "Callable[[RunConfig, T], object]",
    before: "Callable[[RunConfig], object] | None" = None,
    *,
    names: bool = True,
) -> list[T]:
    """Tell what came of each profile, under its name where there are several; return what came of them.

    Args:
        done: the profiles.
        tell: tells of one that came to something.
        before: tells of each before, also of one that came to nothing.
        names: print the name of each, where there are several.
    """
    results = []
    for one in done:
        if one.config is None:
            continue
        if names and len(done) > 1:
            out.print(f"profile {one.name}")
        with about(one.name, among=len(done) > 1):
            if before:
                before(one.config)
            if one.error is None:
                results.append(one.result)
                tell(one.config, one.result)  # type: ignore[arg-type] # it has come to something
    return results  # type: ignore[return-value] # as above


def end_of(
    done: "Sequence[Done[Any]]",
    code_of: Callable[[Any], int] = lambda _: ExitCode.DONE,
    *,
    debug: bool,
    ended: "Callable[[Sequence[Done[Any]], Sequence[ExitCode], ExitCode], object] | None" = None,
    least: ExitCode = ExitCode.DONE,
) -> NoReturn:
    """Say what has ended profiles early, and end the command with the exit code that needs a person most.

    Args:
        done: the profiles.
        code_of: exit code that a result calls for.
        debug: show where errors come from.
        ended: says how a run has ended, given the exit code of each profile, and `least`.
        least: code of what was done for all of them afterwards.

    Raises:
        typer.Exit: always.
    """
    codes = []
    for one in done:
        code = one.error_code if one.error else ExitCode(code_of(one.result))
        with about(one.name, among=len(done) > 1):
            if one.error is not None and one.error_code is one.stopped_by:
                note(f"stopped by a signal; what is not committed is read again: {one.error}")
            elif one.error is not None:
                if debug and len(done) == 1:
                    raise one.error
                if debug:
                    show(type(one.error), one.error, one.error.__traceback__)
                code = max(code, said(one.error))  # one of the operating system may heal, or not
        codes.append(code)
    if ended:
        ended(done, codes, least)
    elif len(done) > 1:
        code = max(*codes, least)
        note(f"{counted(codes)}; exit code {code}", level=level_of(code))
    if any(one.stopped_by is not None for one in done):
        sys.stdout.flush()
        # calls under way are not waited for; nothing that they bring would be loaded
        os._exit(max(*codes, least))
    raise typer.Exit(max(*codes, least))


def counted(codes: Iterable[ExitCode]) -> str:
    """How many profiles are done, and which codes the others have ended with."""
    counts = Counter(codes)
    others = "".join(f", {count} {named_code(code)}" for code, count in sorted(counts.items()) if code)
    return f"{counts[ExitCode.DONE]} of {counts.total()} profiles done{others}"
