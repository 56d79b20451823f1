"""The `elt` command."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, Final, NoReturn

import typer
from pendulum import Date
from rich.console import Console

from pipelines import show
from pipelines.exit_codes import DestinationBusyError, ExitCode, exit_code
from sources.rest.errors import ApiError, ConfigurationError

app = typer.Typer(
    name="elt",
    help="Load marketing attribution into DuckDB or a warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
GARBAGE: Final = 50_000
"""New objects after which garbage is looked for: the thousands that importing dlt makes all stay."""

errors = Console(stderr=True, soft_wrap=True, highlight=False)


class SourceName(StrEnum):
    """Sources that can be named on the command line."""

    ATRIBU = "atribu"
    ATATUS = "atatus"


Source = Annotated[SourceName, typer.Argument(help="Source to read.")]
Destination = Annotated[str, typer.Option(help="Name in destinations.toml.")]
Dataset = Annotated[str | None, typer.Option(help="Schema in the destination; the source's name unless given.")]
Resources = Annotated[
    str | None, typer.Option(help="Resources to read, with commas between; the default ones unless given.")
]
Since = Annotated[str | None, typer.Option(help="First day (YYYY-MM-DD).")]
Until = Annotated[str | None, typer.Option(help="Last day (YYYY-MM-DD).")]
Today = Annotated[str | None, typer.Option(help="Take this day as today (YYYY-MM-DD).")]
Full = Annotated[bool, typer.Option("--full", help="Read the whole horizon again.")]
Pii = Annotated[bool | None, typer.Option("--include-pii", help="Load personal resources too, under pii_policy.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Debug = Annotated[bool, typer.Option(help="Show a traceback with an error.")]


@app.command()
def sync(
    source: Source,
    *,
    sandbox: Annotated[bool, typer.Option(help="Read from the embedded sandbox; no key needed.")] = False,
    since: Since = None,
    until: Until = None,
    resources: Resources = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    today: Today = None,
    full: Full = False,
    include_pii: Pii = None,
    max_units: Annotated[int | None, typer.Option(help="Stop after so many units of the rate limit.")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    debug: Debug = False,
) -> None:
    """Load what is new, missing or restated."""
    with _plain_errors(debug=debug):
        from pipelines import commands  # noqa: PLC0415 - dlt takes over a second to import, --help does not need it
        from pipelines.sync.request import Request  # noqa: PLC0415 - see above

        day = _day("--today", today)
        request = Request(
            resources=_names(resources),
            since=_day("--since", since),
            until=_day("--until", until),
            today=day,
            destination=destination,
            dataset=dataset or source.value,
            full=full,
        )
        given: dict[str, Any] = {"max_units": max_units, "max_minutes": max_minutes, "include_pii": include_pii}
        with _opened(source, day, sandbox=sandbox, **given) as (kind, options), show.Progress() as progress:
            outcome = commands.sync(kind, options, request, progress)
        show.outcome(outcome)
    if outcome.stopped_by is not None:
        sys.stdout.flush()
        # calls under way are not waited for; nothing that they bring would be loaded
        os._exit(outcome.stopped_by)
    raise typer.Exit(outcome.exit_code)


@app.command()
def verify(
    source: Source,
    *,
    since: Since = None,
    until: Until = None,
    resources: Resources = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    today: Today = None,
    repair: Annotated[bool, typer.Option("--repair", help="Read the windows that differ again.")] = False,
    debug: Debug = False,
) -> None:
    """Prove that what is loaded is what the API says; name the days that differ."""
    with _plain_errors(debug=debug):
        from pipelines import commands  # noqa: PLC0415 - see sync
        from pipelines.sync.policy import EVER  # noqa: PLC0415 - see sync
        from pipelines.sync.request import Request  # noqa: PLC0415 - see sync

        request = Request(
            resources=_names(resources),
            since=_day("--since", since) or EVER,
            until=_day("--until", until),
            today=_day("--today", today),
            destination=destination,
            dataset=dataset or source.value,
        )
        with _opened(source) as (kind, options), show.Progress() as progress:
            outcome = commands.verify(kind, options, request, repair=repair, watcher=progress)
        show.verified(outcome, repaired=repair)
        different = bool(outcome.changes) and not repair
        raise typer.Exit(max(outcome.exit_code, ExitCode.FAILED_WINDOWS if different else ExitCode.DONE))


@app.command()
def plan(
    source: Source,
    *,
    since: Since = None,
    until: Until = None,
    resources: Resources = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    today: Today = None,
    full: Full = False,
    include_pii: Pii = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a sync would do now and what it would cost; ask nothing of the API, load nothing."""
    with _plain_errors(debug=debug):
        from pipelines import look, report  # noqa: PLC0415 - see sync
        from pipelines.sync.request import Request  # noqa: PLC0415 - see sync

        request = Request(
            resources=_names(resources),
            since=_day("--since", since),
            until=_day("--until", until),
            today=_day("--today", today),
            destination=destination,
            dataset=dataset or source.value,
            full=full,
        )
        with _opened(source, include_pii=include_pii) as (kind, options):
            found = look.preview(kind, options, request)
        if json:
            report.preview_json(found, request, options)
        else:
            report.preview(found, options)


