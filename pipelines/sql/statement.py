"""What a statement is, and what it is put together from: columns, tables, values."""

from dataclasses import dataclass
from typing import Any, Final

from sqlglot import exp

from sources.rest.catalogue.columns import Type

VALUE: Final = "value"
"""Under this name the token of a value carries it."""


@dataclass(frozen=True)
class Statement:
    """A statement in no dialect yet; its names are those of the catalogue.

    Attributes:
        expression: what is said.
        types: of the columns of the answer; none where nothing is answered.
    """

    expression: exp.Expr
    types: tuple[Type, ...] = ()


def value(given: Any) -> exp.Expr:
    """Stand for a value, which goes to the destination beside the text; null is part of the text."""
    if given is None:
        return exp.Null()
    token = exp.Var(this=VALUE)
    token.meta[VALUE] = given
    return token


def column(name: str) -> exp.Column:
    """Name a column."""
    return exp.Column(this=_name(name))


def table(name: str) -> exp.Table:
    """Name a table of the dataset."""
    return exp.Table(this=_name(name))


def called(expression: exp.Expr, name: str) -> exp.Alias:
    """Give a computed column a name, which must not be that of a column: some dialects would take one for the other."""
    return exp.Alias(this=expression, alias=_name(name))


def _name(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)
