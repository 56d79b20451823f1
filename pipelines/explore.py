"""`elt report` to be asked back: the same questions and charts in a marimo notebook, for days that are chosen in it.

Nothing is written and no server is asked. `marimo run pipelines/explore.py -- --destination local` shows it;
`--source`, `--destination`, `--dataset` and `--profile` (several with commas between) say what it reads. Whoever must
not keep a sync waiting names the file of `publish_to` as a destination of its own.
"""

import marimo

app = marimo.App(width="medium", app_title="elt")


@app.cell
def _():
    from datetime import date

    import altair as alt
    import marimo as mo

    from pipelines.arguments import configured, request
    from pipelines.commands.report import report
    from pipelines.telling.parts import parts_of, tiles_of
    from pipelines.telling.report import in_colours, notes_of
    from sources.rest.errors import ConfigurationError

    return ConfigurationError, alt, configured, date, in_colours, mo, notes_of, parts_of, report, request, tiles_of


@app.cell
def _(configured, mo, report, request):
    given = {name: str(value) for name, value in mo.cli_args().to_dict().items()}
    source, names = given.get("source", "atribu"), given.get("profile", "")

    def asked(profile, since=None, until=None):
        """What a report says of a profile."""
        about = request(given.get("destination", "local"), given.get("dataset"), since=since, until=until)
        with configured(source, about, profile or None, everyone=False, keyless=True) as (one,):
            if one.error is not None:
                raise one.error
            return report(one.config)

    return asked, names


@app.cell
def _(mo, names):
    known = [name.strip() for name in names.split(",")]
    profile = mo.ui.dropdown(known, value=known[0], label="Profile")
    profile if len(known) > 1 else None
    return (profile,)


@app.cell
def _(asked, date, mo, profile):
    newest = asked(profile.value).days
    days = mo.ui.date_range(
        value=(date.fromisoformat(str(newest.start)), date.fromisoformat(str(newest.end))), label="Days"
    )
    days
    return (days,)


@app.cell
def _(ConfigurationError, asked, days, mo, notes_of, profile, tiles_of):
    try:
        found = asked(profile.value, *map(str, days.value))
    except ConfigurationError as error:
        mo.stop(predicate=True, output=mo.md(str(error)))
    mo.vstack(
        [
            mo.hstack([mo.stat(value, label=text) for text, value in tiles_of(found)], wrap=True),
            *map(mo.md, notes_of(found)),
        ]
    )
    return (found,)


@app.cell
def _(alt, found, in_colours, mo, parts_of):
    def table_of(table):
        """A table that can be sorted and searched."""
        names = [one.name for one in table.headings]
        return mo.vstack([mo.md(table.title), mo.ui.table([dict(zip(names, row, strict=True)) for row in table.rows])])

    def shown(part):
        """Sentences, charts and tables of a part."""
        charts = [mo.ui.altair_chart(alt.Chart.from_dict(in_colours(one.spec))) for one in part.charts]
        return mo.vstack([mo.md(f"## {part.title}\n\n{part.text}"), *charts, *map(table_of, part.tables)])

    mo.vstack([shown(part) for part in parts_of(found)])
    return


if __name__ == "__main__":
    app.run()