@app.command()
def status(
    source: Source,
    *,
    destination: Destination = "local",
    dataset: Dataset = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say how fresh the tables are and how the last runs went; needs no key."""
    with _plain_errors(debug=debug):
        from pipelines import look, report  # noqa: PLC0415 - see sync
        from pipelines.sync.request import Request  # noqa: PLC0415 - see sync

        request = Request(destination=destination, dataset=dataset or source.value)
        with _opened(source, keyless=True) as (kind, options):
            found = look.status(kind, options, request)
        if json:
            report.status_json(found, request)
        else:
            report.status(found, request)


@app.command()
def check(
    source: Source,
    *,
    resources: Resources = None,
    include_pii: Pii = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """See whether the key works, what it may spend, and whether the destination can be reached; load nothing."""
    with _plain_errors(debug=debug):
        from pipelines import commands  # noqa: PLC0415 - see sync
        from pipelines.sync.request import Request  # noqa: PLC0415 - see sync

        with _opened(source, include_pii=include_pii) as (kind, options):
            request = Request(resources=_names(resources), destination=destination, dataset=dataset or source.value)
            found = commands.check(kind, options, request)
        show.checked(found, options.rate_limit, destination)


@app.command()
def forget(
    source: Source,
    *,
    email: Annotated[str | None, typer.Option(help="E-mail address; - reads it from standard input.")] = None,
    customer_id: Annotated[str | None, typer.Option(help="The vendor's id of the person.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only count.")] = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """Erase a person from every personal table and keep them out; needs no key of the API."""
    with _plain_errors(debug=debug):
        from pipelines import commands  # noqa: PLC0415 - see sync
        from pipelines.sync.request import Request  # noqa: PLC0415 - see sync

        address = sys.stdin.readline().strip() if email == "-" else email
        if bool(address) == bool(customer_id):
            raise ConfigurationError("name the person with either --email or --customer-id")
        request = Request(destination=destination, dataset=dataset or source.value)
        with _opened(source, keyless=True) as (kind, options):
            rows = commands.forget(
                kind, options, request, email=address or None, customer_id=customer_id or None, erase=yes
            )
        show.forgotten(rows, erased=yes)


@app.command()
def sandbox(
    source: Source,
    *,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8787,
    rate_limit: Annotated[int, typer.Option(help="Units per period and key.")] = 60,
    rate_period: Annotated[float, typer.Option(help="Seconds of that period.")] = 60.0,
    today: Today = None,
    debug: Debug = False,
) -> None:
    """Serve a stand-in for the API, with a made-up world; needs no key of yours."""
    with _plain_errors(debug=debug):
        from pipelines import stand_in  # noqa: PLC0415 - see sync

        stand_in.serve(source.value, port, _day("--today", today), rate_limit, rate_period)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; files that it makes are for the user alone."""
    os.umask(0o077)
    gc.set_threshold(GARBAGE)
    app(arguments if arguments is not None else sys.argv[1:], prog_name="elt")
    raise SystemExit(ExitCode.DONE)


@contextmanager
def _opened(
    name: SourceName, today: Date | None = None, *, sandbox: bool = False, keyless: bool = False, **given: Any
) -> Iterator[tuple[Any, Any]]:
    """The source of a name, and its options."""
    source = import_module(f"sources.{name}.source").SOURCE
    if sandbox:
        from pipelines import stand_in  # noqa: PLC0415 - see sync

        with stand_in.running(name.value, today) as settings:
            yield source, source.configured(**settings, **given)
    else:
        yield source, source.configured(**(source.keyless if keyless else {}), **given)


@contextmanager
def _plain_errors(*, debug: bool) -> Iterator[None]:
    """Say in one line what went wrong, and leave with its exit code."""
    try:
        yield
    except (ApiError, ConfigurationError, DestinationBusyError) as error:
        if debug:
            raise
        about = "".join(f", asked for {note}" for note in getattr(error, "__notes__", ()))
        errors.print(f"[bold red]error:[/] {show.escape(str(error) + about)}")
        raise typer.Exit(exit_code(error)) from None
    except KeyboardInterrupt:
        errors.print("interrupted; what was committed stays, the next run goes on from there")
        sys.stdout.flush()
        # threads may still wait for the rate limit; nothing that they could bring would be loaded
        os._exit(ExitCode.INTERRUPTED)


def _day(option: str, value: str | None) -> Date | None:
    try:
        return Date.fromisoformat(value) if value else None
    except ValueError:
        raise ConfigurationError(f"{option} takes a day as YYYY-MM-DD, not {value!r}") from None


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise ConfigurationError("--resources names none; leave it out for the default ones")
    return names


if __name__ == "__main__":
    main()
