"""What `elt resources` and `elt docs` print: what can be loaded, and what its columns mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.storing.history import HISTORY
from pipelines.telling.console import print_table, wide, write_json
from sources.rest.catalogue.columns import Column
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError, did_you_mean


def print_resources(catalogue: Mapping[str, Endpoint], chosen: Sequence[Endpoint], *, as_json: bool) -> None:
    """Print what can be loaded, with units, scope, and whether a sync loads it as it is configured.

    Args:
        catalogue: every resource by name.
        chosen: what a sync loads.
        as_json: print a JSON document.
    """
    loaded = {row.name for row in chosen}
    found = [
        {
            "resource": row.name,
            "units": row.units,
            "scope": row.scope,
            "loaded": row.name in loaded,
            "personal": row.pii,
            "description": row.description,
        }
        for row in catalogue.values()
    ]
    if as_json:
        write_json(found)
        return
    rows = [
        [
            str(one["resource"]),
            str(one["units"]),
            str(one["scope"] or "not documented"),
            "yes" if one["loaded"] else "with --include-pii" if one["personal"] else "no",
            str(one["description"]),
        ]
        for one in found
    ]
    print_table(("resource", "units", "scope", "loaded", "a row is"), rows)


def print_docs(
    name: str, catalogue: Mapping[str, Endpoint], renamed: Mapping[str, Mapping[str, str]], *, as_json: bool
) -> None:
    """Print what the tables of a resource hold, or a table that every run leaves.

    Args:
        name: of the resource or the table.
        catalogue: every resource by name.
        renamed: resource -> column -> its name in the view of that resource.
        as_json: print a JSON document.

    Raises:
        ConfigurationError: there is no such resource.
    """
    known = {**catalogue, **HISTORY}
    if name not in known:
        raise ConfigurationError(f"there is no resource {name!r}{did_you_mean(name, known)}")
    row, names = catalogue.get(name), renamed.get(name, {})
    tables = row.tables if row else {name: HISTORY[name].columns}
    found: dict[str, Any] = {
        "resource": name,
        "description": row.description if row else HISTORY[name].description,
        "documentation": row.docs_url if row else None,
        "units": row.units if row else None,
        "scope": row.scope if row else None,
        "tables": {table: [_column(one) for one in columns] for table, columns in tables.items()},
        "renamed": dict(names),
    }
    if as_json:
        write_json(found)
        return
    out = wide()
    out.print(f"{name}: {found['description']}")
    if row:
        out.print(f"{row.units} units a call; scope {row.scope or 'not documented'}; {row.docs_url}")
    for table, columns in tables.items():
        out.print()
        out.print(f"table {table}")
        rows = [[one.name, one.type.value, one.description + (" Personal." if one.pii else "")] for one in columns]
        print_table(("column", "type", "meaning"), rows)
    if names:
        out.print()
        out.print(f"in its view: {', '.join(f'{column} is {new}' for column, new in names.items())}")


def _column(one: Column) -> dict[str, Any]:
    return {"name": one.name, "type": one.type.value, "description": one.description, "personal": bool(one.pii)}
