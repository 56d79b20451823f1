"""What commands take on the command line, each with its help text."""

from enum import StrEnum
from typing import Annotated

import typer

from pipelines.telling.log import LogFormat


class SourceName(StrEnum):
    """Sources that can be named on the command line."""

    ATRIBU = "atribu"
    ATATUS = "atatus"


class History(StrEnum):
    """What `elt history` prints."""

    RUNS = "runs"
    WINDOWS = "windows"
    RESTATEMENTS = "restatements"


class Form(StrEnum):
    """How `elt history` prints it."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Source = Annotated[SourceName, typer.Argument(help="Source to read.")]
Destination = Annotated[str, typer.Option(help="Name in destinations.toml.")]
Dataset = Annotated[str | None, typer.Option(help="Schema in the destination; the source's name unless given.")]
Resources = Annotated[
    str | None, typer.Option(help="Resources to read, with commas between; the default ones unless given.")
]
Since = Annotated[str | None, typer.Option(help="First day (YYYY-MM-DD).")]
Until = Annotated[str | None, typer.Option(help="Last day (YYYY-MM-DD).")]
Today = Annotated[str | None, typer.Option(help="Take this day as today (YYYY-MM-DD).")]
Profiles = Annotated[
    str | None, typer.Option("--profile", help="Profiles, with commas between; the one without a name unless given.")
]
AllProfiles = Annotated[bool, typer.Option("--all-profiles", help="Every profile that is configured, side by side.")]
Full = Annotated[bool, typer.Option("--full", help="Read the whole horizon again.")]
Pii = Annotated[bool | None, typer.Option("--include-pii", help="Load personal resources too, under pii_policy.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Logs = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="How lines of standard error look: text or json; on a terminal sentences alone."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only warnings and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say each window that is read, and what dlt does.")]
Debug = Annotated[bool, typer.Option(help="Show a traceback with an error.")]
