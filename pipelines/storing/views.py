"""Models as views, in a schema beside the dataset, for those who read it without dbt."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import dlt
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase

from pipelines.destinations.capabilities import is_lake
from pipelines.sql.rendering import COMMENTS, Names, render
from pipelines.sql.statement import Statement
from pipelines.sql.views import VIEWS, comment_view, comment_view_column, create_schema, create_view, drop_view
from pipelines.storing.models import Model
from sources.rest.errors import ConfigurationError


def existing_tables(pipeline: dlt.Pipeline, places: Mapping[str, str], models: Sequence[Model]) -> set[tuple[str, str]]:
    """Return those of the tables that models are built on that exist, as place and table.

    Args:
        pipeline: attached to the destination.
        places: the schema that each place is.
        models: what is to be built.

    Raises:
        ConfigurationError: the destination is a lake, in which models have nowhere to be.
    """
    if is_lake(pipeline):
        raise ConfigurationError(
            f"destination {pipeline.destination.destination_name!r} is a lake, of which neither views nor reports can"
            " be made yet; load into a DuckDB file or PostgreSQL to have them"
        )
    found: set[tuple[str, str]] = set()
    with pipeline.destination_client() as client:
        storage = cast("SqlJobClientBase", client)
        for place, schema in places.items():
            wanted = sorted({table for one in models for there, table in one.tables if there == place})
            with storage.sql_client.with_alternative_dataset_name(schema):
                found |= {(place, name) for name, columns in storage.get_storage_tables(wanted) if columns}
    return found


def make_views(
    pipeline: dlt.Pipeline, places: Mapping[str, str], models: Sequence[Model], removed: Sequence[str]
) -> None:
    """Make each model a view, all in one transaction, where the destination knows transactions.

    Args:
        pipeline: attached to the destination, holding its lock.
        places: the schema that each place is; `VIEWS` is where views go.
        models: each after those that it is built on.
        removed: views that an earlier command may have made, and that cannot be built any more.

    Raises:
        ConfigurationError: something in the schema is in the way.
    """
    with pipeline.sql_client() as client:
        names = names_in(client, places)
        _execute(client, names, create_schema())
        with client.begin_transaction():
            try:
                for name in [*reversed([one.name for one in models]), *removed]:
                    _execute(client, names, drop_view(name))
            except DatabaseException as error:
                raise ConfigurationError(
                    f"a view of the schema {places[VIEWS]} cannot be made anew: a table has its name, as dbt may have"
                    " made it, or another view is built on it; drop that one, or the schema, and run this again"
                ) from error
            for model in models:
                for statement in _made(model, comments=names.dialect in COMMENTS):
                    _execute(client, names, statement)


def _made(model: Model, *, comments: bool) -> Iterator[Statement]:
    yield create_view(model.name, model.query)
    if comments:
        yield comment_view(model.name, model.description)
        for name, text in model.columns.items():
            yield comment_view_column(model.name, name, text)


def names_in(client: SqlClientBase[Any], places: Mapping[str, str]) -> Names:
    """How the destination of a client writes names that are `place.table`, see `pipelines.sql.views`."""

    def path(name: str) -> Sequence[str]:
        place, dot, table = name.partition(".")
        if not dot:
            return [client.escape_column_name(name, quote=False)]
        with client.with_alternative_dataset_name(places[place]):
            return client.make_qualified_table_name_path(table or None, quote=False)

    return Names(client.capabilities.sqlglot_dialect, lambda name: client.escape_column_name(name, quote=False), path)


def _execute(client: SqlClientBase[Any], names: Names, statement: Statement) -> None:
    text, _ = render(statement, names)
    client.execute_sql(text)
