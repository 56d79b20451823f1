"""Questions to the models, whether their views were made or not: the models that one is built on stand before it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlglot import exp, parse_one

from pipelines.sql.statement import Statement, table, value
from pipelines.sql.views import DIALECT, VIEWS
from sources.rest.catalogue.columns import Type

FIGURES: Final = "figures"
"""What a question calls the rows that it is about."""


def of_models(
    question: str,
    mart: str,
    models: Mapping[str, str],
    where: Sequence[exp.Expr],
    given: Mapping[str, Any] | None = None,
) -> Statement:
    """Ask rows of a model.

    Args:
        question: a query in `DIALECT` of the table `FIGURES`; `:name` stands for a value.
        mart: name of the model whose rows these are.
        models: queries of the models that are needed, by name, each after those that it is built on.
        where: conditions that hold for every row.
        given: the values, by name.
    """
    asked = exp.maybe_parse(question, into=exp.Select, dialect=DIALECT)
    rows = exp.select(exp.Star()).from_(table(mart)).where(*where, copy=False)
    for name, query in [*((name, parse_one(text, dialect=DIALECT)) for name, text in models.items()), (FIGURES, rows)]:
        asked = asked.with_(exp.to_identifier(name, quoted=True), as_=_here(query), copy=False)
    for node in list(asked.find_all(exp.Placeholder)):
        node.replace(value((given or {})[node.name]))
    return Statement(asked, (Type.ANY,) * len(asked.selects))


def _here(query: exp.Expr) -> exp.Expr:
    """The query with the models that it is built on by their names alone: they stand before it."""
    for node in query.find_all(exp.Table):
        place, _, name = node.name.rpartition(".")
        if place == VIEWS:
            node.set("this", exp.to_identifier(name, quoted=True))
    return query
