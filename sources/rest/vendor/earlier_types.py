"""Columns that an earlier version has made too narrow for what may be loaded into them: dlt would cut values to fit."""

from collections.abc import Mapping, Sequence

import dlt
from dlt.common.destination.client import JobClientBase, WithStagingDataset
from dlt.destinations.job_client_impl import SqlJobClientBase

from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError


def refuse_narrow_columns(endpoint: Endpoint) -> None:
    """See that the destination's columns of numbers take fractions, before a pipeline of the user's own loads any.

    Raises:
        ConfigurationError: some do not; the message says how that is changed.
    """
    known = dlt.current.source_schema().tables
    narrow = {
        table: names
        for table, columns in endpoint.tables.items()
        if table in known
        and (
            names := [
                column.name
                for column in columns
                if column.type is Type.DOUBLE
                and known[table]["columns"].get(column.name, {}).get("data_type") == Type.BIGINT.value
            ]
        )
    }
    if not narrow:
        return
    with dlt.current.pipeline().destination_client() as client:
        found = _stored_as_whole(client, narrow)
        if isinstance(client, WithStagingDataset):
            with client.with_staging_dataset():
                found |= _stored_as_whole(client, narrow)
    if found:
        raise ConfigurationError(
            f"an earlier version has made columns of whole numbers ({', '.join(sorted(found))}), which may hold"
            " fractions now and would be rounded; change each, in the dataset and in its staging dataset, with ALTER"
            " TABLE ... ALTER COLUMN ... SET DATA TYPE DOUBLE (DOUBLE PRECISION in PostgreSQL), or load all again with"
            " pipeline.run(..., refresh='drop_resources')"
        )


def _stored_as_whole(client: JobClientBase, columns: Mapping[str, Sequence[str]]) -> set[str]:
    stored = dict(client.get_storage_tables(columns)) if isinstance(client, SqlJobClientBase) else {}
    return {
        f"{table}.{name}"
        for table, names in columns.items()
        for name in names
        if stored.get(table, {}).get(name, {}).get("data_type") == Type.BIGINT.value
    }
