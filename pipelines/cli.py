"""The `elt` command."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from pendulum import Date

from pipelines.destinations.trust import trust_settings
from pipelines.running.exit_codes import ExitCode
from pipelines.telling.boundary import boundary, standard_streams
from pipelines.telling.console import warnings
from sources.rest.errors import ConfigurationError
from sources.rest.windows import DAYS, known_day

if TYPE_CHECKING:
    from pipelines.planning.request import Request
    from pipelines.running.config import RunConfig

app = typer.Typer(
    name="elt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
GARBAGE: Final = 50_000
"""New objects after which garbage is looked for: the thousands that importing dlt makes all stay."""


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


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer gives the option's value
    if asked:
        typer.echo(metadata.version("elt-connectors"))
        raise typer.Exit


@app.callback()
def _elt(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Load marketing attribution into DuckDB or a warehouse."""


@app.command()
def sync(
    source: Source,
    *,
    sandbox: Annotated[bool, typer.Option(help="Read from the embedded sandbox; no key needed.")] = False,
    since: Since = None,
    until: Until = None,
    resources: Resources = None,
    destination: Annotated[
        str | None, typer.Option(help="Name in destinations.toml; local unless given, and sandbox for the sandbox.")
    ] = None,
    dataset: Dataset = None,
    today: Today = None,
    full: Full = False,
    include_pii: Pii = None,
    max_units: Annotated[int | None, typer.Option(help="Stop after so many units of the rate limit.")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    debug: Debug = False,
) -> None:
    """Load what is new, missing or restated."""
    with boundary(debug=debug):
        from pipelines.commands.sync import sync as run  # noqa: PLC0415 - dlt takes long to import, --help needs none
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - as above
        from pipelines.telling.sync import print_sync  # noqa: PLC0415 - as above

        place = destination or ("sandbox" if sandbox else "local")
        request = _request(
            source, place, dataset, resources=resources, since=since, until=until, today=today, full=full
        )
        options: dict[str, Any] = {"max_units": max_units, "max_minutes": max_minutes, "include_pii": include_pii}
        with _configured(source, request, sandbox=sandbox, **options) as config, Progress() as progress:
            outcome = run(config, progress)
        print_sync(outcome)
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
    with boundary(debug=debug):
        from pipelines.commands.verify import verify as run  # noqa: PLC0415 - see sync
        from pipelines.planning.policy import EVER  # noqa: PLC0415 - see sync
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - see sync
        from pipelines.telling.verify import print_verify  # noqa: PLC0415 - see sync

        request = _request(
            source, destination, dataset, resources=resources, since=since or str(EVER), until=until, today=today
        )
        with _configured(source, request) as config, Progress() as progress:
            outcome = run(config, repair=repair, watcher=progress)
        print_verify(outcome, repaired=repair)
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
    with boundary(debug=debug):
        from pipelines.commands.plan import preview  # noqa: PLC0415 - see sync
        from pipelines.telling.plan import print_plan, print_plan_json  # noqa: PLC0415 - see sync

        request = _request(
            source, destination, dataset, resources=resources, since=since, until=until, today=today, full=full
        )
        with _configured(source, request, include_pii=include_pii) as config:
            made = preview(config)
        (print_plan_json if json else print_plan)(made, config)


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
    with boundary(debug=debug):
        from pipelines.commands.status import status as run  # noqa: PLC0415 - see sync
        from pipelines.telling.status import print_status, print_status_json  # noqa: PLC0415 - see sync

        with _configured(source, _request(source, destination, dataset), keyless=True) as config:
            found = run(config)
        (print_status_json if json else print_status)(found, config.target)


@app.command()
def check(
    source: Source,
    *,
    resources: Resources = None,
    include_pii: Pii = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    no_write: Annotated[
        bool, typer.Option("--no-write", help="Write no row to the destination, not even for a moment.")
    ] = False,
    debug: Debug = False,
) -> None:
    """See whether the key works, what it may spend, and whether the destination takes rows; load nothing."""
    with boundary(debug=debug):
        from pipelines.commands.check import check as run  # noqa: PLC0415 - see sync
        from pipelines.commands.origins import Origin, origins_of  # noqa: PLC0415 - see sync
        from pipelines.telling.check import print_check, print_origins  # noqa: PLC0415 - see sync

        request = _request(source, destination, dataset, resources=resources)
        origins: list[Origin] = []
        try:
            with _configured(source, request, include_pii=include_pii) as config:
                origins = origins_of(config)
                found = run(config, write=not no_write)
        finally:  # what does not work may be what stands in the wrong file
            print_origins(origins)
        print_check(found, config.limits.rate.limit, destination)


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
    with boundary(debug=debug):
        from pipelines.commands.forget import forget as run  # noqa: PLC0415 - see sync
        from pipelines.telling.forget import print_forget  # noqa: PLC0415 - see sync

        address = sys.stdin.readline().strip() if email == "-" else email
        if bool(address) == bool(customer_id):
            raise ConfigurationError("name the person with either --email or --customer-id")
        with _configured(source, _request(source, destination, dataset), keyless=True) as config:
            rows = run(config, email=address or None, customer_id=customer_id or None, erase=yes)
        print_forget(rows, erased=yes)


@app.command()
def sandbox(
    source: Source,
    *,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=0, max=65535)] = 8787,
    rate_limit: Annotated[int, typer.Option(help="Units per period and key.")] = 60,
    rate_period: Annotated[float, typer.Option(help="Seconds of that period.")] = 60.0,
    today: Today = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="How it reads what the vendor leaves open, as name=value; may be repeated."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Serve a stand-in for the API, with a made-up world; needs no key of yours."""
    with boundary(debug=debug):
        from pipelines.commands.sandbox import serve  # noqa: PLC0415 - see sync

        serve(source.value, port, _day("--today", today), rate_limit, rate_period, settings=settings or ())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; files that it makes are for the user alone."""
    os.umask(0o077)
    gc.set_threshold(GARBAGE)
    # some drivers log a traceback of what they also raise; without a handler Python prints it
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("sources").addHandler(warnings)
    given = arguments if arguments is not None else sys.argv[1:]
    with standard_streams(debug="--debug" in given):
        app(given, prog_name="elt")
    raise SystemExit(ExitCode.DONE)


