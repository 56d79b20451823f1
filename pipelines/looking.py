"""The commands that ask nothing of the API but `check`: of the destination, or of what a sync would do."""

from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import typer

from pipelines.arguments import ages, configured, day, operated, request
from pipelines.parameters import (
    AllProfiles,
    Dataset,
    Debug,
    Destination,
    Form,
    Full,
    History,
    Json,
    Pii,
    Profiles,
    Resources,
    Since,
    Source,
    Today,
    Until,
)
from pipelines.telling.boundary import boundary
from pipelines.telling.log import begin


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
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.plan import preview  # noqa: PLC0415 - see sync
        from pipelines.telling.plan import print_plans  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources, since=since, until=until, today=today, full=full)
        with configured(source, asked, profile, everyone=all_profiles, include_pii=include_pii) as chosen:
            done = for_each(chosen, lambda config, _: preview(config), at_once=False)
        print_plans(done, as_json=json)
        end_of(done, debug=debug)


def status(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    max_age: Annotated[
        list[str] | None,
        typer.Option(help="End with 5 if a resource was read longer ago: 26h, or channels=3d; may be repeated."),
    ] = None,
    prometheus: Annotated[
        Path | None,
        typer.Option(help="Write figures to this file, for the textfile collector of Prometheus."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say how fresh the tables are and how the last runs went; needs no key."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.status import status as run  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.prometheus import write_figures  # noqa: PLC0415 - see sync
        from pipelines.telling.status import code_of_status, print_statuses  # noqa: PLC0415 - see sync

        asked = request(destination, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda config, _: run(config, ages(max_age or (), config.catalogue)), at_once=False)
        print_statuses(done, as_json=json)
        if prometheus:
            write_figures(prometheus, done)
        end_of(done, partial(code_of_status, asked=bool(max_age)), debug=debug)


def history(
    source: Source,
    what: Annotated[History, typer.Argument(help="Which rows.")],
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    resources: Resources = None,
    since: Annotated[str | None, typer.Option(help="First day on which it happened (YYYY-MM-DD, UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Last day on which it happened.")] = None,
    about: Annotated[str | None, typer.Option("--day", help="Only rows about this day (YYYY-MM-DD).")] = None,
    limit: Annotated[int, typer.Option(help="Most rows, newest first.", min=1)] = 1000,
    destination: Destination = "local",
    dataset: Dataset = None,
    form: Annotated[Form, typer.Option("--format", help="How rows are printed.")] = Form.TABLE,
    debug: Debug = False,
) -> None:
    """Print runs, windows or restatements of the past; needs no key."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.history import history as run  # noqa: PLC0415 - see sync
        from pipelines.telling.history import print_histories  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources, since=since, until=until)
        one_day = day("--day", about)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda config, _: run(config, what, day=one_day, limit=limit), at_once=False)
        print_histories(done, what, form)
        end_of(done, debug=debug)


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
    json: Json = False,
    debug: Debug = False,
) -> None:
    """See whether the key works, what it may spend, and whether the destination takes rows; load nothing."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.check import check as run  # noqa: PLC0415 - see sync
        from pipelines.commands.origins import origins_of  # noqa: PLC0415 - see sync
        from pipelines.telling.check import print_check, print_origins  # noqa: PLC0415 - see sync
        from pipelines.telling.documents import check_document, write_documents  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - see sync

        asked = request(destination, dataset, resources=resources)
        with configured(source, asked, profile, everyone=all_profiles, include_pii=include_pii) as chosen:
            done = for_each(chosen, lambda config, _: run(config, write=not no_write), at_once=False)
        code_of = attrgetter("exit_code")
        if json:
            write_documents(done, check_document, code_of)
        else:  # what does not work may be what stands in the wrong file
            each(
                done,
                lambda config, found: print_check(found, config.limits.rate.limit, destination),
                before=lambda config: print_origins(origins_of(config)),
            )
        end_of(done, code_of, debug=debug)


def views(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """Make views that fix model, level and grain, in a schema beside the dataset; needs no key and no dbt."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.views import views as run  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.publish import published  # noqa: PLC0415 - see sync
        from pipelines.telling.views import print_views  # noqa: PLC0415 - see sync

        asked = request(destination, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda config, _: run(config), at_once=False)
        each(done, lambda _, found: print_views(found))
        end_of(done, debug=debug, least=published(done))


def report(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    since: Annotated[
        str | None, typer.Option(help="First day (YYYY-MM-DD); 12 weeks before the last unless given.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Last day; the newest that is loaded unless given.")] = None,
    output: Annotated[Path | None, typer.Option(help="HTML file to write; SOURCE-report.html unless given.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the file in a browser.")] = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """Write one HTML file with charts and tables of what is loaded, without a person in it; needs no key."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.report import report as run  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.report import last_report, show_report, write_report  # noqa: PLC0415 - see sync

        asked, file = request(destination, dataset, since=since, until=until), output or Path(f"{source}-report.html")
        seen = last_report(file)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda config, _: run(config, seen=seen), at_once=False)
        write_report(file, done)
        if open_ and any(one.result for one in done):
            show_report(file)
        end_of(done, debug=debug)


def copy(
    source: Source,
    *,
    from_: Annotated[str, typer.Option("--from", help="Name in destinations.toml: where the rows are.")],
    to: Annotated[str, typer.Option("--to", help="Name in destinations.toml: where they go.")],
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """Take what is loaded to another destination, ledger included; asks nothing of the API, needs no key."""
    begin(source, from_)
    with boundary(debug=debug):
        from pipelines.commands.copy import copy as run  # noqa: PLC0415 - see sync
        from pipelines.telling.copy import print_copy  # noqa: PLC0415 - see sync
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - see sync
        from pipelines.telling.publish import published  # noqa: PLC0415 - see sync

        asked = request(from_, dataset)
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda config, _: run(config, to), at_once=False)
        which = " --all-profiles" if all_profiles else f" --profile {profile}" if profile else ""
        proof = f"elt verify {source.value}{which} --destination {to}"
        each(done, lambda _, rows: print_copy(rows, proof))
        end_of(done, debug=debug, least=published(done, to))


def config(
    source: Source,
    *,
    profile: Profiles = None,
    all_profiles: AllProfiles = False,
    destination: Destination = "local",
    dataset: Dataset = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print every option, what it is set to and where; needs no key, asks nobody, tells no secret."""
    begin(source, destination)
    with boundary(debug=debug):
        from pipelines.commands.settings import settings_of  # noqa: PLC0415 - see `pipelines.cli`
        from pipelines.telling.profiles import end_of, for_each  # noqa: PLC0415 - as above
        from pipelines.telling.settings import print_settings  # noqa: PLC0415 - as above

        asked, operating = request(destination, dataset), operated()
        with configured(source, asked, profile, everyone=all_profiles, keyless=True) as chosen:
            done = for_each(chosen, lambda found, _: settings_of(found, operating), at_once=False)
        print_settings(done, as_json=json)
        end_of(done, debug=debug)


def resources(source: Source, *, include_pii: Pii = None, json: Json = False, debug: Debug = False) -> None:
    """List what can be loaded, with units and scopes; needs no key, asks nobody."""
    begin(source)
    with boundary(debug=debug):
        from pipelines.telling.catalogue import print_resources  # noqa: PLC0415 - see `pipelines.cli`
        from pipelines.telling.profiles import end_of  # noqa: PLC0415 - as above

        with configured(
            source, request("local", None), None, everyone=False, keyless=True, include_pii=include_pii
        ) as done:
            for one in done:
                if one.config:
                    print_resources(one.config.catalogue, one.config.endpoints, as_json=json)
        end_of(done, debug=debug)


def docs(
    source: Source,
    resource: Annotated[str, typer.Argument(help="Resource, or a table that every run leaves.")],
    *,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print what the columns of a resource mean; needs no key, asks nobody."""
    begin(source)
    with boundary(debug=debug):
        from pipelines.telling.catalogue import print_docs  # noqa: PLC0415 - see `pipelines.cli`
        from pipelines.telling.profiles import end_of  # noqa: PLC0415 - as above

        with configured(source, request("local", None), None, everyone=False, keyless=True) as done:
            for one in done:
                if one.config:
                    print_docs(resource, one.config.catalogue, one.config.renamed, as_json=json)
        end_of(done, debug=debug)
