"""The catalogue as Markdown, so that documents cannot drift from code."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sources.rest.catalogue.columns import OWN_COLUMNS, POSITION, Column
from sources.rest.catalogue.endpoints import Endpoint, Kind

ROOT: Final = Path(__file__).parents[3]
_READ: Final[Mapping[Kind, str]] = {
    Kind.SERIES: "a call per 366 days",
    Kind.AGGREGATE: "a call per day, week or month",
    Kind.ENTITY: "pages of 100",
    Kind.DETAIL: "pages of 100",
    Kind.SNAPSHOT: "replaced each run",
    Kind.LIVE: "a row per run",
}


def resource_table(endpoints: Iterable[Endpoint]) -> str:
    """What can be loaded, at which price: for users who choose resources."""
    return markdown_table(
        ("resource", "a row is", "scope", "read as", "units a call", "by default"),
        (
            (
                f"`{row.name}`",
                row.description.rstrip("."),
                f"`{row.scope}`" if row.scope else "not documented",
                _READ[row.kind] + "".join(f", x {column.name}" for column in row.variant_columns) + _ids(row),
                str(row.units),
                "with `--include-pii`" if row.pii else "yes" if row.default else "no",
            )
            for row in endpoints
        ),
    )


def inventory(endpoints: Iterable[Endpoint]) -> str:
    """Where the facts stand: for whoever keeps the catalogue."""
    return markdown_table(
        ("resource", "path", "rows at", "key", "limits", "documentation"),
        (
            (
                f"`{row.name}`",
                f"`GET {row.path}`",
                f"`{row.rows}`"
                + {True: " (one object)", False: "", None: " (object or list)"}[row.single]
                + (", or the body itself" if row.bare else "")
                + (", may be null" if row.nullable else "")
                + "".join(f", totals at `{one.path}`" for one in row.totals),
                ", ".join(f"`{name}`" for name in (*row.request_names, *row.key)),
                "; ".join(_limits(row)) or "none",
                f"[page]({row.docs_url})",
            )
            for row in endpoints
        ),
    )


def dictionary(endpoints: Iterable[Endpoint]) -> str:
    """Every table and column, with type and meaning: for whoever writes queries."""
    sections = []
    for row in endpoints:
        for name, columns in row.tables.items():
            rows = (
                (f"`{column.name}`", column.type.value, column.description + _personal(column))
                for column in columns
                if column not in OWN_COLUMNS
            )
            sections.append(
                f"### `{name}`\n\n{row.describe(name)}\n\n{markdown_table(('column', 'type', 'meaning'), rows)}"
            )
    return "\n\n".join(sections)


def entities(endpoints: Iterable[Endpoint]) -> str:
    """How tables hang together, as a mermaid diagram: keys, lists, and which table's ids another one is read for."""
    rows = list(endpoints)
    lines = []
    for row in rows:
        for name, columns in row.tables.items():
            keys = [column for column in columns if column.name in (*row.request_names, *row.key, POSITION.name)]
            lines += [f"    {name} {{", *(f"        {one.type.value} {one.name}" for one in keys), "    }"]
        lines += [f'    {row.name} ||--o{{ {child} : "has"' for child in row.child_tables]
        lines += [f'    {row.name} }}o--o| {one.name} : "adds up to"' for one in row.totals]
        asked = [(one.endpoint, one.column) for one in (row.for_each, row.parents) if one and one.endpoint]
        lines += [f'    {endpoint} |o--o{{ {row.name} : "{column}"' for endpoint, column in asked]
        if row.counted_by:
            lines += [
                f'    {row.counted_by.endpoint} |o--o{{ {row.name} : "{row.counted_by.column} = {row.counted_by.param}"'
            ]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


def written(root: Path, rendered: Mapping[tuple[str, str], str]) -> Mapping[Path, str]:
    """Return documents with the parts between their marks rendered anew.

    Args:
        root: folder of the project.
        rendered: (file, mark) -> what stands there.
    """
    texts = {name: (root / name).read_text() for name, _ in rendered}
    for (name, mark), text in rendered.items():
        before, _, after = texts[name].split(f"<!-- {mark} -->\n")
        texts[name] = f"{before}<!-- {mark} -->\n{text}\n<!-- {mark} -->\n{after}"
    return {root / name: text for name, text in texts.items()}


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, one line per row."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _personal(column: Column) -> str:
    return f" **Personal: {column.pii}.**" if column.pii else ""


def _ids(row: Endpoint) -> str:
    if row.parents:
        return f", for everybody in `{row.parents.endpoint}`"
    return f", for the ids of `{row.for_each.endpoint or row.for_each.option}`" if row.for_each else ""


def _limits(row: Endpoint) -> Iterable[str]:
    if row.cap:
        yield f"{row.cap} rows, no next page"
    if row.cursor:
        yield f"{row.params.get('limit', 'undocumented number of')} rows a page"
    if row.for_each:
        yield f"{row.for_each.per_call} ids a call, from `{row.for_each.endpoint or row.for_each.option}`"
