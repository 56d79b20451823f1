"""Asks the models of a dataset, which need not have been made views; nothing is written."""

from collections.abc import Mapping, Sequence
from typing import Any

import dlt
from sqlglot import exp

from pipelines.sql.marts import of_models
from pipelines.sql.rendering import render
from pipelines.storing.models import Model, buildable
from pipelines.storing.values import to_destination
from pipelines.storing.views import existing_tables, names_in

Row = dict[str, Any]
"""Column -> value."""


class Marts:
    """The models of a dataset that can be built on the tables that are there.

    Args:
        pipeline: attached to the destination.
        places: the schema that each place is.
        models: all of them, each after those that it is built on.
    """

    def __init__(self, pipeline: dlt.Pipeline, places: Mapping[str, str], models: Sequence[Model]) -> None:
        tables = existing_tables(pipeline, places, models) if pipeline.schema_names else set()
        made, self.lacking = buildable(models, tables)
        self._models = {one.name: one for one in made}
        self._pipeline = pipeline
        self._places = places

    def has(self, mart: str) -> bool:
        """Whether the tables of a model are there."""
        return mart in self._models

    def ask(self, question: str, mart: str, where: Sequence[exp.Expr], given: Mapping[str, Any]) -> list[Row]:
        """Rows that answer a question to a model, by the names of their columns; see `of_models`."""
        models = {name: self._models[name].query for name in self._models if name in self._needed(mart)}
        statement = of_models(question, mart, models, where, given)
        with self._pipeline.sql_client() as client:
            text, values = render(statement, names_in(client, self._places))
            with client.execute_query(text, *to_destination(values, client.capabilities)) as cursor:
                names = [name.lower() for name in cursor.columns_schema]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _needed(self, mart: str) -> set[str]:
        return {mart, *(name for one in self._models[mart].models for name in self._needed(one))}
