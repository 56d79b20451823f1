"""Tables that were dropped by hand: the next load creates them again, those of dlt among them."""

from typing import Any, cast

import dlt
from dlt.common.schema import Schema
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase

from pipelines.destinations.executing import execute
from pipelines.sql.conditions import equal
from pipelines.sql.writing import delete


def some_are_gone(pipeline: dlt.Pipeline, sql: SqlClientBase[Any]) -> bool:
    """Whether some of a pipeline's tables lack, and not all; then dlt makes those, because it finds no schema.

    Args:
        pipeline: has been brought what the destination says of its schema.
        sql: an open connection.
    """
    schema = pipeline.default_schema if pipeline.schema_names else Schema(pipeline.pipeline_name)
    names = [str(table["name"]) for table in schema.data_tables(seen_data_only=True)]
    names += {*schema.dlt_table_names(), schema.state_table_name}
    with pipeline.destination_client() as client:
        stored = dict(cast("SqlJobClientBase", client).get_storage_tables(names))
        gone = any(stored.values()) and not all(stored.values())
        if gone and stored[schema.version_table_name] and isinstance(client, SqlJobClientBase):
            # a load creates nothing of a schema that it finds here
            execute(sql, delete(schema.version_table_name, [equal("schema_name", schema.name)]))
    return gone
