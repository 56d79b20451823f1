"""Erasing a person from every personal table, and keeping them out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import dlt
from dlt.common.destination.client import WithStagingDataset
from dlt.destinations.sql_client import SqlClientBase

from pipelines.people.detail_queue import read_table
from sources.rest.catalogue.columns import PiiCategory
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.privacy.forgotten import Forgotten, normalised
from sources.rest.privacy.policies import SECRET_MIN, SUSPECT, PiiPolicy, Privacy

Cells = list[tuple[str, list[str]]]
"""Columns of a table, and the values by which a person's rows stand there."""


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


class Tables:
    """The personal tables of a dataset.

    Args:
        pipeline: where they are.
        privacy: every endpoint, and the key of the hashes.
        names: tables that exist.
    """

    def __init__(self, pipeline: dlt.Pipeline, privacy: Privacy, names: set[str]) -> None:
        self._pipeline = pipeline
        self._privacy = privacy
        self._endpoints = [row for row in privacy.catalogue.values() if row.pii and row.name in names]
        self._names = names

    def person(self, *, email: str | None, customer_id: str | None) -> Person:
        """Find out what the tables know somebody by: addresses lead to ids, and ids to further addresses.

        Raises:
            ConfigurationError: no addresses are loaded, or they are hashed and the key of the hashes is not configured.
        """
        person = Person()
        if email is not None and self._endpoints and not self._has_addresses():
            raise ConfigurationError(
                "what is loaded holds no e-mail addresses (pii_policy drop), so that nobody can be found by one: name"
                " the person with --customer-id"
            )
        if email is not None:
            person.emails.add(normalised(email))
            if self._has_hashes():
                if len(self._privacy.secret) < SECRET_MIN:
                    raise ConfigurationError(
                        "e-mail addresses are hashed here: set pii_secret, or name the person with --customer-id"
                    )
                person.emails.add(self._privacy.hashed(email))
        if customer_id is not None:
            for row in self._privacy.catalogue.values():
                if row.parents:
                    person.ids[row.parents.column].add(customer_id)
        before = -1
        while person.size > before:
            before = person.size
            for row in self._endpoints:
                self._learn(row, person)
        return person

    def count(self, person: Person) -> dict[str, int]:
        """Count the rows of a person, by table."""
        found = {}
        with self._pipeline.sql_client() as client:
            for table, cells in self._places(person):
                query = f"SELECT COUNT(*) FROM {client.make_qualified_table_name(table)}"  # noqa: S608 - the schema's names
                where, values = _where(client, cells)
                with client.execute_query(query + where, *values) as cursor:
                    found[table] = int(cursor.fetchall()[0][0])
        return {table: rows for table, rows in sorted(found.items()) if rows}

    def erase(self, person: Person) -> None:
        """Delete every row of a person, in staging tables too."""
        with self._pipeline.sql_client() as client:
            with client.begin_transaction():
                for table, cells in self._places(person):
                    where, values = _where(client, cells)
                    client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(table)}{where}", *values)  # noqa: S608 - as above
            staged = self._staged()
            if staged:
                with client.with_staging_dataset(), client.begin_transaction():
                    for table in staged:
                        client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(table)}")  # noqa: S608 - as above

    def hide(self) -> bool:
        """Empty the columns that the policy does not load any more, and cut what it cuts out of the others.

        Return whether there was anything to hide.
        """
        shaped = self._privacy.loaded_catalogue()
        hidden = [
            self._emptied(table, self._unwanted(table, row, shaped[row.name])) | self._cut(table, row)
            for row in self._endpoints
            for table in row.tables
            if table in self._names
        ]
        return any(hidden)

    def _unwanted(self, table: str, row: Endpoint, shaped: Endpoint) -> set[str]:
        """Columns that are not loaded any more; with `keep`, fields that nobody knows are."""
        found = {name for name in self._columns(table) if not name.startswith("_dlt")}
        if self._privacy.policy is PiiPolicy.KEEP:
            found &= {name for column in row.columns for name in (column.name, f"{column.name}_hash") if column.pii}
        return found - {column.name for column in shaped.tables[table]}

    def _emptied(self, table: str, columns: set[str]) -> bool:
        filled = [name for name in sorted(columns) if self._filled(table, name)]
        if filled:
            with self._pipeline.sql_client() as client:
                values = ", ".join(f"{client.escape_column_name(name)} = NULL" for name in filled)
                client.execute_sql(f"UPDATE {client.make_qualified_table_name(table)} SET {values}")  # noqa: S608 - as above
        return bool(filled)

    def _cut(self, table: str, row: Endpoint) -> bool:
        """Treat texts that were loaded under a laxer policy as the policy has it now."""
        cut = False
        names = set(self._columns(table))
        with self._pipeline.sql_client() as client:
            qualified = client.make_qualified_table_name(table)
            for column in row.tables[table]:
                if column.name not in names or not self._privacy.redacts(row.name, column):
                    continue
                name = client.escape_column_name(column.name)
                where = " OR ".join([f"{name} LIKE %s"] * len(SUSPECT))
                query = f"SELECT DISTINCT {name} FROM {qualified} WHERE {where}"  # noqa: S608 - as above
                with client.execute_query(query, *(f"%{one}%" for one in SUSPECT)) as cursor:
                    texts = {text: self._privacy.redact(column, text) for (text,) in cursor.fetchall()}
                for text, now in texts.items():
                    if now != text:
                        client.execute_sql(f"UPDATE {qualified} SET {name} = %s WHERE {name} = %s", now, text)  # noqa: S608 - as above
                        cut = True
        return cut

    def forgotten(self, person: Person, list_: Forgotten) -> Forgotten:
        """Return the list of people who stay out, with this one."""
        hashes = set() if not self._has_hashes() else {one for one in person.emails if "@" not in one}
        ids = {value for row in self._endpoints for name in self._id_columns(row) for value in person.ids[name]}
        return list_.also([*(person.emails - hashes), *ids])

    def _learn(self, row: Endpoint, person: Person) -> None:
        columns, emails = self._columns(row.name), self._email_columns(row)
        known = [name for name in (*self._id_columns(row), *row.key) if name in columns]
        names = list(dict.fromkeys([*known, *emails]))
        with self._pipeline.sql_client() as client:
            listed = ", ".join(map(client.escape_column_name, names))
            query = f"SELECT {listed} FROM {client.make_qualified_table_name(row.name)}"  # noqa: S608 - as above
            with client.execute_query(query) as cursor:
                for values in cursor.fetchall():
                    found = dict(zip(names, values, strict=True))
                    if self._is(person, row, found):
                        for name in known:
                            person.ids[name] |= {found[name]} - {None}
                        person.emails |= {found[name] for name in emails if found[name]}

    def _is(self, person: Person, row: Endpoint, found: Mapping[str, Any]) -> bool:
        addresses = {normalised(one) for one in person.emails}
        return any(found.get(name) in person.ids[name] for name in self._id_columns(row)) or any(
            found[name] and normalised(found[name]) in addresses for name in self._email_columns(row)
        )

    def _places(self, person: Person) -> Iterator[tuple[str, Cells]]:
        """Tables that hold somebody, those of lists before the rows that they belong to."""
        for row in self._endpoints:
            names = [*row.tables, *([read_table(row)] if row.parents else [])]
            for table in reversed(names):
                columns = self._columns(table)
                own = [name for name in dict.fromkeys([*self._id_columns(row), *row.key]) if name in columns]
                cells = [(name, sorted(person.ids[name])) for name in own if person.ids[name]]
                if cells:
                    yield table, cells

    def _id_columns(self, row: Endpoint) -> list[str]:
        return [column.name for column in row.table_columns if column.pii is PiiCategory.ID]

    def _email_columns(self, row: Endpoint) -> list[str]:
        names = [column.name for column in row.columns if column.pii is PiiCategory.EMAIL]
        return [one for name in names for one in (name, f"{name}_hash") if one in self._columns(row.name)]

    def _columns(self, table: str) -> Sequence[str]:
        known = self._pipeline.default_schema.tables.get(table) if table in self._names else None
        return [name for name, column in known["columns"].items() if column.get("data_type")] if known else []

    def _has_hashes(self) -> bool:
        return any(name.endswith("_hash") for row in self._endpoints for name in self._email_columns(row))

    def _has_addresses(self) -> bool:
        return any(self._filled(row.name, name) for row in self._endpoints for name in self._email_columns(row))

    def _filled(self, table: str, column: str) -> bool:
        with self._pipeline.sql_client() as client:
            name = client.escape_column_name(column)
            query = f"SELECT COUNT(*) FROM {client.make_qualified_table_name(table)} WHERE {name} IS NOT NULL"  # noqa: S608 - as above
            with client.execute_query(query) as cursor:
                return bool(cursor.fetchall()[0][0])

    def _staged(self) -> list[str]:
        """Staging tables that exist."""
        with self._pipeline.destination_client() as jobs:
            if not isinstance(jobs, WithStagingDataset):
                return []
            with jobs.with_staging_dataset():
                names = [table for row in self._endpoints for table in row.tables]
                return [name for name, columns in cast("Any", jobs).get_storage_tables(names) if columns]


def _where(client: SqlClientBase[Any], cells: Cells) -> tuple[str, list[str]]:
    parts = [f"{client.escape_column_name(name)} IN ({', '.join(['%s'] * len(values))})" for name, values in cells]
    return f" WHERE {' OR '.join(parts)}", [value for _, values in cells for value in values]
