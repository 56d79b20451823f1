"""The `elt` command."""

import gc
import logging
import os
import sys
from enum import StrEnum
from importlib import metadata
from typing import Annotated, Any, Final, NoReturn

import typer

from pipelines.arguments import configured, day, request
from pipelines.running.exit_codes import ExitCode
from pipelines.telling.boundary import boundary, standard_streams
from pipelines.telling.console import warnings
from sources.rest.errors import ConfigurationError

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
Profiles = Annotated[
    str | None, typer.Option("--profile", help="Profiles, with commas between; the one without a name unless given.")
]
AllProfiles = Annotated[bool, typer.Option("--all-profiles", help="Every profile that is configured, side by side.")]
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
    debug: Debug = False,
) -> None:
    """Load what is new, missing or restated."""
    with boundary(debug=debug):
        from pipelines.commands.sync import sync as run  # noqa: PLC0415 - dlt takes long to import, --help needs none
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - as above
        from pipelines.telling.profiles import each, end_of  # noqa: PLC0415 - as above
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - as above
        from pipelines.telling.sync import print_sync, print_syncs  # noqa: PLC0415 - as above

        place = destination or ("sandbox" if sandbox else "local")
        asked = request(place, dataset, resources=resources, since=since, until=until, today=today, full=full)
        options: dict[str, Any] = {"max_units": max_units, "max_minutes": max_minutes, "include_pii": include_pii}
        with (
            configured(source, asked, profile, everyone=all_profiles, sandbox=sandbox, **options) as chosen,
            Progress() as progress,
        ):
            done = side_by_side(
                chosen, lambda config, together: run(config, progress.of(config.profile.name), together)
            )
        if len(done) > 1:
            print_syncs(done)
        else:
            each(done, lambda _, outcome: print_sync(outcome))
        end_of(done, lambda outcome: outcome.exit_code, debug=debug)


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
    debug: Debug = False,
) -> None:
    """Prove that what is loaded is what the API says; name the days that differ."""
    with boundary(debug=debug):
        from pipelines.commands.verify import verify as run  # noqa: PLC0415 - see sync
        from pipelines.planning.policy import EVER  # noqa: PLC0415 - see sync
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of  # noqa: PLC0415 - see sync
        from pipelines.telling.progress import Progress  # noqa: PLC0415 - see sync
        from pipelines.telling.verify import print_verify, proof_code  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources, since=since or str(EVER), until=until, today=today)
        with configured(source, asked, profile, everyone=all_profiles) as chosen, Progress() as progress:
            done = side_by_side(
                chosen,
                lambda config, together: run(
                    config, repair=repair, watcher=progress.of(config.profile.name), together=together
                ),
            )
        each(done, lambda _, outcome: print_verify(outcome, repaired=repair))
        end_of(done, lambda outcome: proof_code(outcome, repaired=repair), debug=debug)


@app.command()
def plan(
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
    full: Full = False,
    include_pii: Pii = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a sync would do now and what it would cost; ask nothing of the API, load nothing."""
    with boundary(debug=debug):
        from pipelines.commands.plan import preview  # noqa: PLC0415 - see sync
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see sync
        from pipelines.telling.plan import print_plans  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources, since=since, until=until, today=today, full=full)
        with configured(source, asked, profile, everyone=all_profiles, include_pii=include_pii) as chosen:
            done = side_by_side(chosen, lambda config, _: preview(config), at_once=False)
        print_plans(done, as_json=json)
        end_of(done, debug=debug)


@app.command()
def status(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say how fresh the tables are and how the last runs went; needs no key."""
    with boundary(debug=debug):
        from pipelines.commands.status import status as run  # noqa: PLC0415 - see sync
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of  # noqa: PLC0415 - see sync
        from pipelines.telling.status import print_statuses  # noqa: PLC0415 - see sync

        asked = request(destination, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = side_by_side(chosen, lambda config, _: run(config), at_once=False)
        print_statuses(done, as_json=json)
        end_of(done, debug=debug)


@app.command()
def check(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
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
        from pipelines.commands.origins import origins_of  # noqa: PLC0415 - see sync
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see sync
        from pipelines.telling.check import print_check, print_origins  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources)
        with configured(source, asked, profile, everyone=all_profiles, include_pii=include_pii) as chosen:
            done = side_by_side(chosen, lambda config, _: run(config, write=not no_write), at_once=False)
        # what does not work may be what stands in the wrong file
        each(
            done,
            lambda config, found: print_check(found, config.limits.rate.limit, destination),
            before=lambda config: print_origins(origins_of(config)),
        )
        end_of(done, lambda found: found.exit_code, debug=debug)


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
    debug: Debug = False,
) -> None:
    """Erase a person from every personal table and keep them out; needs no key of the API."""
    with boundary(debug=debug):
        from pipelines.commands.forget import forget as run  # noqa: PLC0415 - see sync
        from pipelines.running.profiles import side_by_side  # noqa: PLC0415 - see sync
        from pipelines.telling.forget import print_forget  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of  # noqa: PLC0415 - see sync

        address = sys.stdin.readline().strip() if email == "-" else email
        if bool(address) == bool(customer_id):
            raise ConfigurationError("name the person with either --email or --customer-id")
        asked = request(destination, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = side_by_side(
                chosen,
                lambda config, _: run(config, email=address or None, customer_id=customer_id or None, erase=yes),
                at_once=False,
            )
        each(done, lambda _, rows: print_forget(rows, erased=yes))
        end_of(done, debug=debug)


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

        serve(source.value, port, day("--today", today), rate_limit, rate_period, settings=settings or ())


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


if __name__ == "__main__":
    main()
