"""Tables under the names that a user wants for their columns: a view for each, beside the models."""

from collections.abc import Mapping

from pipelines.sql.views import under_other_names
from pipelines.storing.models import Model
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError


def renamed_tables(
    warehouse: Warehouse,
    place: str,
    catalogue: Mapping[str, Endpoint],
    names: Mapping[str, Mapping[str, str]],
) -> list[Model]:
    """Return a view of each table that is there and of which a column is to be called otherwise.

    It shows every row, and every column but those that are left out and dlt's own.

    Args:
        warehouse: what is loaded.
        place: of the tables, see `pipelines.sql.views`.
        catalogue: every resource by name.
        names: resource -> column -> its name in the view.

    Raises:
        ConfigurationError: a column that the catalogue does not know has the name that another one is to get.
    """
    found = []
    for resource, stored in warehouse.stored_types(names).items():
        row, wanted = catalogue[resource], names[resource]
        shown = {name: wanted.get(name, name) for name in stored if not name.startswith("_dlt_")}
        for name in row.left_out:
            shown.pop(name, None)
        if len({*shown.values()}) < len(shown):
            taken = sorted(name for name in shown if name in wanted.values())
            raise ConfigurationError(f"option rename: {resource} has a column {' and '.join(taken)} of its own")
        described = {column.name: column.description for column in row.table_columns}
        found.append(
            Model(
                name=resource,
                query=under_other_names(f"{place}.{resource}", shown),
                tables=frozenset({(place, resource)}),
                models=frozenset(),
                description=row.describe(resource),
                columns={new: described[name] for name, new in shown.items() if name in described},
            )
        )
    return found
