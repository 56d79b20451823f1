"""How a statement is written for a destination: in its dialect, with its names, values beside the text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlglot import ErrorLevel, exp

from pipelines.sql.statement import VALUE, Statement

PLACEHOLDER: Final = "%s"
"""Stands for a value in the text; dlt's clients translate it for their drivers."""

ROW_LOCKS: Final = frozenset({"postgres"})
"""Dialects of destinations that lock single rows for a transaction, as far as that was tried."""

TRANSACTIONS: Final = frozenset({"duckdb", "postgres"})
"""Dialects of destinations where changes of rows in several tables come true together, as far as that was tried."""

COMMENTS: Final = frozenset({"duckdb", "postgres", "redshift", "snowflake"})
"""Dialects with statements that describe a table or a column; the last two were not tried."""

_TOKEN: Final = re.compile("\0([0-9]+)\0")
"""A value that is still to be numbered by its place in the text; no name holds a NUL."""


class SqlClient(Protocol):
    """What of dlt's SQL clients decides how names are written."""

    @property
    def capabilities(self) -> Any:
        """What the destination can do."""

    def escape_column_name(self, column_name: str, quote: bool = True) -> str:  # noqa: FBT001, FBT002 - as in dlt
        """Name of a column."""

    def make_qualified_table_name_path(self, table_name: str | None, quote: bool = True) -> list[str]:  # noqa: FBT001, FBT002 - as in dlt
        """Name of a table, in its parts."""


@dataclass(frozen=True)
class Names:
    """How a destination writes names; quotes are the dialect's.

    Attributes:
        dialect: as sqlglot calls it; None for the standard.
        column: folds the case of a name.
        table: tells the catalog, the schema and the name of a table, as far as the destination has them.
    """

    dialect: str | None
    column: Callable[[str], str]
    table: Callable[[str], Sequence[str]]


def names_of(client: SqlClient) -> Names:
    """How the destination of a client writes names; a staging dataset counts while it is switched to."""
    return Names(
        client.capabilities.sqlglot_dialect,
        lambda name: client.escape_column_name(name, quote=False),
        lambda name: client.make_qualified_table_name_path(name, quote=False),
    )


def render(statement: Statement, names: Names) -> tuple[str, list[Any]]:
    """Write a statement.

    Returns:
        The text, and its values in the order of their places in it, which is the dialect's.

    Raises:
        sqlglot.UnsupportedError: the dialect cannot say it.
    """
    tree = statement.expression.copy()
    if names.dialect not in ROW_LOCKS:
        tree.set("locks", None)
    given: list[Any] = []
    for node in list(tree.walk()):
        if isinstance(node, exp.Table):
            for part, name in zip(("this", "db", "catalog"), reversed(names.table(node.name)), strict=False):
                node.set(part, exp.Identifier(this=name, quoted=True))
        elif isinstance(node, exp.Identifier) and not isinstance(node.parent, exp.Table):
            node.set("this", names.column(node.this))
        elif isinstance(node, exp.Var) and VALUE in node.meta:
            node.set("this", f"\0{len(given)}\0")
            given.append(node.meta[VALUE])
    text = tree.sql(names.dialect, copy=False, comments=False, unsupported_level=ErrorLevel.RAISE)
    return _TOKEN.sub(PLACEHOLDER, text), [given[int(number)] for number in _TOKEN.findall(text)]
