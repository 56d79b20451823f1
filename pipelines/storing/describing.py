"""Tables are there before their first row, and say in the database what they hold."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from dlt.common.schema import Schema
from dlt.common.schema.typing import TTableSchema
from dlt.extract import DltResource

from pipelines.destinations import lease_table
from pipelines.destinations.capabilities import is_lake
from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.sql.rendering import COMMENTS
from pipelines.sql.statement import Statement
from pipelines.sql.writing import comment_column, comment_table
from pipelines.storing import forgotten_people
from pipelines.storing.dataset import Dataset
from pipelines.storing.history import history_tables
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.vendor.resources import empty_tables

OWN: Final = {
    lease_table.TABLE: (lease_table.DESCRIPTION, dict(lease_table.MEANINGS)),
    forgotten_people.TABLE: (forgotten_people.DESCRIPTION, dict(forgotten_people.MEANINGS)),
}
"""Tables that dlt does not know, because no load fills them: what a row is, and what its columns hold."""

Texts = dict[str, tuple[str, dict[str, str]]]


def complete(
    dataset: Dataset, endpoints: Sequence[Endpoint], extra: Iterable[DltResource] = (), *, personal: bool
) -> None:
    """Make the tables that a run may fill, and describe all in the database, where it has comments.

    Comments are written when a table was made or a description has changed; the ledger remembers that with the next
    commit. To be cut off and begun again does no harm.

    Args:
        dataset: one that was loaded into before, if only by the row that says that a run has begun.
        endpoints: what the run reads.
        extra: further tables that it fills.
        personal: the dataset is that of personal data.
    """
    own = OWN if personal else {lease_table.TABLE}  # nobody is forgotten where no person is
    known = dataset.warehouse.tables(own)
    lacking = [row for row in endpoints if not known.issuperset(row.tables)]
    resources = [*(one for row in lacking for one in empty_tables(row)), *history_tables(personal=personal), *extra]
    schema = dataset.pipeline.default_schema
    missing = [one for one in resources if one.name not in known or _lacks_columns(schema, one)]
    for one in missing:
        # as after its first row: so dlt keeps it, and a sync notices if somebody drops it
        made = {**one.compute_table_schema(), "x-normalizer": {"seen-data": True}}
        schema.update_table(cast("TTableSchema", made))
    if [one for row in endpoints for one in _describe(schema, row)] or missing:
        dataset.warehouse.save_schema(schema)
    texts = _descriptions(schema, dataset.warehouse.tables(own) if missing else known)
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:12]
    if digest == dataset.ledger.described:
        return
    if dataset.warehouse.dialect in COMMENTS and not is_lake(dataset.pipeline):
        made_by_somebody(lambda: _write(dataset.warehouse, texts))
        dataset.ledger.described = digest


def _lacks_columns(schema: Schema, resource: DltResource) -> bool:
    """Whether an earlier version has made the table of a resource without some of its columns."""
    stored = schema.tables.get(resource.name)
    return stored is not None and not stored["columns"].keys() >= resource.compute_table_schema()["columns"].keys()


def _write(warehouse: Warehouse, texts: Texts) -> None:
    with warehouse.transaction():
        for statement in _comments(texts):
            warehouse.change(statement)


def _describe(schema: Schema, endpoint: Endpoint) -> list[str]:
    """Give the tables of an endpoint and their columns the descriptions of today; return what had others."""
    changed = []
    for table, columns in endpoint.tables.items():
        if table not in schema.tables:  # dlt's schema was lost; what is loaded next brings the table back into it
            continue
        stored: Any = schema.tables[table]
        about = [(stored, endpoint.describe(table))]
        about += [(stored["columns"][one.name], one.description) for one in columns if one.name in stored["columns"]]
        for content, text in about:
            if content.get("description") != text:
                content["description"] = text
                changed.append(text)
    return changed


def _descriptions(schema: Schema, tables: set[str]) -> Texts:
    """What tables and their columns hold, as far as dlt's schema says so, by table."""
    known = {
        name: (
            str(schema.tables[name].get("description", "")),
            {
                column: str(content["description"])
                for column, content in sorted(schema.tables[name]["columns"].items())
                if content.get("description")
            },
        )
        for name in sorted(tables & schema.tables.keys())
    }
    return {**known, **{name: texts for name, texts in OWN.items() if name in tables}}


def _comments(texts: Texts) -> Iterator[Statement]:
    for name, (text, columns) in texts.items():
        if text:
            yield comment_table(name, text)
        for column, meaning in columns.items():
            yield comment_column(name, column, meaning)