def _request(
    source: SourceName,
    destination: str,
    dataset: str | None,
    *,
    resources: str | None = None,
    since: str | None = None,
    until: str | None = None,
    today: str | None = None,
    full: bool = False,
) -> "Request":
    """What is asked for, with texts read as what they stand for."""
    from pipelines.planning.request import Request  # noqa: PLC0415 - see sync

    return Request(
        resources=_names(resources),
        since=_day("--since", since),
        until=_day("--until", until),
        today=_day("--today", today),
        destination=destination,
        dataset=_named(dataset) or source.value,
        full=full,
    )


@contextmanager
def _configured(
    name: SourceName, request: "Request", *, sandbox: bool = False, keyless: bool = False, **given: Any
) -> Iterator["RunConfig"]:
    """What a command is about, with the options of the source read from files and environment."""
    _refuse_lost_folder()
    trust_settings(Path("destinations.toml"))  # before dlt reads any
    from pipelines.destinations.errors import destination_errors  # noqa: PLC0415 - see sync
    from pipelines.running.config import RunConfig  # noqa: PLC0415 - see sync

    source = import_module(f"sources.{name}.source").SOURCE
    # wherever in a command the destination goes away, what it says becomes advice
    with ExitStack() as stack, destination_errors(request.destination, personal=True):
        if sandbox:
            from pipelines.commands.sandbox import running  # noqa: PLC0415 - see sync

            given |= stack.enter_context(running(name.value, request.today))
        elif keyless:
            given |= source.keyless
        yield RunConfig(source, source.configured(**given), request)


def _refuse_lost_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109 - the call itself is what fails
    except OSError as error:
        raise ConfigurationError(
            f"the folder that this was started in cannot be read ({error.strerror}); go to one that is there"
        ) from None


def _day(option: str, value: str | None) -> Date | None:
    try:
        return known_day(value) if value else None
    except ValueError:
        raise ConfigurationError(f"{option} takes a day as YYYY-MM-DD, {DAYS}, not {value!r}") from None


def _named(dataset: str | None) -> str | None:
    if dataset and not any(map(str.isalnum, dataset)):
        raise ConfigurationError("--dataset takes a name with letters or digits")
    return dataset


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise ConfigurationError("--resources names none; leave it out for the default ones")
    return names


if __name__ == "__main__":
    main()
