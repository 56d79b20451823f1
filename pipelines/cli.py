"""The `elt` command."""

import atexit
import gc
import logging
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from pipelines.arguments import configured, day, operated, request
from pipelines.looking import check, config, copy, docs, history, plan, report, resources, status, views
from pipelines.parameters import (
    AllProfiles,
    Dataset,
    Debug,
    Destination,
    Full,
    Json,
    Logs,
    Pii,
    Profiles,
    Quiet,
    Resources,
    Since,
    Source,
    Today,
    Until,
    Verbose,
)
from pipelines.running.exit_codes import ExitCode
from pipelines.starting import init
from pipelines.telling.boundary import boundary, standard_streams
from pipelines.telling.log import begin, date_output
from pipelines.telling.verdict import Ending
from sources.rest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.running.config import RunConfig
    from pipelines.running.outcome import Outcome
    from pipelines.running.together import Together
    from pipelines.telling.progress import Progress

app = typer.Typer(
    name="elt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
GARBAGE: Final = 50_000
"""New objects after which garbage is looked for: the thousands that importing dlt makes all stay."""


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer gives the option's value
    if asked:
        typer.echo(metadata.version("elt-connectors"))
        raise typer.Exit


def _seen(progress: "Progress", run: "Callable[..., Outcome]", config: "RunConfig", together: "Together") -> "Outcome":
    """Run a profile, and say how far it is."""
    with progress.of(config.profile.name) as watcher:
        return run(config, watcher=watcher, together=together)


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
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
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
    json: Json = False,
    log_format: Logs = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Load what is new, missing or restated."""
    place, ending = destination or ("sandbox" if sandbox else "local"), Ending()
    begin(source, place, log_format, quiet=quiet, verbose=verbose)
    with boundary(debug=debug, end=ending.early):
        from pipelines.commands.sync import sync as run  # noqa: PLC0415 - dlt takes long to import, --help needs none
        from pipelines.telling.documents import code_of_run, run_document, write_documents  # noqa: PLC0415 - as above
        from pipelines.telling.notices import Notices  # noqa: PLC0415 - as above
        from pipelines.telling.otel import Telemetry  # noqa: PLC0415 - as above
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - as above
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - as above
        from pipelines.telling.publish import published  # noqa: PLC0415 - as above
        from pipelines.telling.sync import print_syncs  # noqa: PLC0415 - as above

        operating = operated()
        if not sandbox:  # a demo is nobody's night
            ending.notices = Notices(operating, "sync", source, place, dataset or "")
            ending.telemetry = Telemetry("sync", source, place)
        asked = request(place, dataset, resources=resources, since=since, until=until, today=today, full=full)
        options: dict[str, Any] = {"max_units": max_units, "max_minutes": max_minutes, "include_pii": include_pii}
        with (
            configured(source, asked, profile, everyone=all_profiles, sandbox=sandbox, **options) as chosen,
            Progress() as progress,
        ):
            done = for_each(chosen, partial(_seen, progress, run))
        if json:
            write_documents(done, run_document, code_of_run)
        print_syncs(done, table=not (json or quiet))
        end_of(done, code_of_run, debug=debug, ended=ending.ended, least=published(done))


@app.command()
def verify(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    since: Since = None,
    until: Until = None,
    resources: Resources = None,
    destination: Destination = "local",
    dataset: Dataset = None,
    today: Today = None,
    repair: Annotated[bool, typer.Option("--repair", help="Read the windows that differ again.")] = False,
    json: Json = False,
    log_format: Logs = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Prove that what is loaded is what the API says; name the days that differ."""
    ending = Ending("differing")
    begin(source, destination, log_format, quiet=quiet, verbose=verbose)
    with boundary(debug=debug, end=ending.early):
        from pipelines.commands.verify import verify as run  # noqa: PLC0415 - see sync
        from pipelines.planning.policy import EVER  # noqa: PLC0415 - see sync
        from pipelines.telling.documents import code_of_run, proof_document, write_documents  # noqa: PLC0415 - see sync
        from pipelines.telling.notices import Notices  # noqa: PLC0415 - see sync
        from pipelines.telling.otel import Telemetry  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - see sync
        from pipelines.telling.publish import published  # noqa: PLC0415 - see sync
        from pipelines.telling.verify import print_verify  # noqa: PLC0415 - see sync

        ending.notices = Notices(operated(), "verify", source, destination, dataset or "")
        ending.telemetry = Telemetry("verify", source, destination)
        asked = request(destination, dataset, resources=resources, since=since or str(EVER), until=until, today=today)
        with configured(source, asked, profile, everyone=all_profiles) as chosen, Progress() as progress:
            done = for_each(chosen, partial(_seen, progress, partial(run, repair=repair)))
        if json:
            write_documents(done, proof_document, code_of_run)
        elif not quiet:
            date_output("verify")
        each(
            done,
            lambda _, outcome: print_verify(outcome, repaired=repair, differences=not (json or quiet)),
            names=not (json or quiet),
        )
        end_of(done, code_of_run, debug=debug, ended=ending.ended, least=published(done))


@app.command()
def forget(
    source: Source,
    *,
    email: Annotated[str | None, typer.Option(help="E-mail address; - reads it from standard input.")] = None,
    customer_id: Annotated[str | None, typer.Option(help="The vendor's id of the person.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only count.")] = False,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Erase a person from every personal table and keep them out; needs no key of the API."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.forget import forget as run  # noqa: PLC0415 - see sync
        from pipelines.telling.documents import forget_document, write_documents  # noqa: PLC0415 - see sync
        from pipelines.telling.forget import print_forget  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.publish import published  # noqa: PLC0415 - see sync

        address = sys.stdin.readline().strip() if email == "-" else email
        if bool(address) == bool(customer_id):
            raise ConfigurationError("name the person with either --email or --customer-id")
        asked = request(destination, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(
                chosen,
                lambda config, _: run(config, email=address or None, customer_id=customer_id or None, erase=yes),
                at_once=False,
            )
        if json:
            write_documents(done, partial(forget_document, erased=yes))
        else:
            each(done, lambda _, rows: print_forget(rows, erased=yes))
        end_of(done, debug=debug, least=published(done))


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
    begin(source)
    with boundary(debug=debug):
        from pipelines.commands.sandbox import serve  # noqa: PLC0415 - see sync

        serve(source.value, port, day("--today", today), rate_limit, rate_period, settings=settings or ())


for _command in (init, plan, status, history, check, views, report, copy, config, resources, docs):
    app.command()(_command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; files that it makes are for the user alone."""
    os.umask(0o077)
    gc.set_threshold(GARBAGE)
    # some drivers log a traceback of what they also raise; without a handler Python prints it
    logging.getLogger().addHandler(logging.NullHandler())
    begin()
    given = arguments if arguments is not None else sys.argv[1:]
    with standard_streams(debug="--debug" in given):
        app(given, prog_name="elt")
    raise SystemExit(ExitCode.DONE)


def console() -> NoReturn:
    """Run the command line as a process of its own.

    It ends as other programs of Python do, but for the objects, which are not cleared away one by one before: after
    importing dlt that takes a tenth of the CPU of a sync that finds nothing new.
    """
    try:
        main()
    except SystemExit as end:
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for threads, as Python does at its end
        atexit._run_exitfuncs()  # noqa: SLF001 - as above
        with suppress(OSError, ValueError):  # what the command has printed is written out by now
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else ExitCode.DONE)


if __name__ == "__main__":
    main()
