"""What `elt init` prints in the end: what it has written, what the first load costs, and what to do next."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.commands.settings_files import path_of
from pipelines.running.exit_codes import WELL, ExitCode
from pipelines.telling.console import out
from pipelines.telling.log import warn
from pipelines.telling.plan import price

if TYPE_CHECKING:
    from pipelines.commands.plan import Preview
    from pipelines.commands.settings_files import Entry
    from pipelines.running.config import RunConfig

HOUR: Final = "15 6 * * *"
"""When the line for cron starts a sync: once a day, early."""


SET_HERE: Final = ("DESTINATION__", "DLT_", "ELT__", "SOURCES__")
"""Beginnings of the names of variables that decide what a sync does."""


def print_written(entries: "Sequence[Entry]", overruled: Sequence[str]) -> None:
    """Print which settings were written; none of their values."""
    for file in dict.fromkeys(one.file for one in entries):
        names = ", ".join(one.name for one in entries if one.file is file)
        out.print(f"written to {path_of(file)}: {names}")
    for name in overruled:
        warn(f"{name} of the environment has another value, and goes before what is written")


def print_next(config: "RunConfig", found: "Preview") -> None:
    """Print what the first load costs, the next command, and a line for cron."""
    arguments = arguments_of(config)
    out.print(f"the next sync: {price(found, config)}")
    out.print(f"load it with: elt sync {arguments}")
    out.print(f"for cron: {crontab(arguments)}")
    if named := sorted(name for name in os.environ if name.startswith(SET_HERE)):
        warn(
            f"cron does not know what is set here: {', '.join(named)}; set what a sync needs of it above its line, or"
            " write it into the files"
        )


def arguments_of(config: "RunConfig") -> str:
    """What a command about the same source, profile and destination takes, quoted for a shell."""
    words = [config.source.name]
    words += ["--profile", config.profile.name] if config.profile.name else []
    words += ["--destination", config.request.destination] if config.request.destination != "local" else []
    return shlex.join(words)


def crontab(arguments: str) -> str:
    """Return a line that syncs daily, writes a log, and prints, which cron mails, only if somebody has to look."""
    program = Path(sys.argv[0]).absolute()
    command = [str(program)] if program.name == "elt" else [sys.executable, "-m", "pipelines.cli"]
    quiet = "|".join(str(int(code)) for code in sorted({*WELL, ExitCode.LATER}))
    line = (
        f"cd {shlex.quote(os.getcwd())} && {shlex.join(command)} sync {arguments} 2>>elt.log >/dev/null; code=$?;"  # noqa: PTH109 - a text
        f' case $code in {quiet}) ;; *) echo "elt sync {arguments}: $code, see elt.log";; esac'
    )
    return f"{HOUR} " + line.replace("%", r"\%")  # to cron, it ends the line
