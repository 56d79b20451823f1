"""The personal tables of a dataset: what they hold of people, and how it is deleted or emptied."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from pipelines.people.detail_queue import read_table
from pipelines.sql.conditions import any_of, equal, holds_one_of, is_set, one_of
from pipelines.sql.reading import Columns, rows, sums
from pipelines.sql.writing import delete, update
from pipelines.storing.open_pages import TABLE as OPEN_PAGES
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import PiiCategory, Type
from sources.rest.catalogue.endpoints import Endpoint


@dataclass
class Person:
    """All that the tables know somebody by.

    Attributes:
        emails: addresses in any spelling, and hashes of addresses.
        ids: the vendor's numbers, by column: a person has several visitors, and a conversion is theirs too.
    """

    emails: set[str] = field(default_factory=set)
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def size(self) -> int:
        """How much is known."""
        return len(self.emails) + sum(map(len, self.ids.values()))


class PersonalTables:
    """The personal tables of a dataset.

    Attributes:
        endpoints: personal endpoints of which something was loaded.

    Args:
        warehouse: where the tables are.
        catalogue: every endpoint as the vendor has it, by name.
    """

    def __init__(self, warehouse: Warehouse, catalogue: Mapping[str, Endpoint]) -> None:
        names = warehouse.tables()
        self.endpoints = [row for row in catalogue.values() if row.pii and row.name in names]
        self._warehouse = warehouse

    def columns(self, table: str) -> Columns:
        """Columns of a table; none where it does not exist."""
        return self._warehouse.columns(table)

    def id_columns(self, endpoint: Endpoint) -> list[str]:
        """Columns of the vendor's own numbers of people."""
        return [column.name for column in endpoint.table_columns if column.pii is PiiCategory.ID]

    def email_columns(self, endpoint: Endpoint) -> list[str]:
        """Columns that there are of addresses and of their hashes."""
        names = [column.name for column in endpoint.columns if column.pii is PiiCategory.EMAIL]
        return [one for name in names for one in (name, f"{name}_hash") if one in self.columns(endpoint.name)]

    def all_email_columns(self) -> list[tuple[str, str]]:
        """The same for every endpoint, as (table, column)."""
        return [(row.name, name) for row in self.endpoints for name in self.email_columns(row)]

    def is_filled(self, table: str, column: str) -> bool:
        """Whether a column holds anything."""
        return bool(self._warehouse.ask(rows(table, {column: self.columns(table)[column]}, [is_set(column)], limit=1)))

    def rows(self, table: str, names: Collection[str]) -> list[dict[str, Any]]:
        """Some columns of all rows of a table."""
        columns = self.columns(table)
        answer = self._warehouse.ask(rows(table, {name: columns[name] for name in names}))
        return [dict(zip(names, row, strict=True)) for row in answer]

    def texts(self, table: str, column: str, parts: Collection[str]) -> list[str]:
        """Every text of a column that holds one of some parts."""
        found = self._warehouse.ask(rows(table, {column: Type.TEXT}, [holds_one_of(column, parts)], distinct=True))
        return [text for (text,) in found]

    def replace(self, table: str, column: str, old: str, new: str) -> None:
        """Write another text wherever a column holds one."""
        self._warehouse.change(update(table, {column: new}, [equal(column, old)]))

    def empty(self, table: str, columns: Collection[str]) -> None:
        """Leave nothing in some columns."""
        self._warehouse.change(update(table, dict.fromkeys(columns), [any_of(map(is_set, columns))]))

    def count(self, person: Person) -> dict[str, int]:
        """Count the rows of a person, by table."""
        found = {}
        for table, where in self._places(person):
            ((found[table],),) = self._warehouse.ask(sums(table, {}, where=[where]))
        return {table: count for table, count in sorted(found.items()) if count}

    def erase(self, person: Person) -> None:
        """Delete every row of a person, and all that is in staging tables."""
        with self._warehouse.transaction():
            for table, where in self._places(person):
                self._warehouse.change(delete(table, [where]))
            if self._warehouse.has(OPEN_PAGES):  # where to go on with a list may be told by anybody's id
                self._warehouse.change(delete(OPEN_PAGES))
        staged = self._warehouse.staging_tables(
            [OPEN_PAGES, *(table for row in self.endpoints for table in row.tables)]
        )
        if staged:
            with self._warehouse.transaction(staging=True):
                for table in staged:
                    self._warehouse.change(delete(table))

    def _places(self, person: Person) -> Iterator[tuple[str, exp.Expr]]:
        """Tables that may hold somebody, and which rows are theirs; lists come before the rows that they belong to."""
        for row in self.endpoints:
            names = [*row.tables, *([read_table(row)] if row.parents else [])]
            for table in reversed(names):
                columns = self.columns(table)
                own = [name for name in dict.fromkeys([*self.id_columns(row), *row.key]) if name in columns]
                theirs = [one_of(name, sorted(person.ids[name])) for name in own if person.ids[name]]
                if theirs:
                    yield table, any_of(theirs)
