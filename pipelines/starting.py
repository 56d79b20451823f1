"""The command that a folder begins with: `elt init`."""

from typing import Annotated

import typer

from pipelines.arguments import configured, named_values, operated, request
from pipelines.parameters import Debug, Pii, SourceName
from pipelines.telling.boundary import boundary
from pipelines.telling.log import begin


def init(
    source: Annotated[
        SourceName | None, typer.Argument(help="Source to set up; asked for unless given.", show_default=False)
    ] = None,
    *,
    profile: Annotated[
        str | None, typer.Option(help="Name of the profile to set up; the one without a name unless given.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The profile's time zone, such as Europe/Madrid: it decides what today is.")
    ] = None,
    destination: Annotated[str | None, typer.Option(help="Name in destinations.toml.")] = None,
    include_pii: Pii = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Another option of the source, as name=value; may be repeated.")
    ] = None,
    key_from_stdin: Annotated[
        bool, typer.Option("--key-from-stdin", help="Read the API key from the first line of standard input.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace settings that have another value.")] = False,
    debug: Debug = False,
) -> None:
    """Ask what a source needs, see whether it works, and write it into .dlt; loads nothing."""
    begin(source or "")
    with boundary(debug=debug):
        operated()
        from pipelines.commands.check import check  # noqa: PLC0415 - see `pipelines.cli`
        from pipelines.commands.init import entries_of, overruled  # noqa: PLC0415 - as above
        from pipelines.commands.origins import origins_of  # noqa: PLC0415 - as above
        from pipelines.commands.plan import preview  # noqa: PLC0415 - as above
        from pipelines.commands.settings_files import replaced_by, written  # noqa: PLC0415 - as above
        from pipelines.telling.asking import Asking  # noqa: PLC0415 - as above
        from pipelines.telling.check import print_check, print_origins  # noqa: PLC0415 - as above
        from pipelines.telling.init import print_next, print_written  # noqa: PLC0415 - as above
        from pipelines.telling.profiles import each, end_of, for_each  # noqa: PLC0415 - as above

        asking = Asking(source, [*SourceName], profile or "")
        options = named_values("--set", settings or ()) | ({"timezone": timezone} if timezone else {})
        answers = asking.answers(
            options, destination=destination, include_pii=include_pii, key_from_stdin=key_from_stdin
        )
        entries = entries_of(asking.source, answers)
        if not replace:
            asking.may_replace(replaced_by(entries))
        asked = request(answers.destination, None)
        with written(entries), configured(asking.source.name, asked, profile, everyone=False) as chosen:
            done = for_each(chosen, lambda config, _: (check(config), preview(config)), at_once=False)
            each(
                done,
                lambda config, found: print_check(found[0], config.limits.rate.limit, answers.destination),
                before=lambda config: print_origins(origins_of(config)),
            )
            for error in (one.error for one in done if one.error):
                raise error
        print_written(entries, overruled(entries))
        each(done, lambda config, found: print_next(config, found[1]))
        end_of(done, lambda found: found[0].exit_code, debug=debug)
