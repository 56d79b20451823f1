"""Finding out what the tables know somebody by, so that nothing of them is left and they stay out."""

from collections.abc import Mapping
from typing import Any

from pipelines.people.personal_tables import Person, PersonalTables
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.privacy.forgotten import Forgotten, normalised
from sources.rest.privacy.policies import SECRET_MIN, Privacy


class PersonFinder:
    """Finds a person in the personal tables.

    Args:
        tables: where to look.
        privacy: every endpoint, and the key of the hashes.
    """

    def __init__(self, tables: PersonalTables, privacy: Privacy) -> None:
        self._tables = tables
        self._privacy = privacy

    def find(self, *, email: str | None, customer_id: str | None) -> Person:
        """Find out what the tables know somebody by: addresses lead to ids, and ids to further addresses.

        Raises:
            ConfigurationError: no addresses are loaded, or they are hashed and the key of the hashes is not configured.
        """
        person = Person()
        if email is not None:
            self._begin_with(person, email)
        if customer_id is not None:
            for row in self._privacy.catalogue.values():
                if row.parents:
                    person.ids[row.parents.column].add(customer_id)
        before = -1
        while person.size > before:
            before = person.size
            for row in self._tables.endpoints:
                self._learn(row, person)
        return person

    def kept_out(self, person: Person, forgotten: Forgotten) -> Forgotten:
        """Return the list of people who stay out, with this one."""
        hashes = {one for one in person.emails if "@" not in one} if self._has_hashes() else set()
        own = {name for row in self._tables.endpoints for name in self._tables.id_columns(row)}
        ids = {value for name in own for value in person.ids[name]}
        return forgotten.also([*(person.emails - hashes), *ids])

    def _begin_with(self, person: Person, email: str) -> None:
        loaded = self._tables.all_email_columns()
        if self._tables.endpoints and not any(self._tables.is_filled(*one) for one in loaded):
            raise ConfigurationError(
                "what is loaded holds no e-mail addresses (pii_policy drop), so that nobody can be found by one: name"
                " the person with --customer-id"
            )
        person.emails.add(normalised(email))
        if self._has_hashes():
            if len(self._privacy.secret) < SECRET_MIN:
                raise ConfigurationError(
                    "e-mail addresses are hashed here: set pii_secret, or name the person with --customer-id"
                )
            person.emails.add(self._privacy.hashed(email))

    def _learn(self, row: Endpoint, person: Person) -> None:
        columns, emails = self._tables.columns(row.name), self._tables.email_columns(row)
        known = [name for name in dict.fromkeys([*self._tables.id_columns(row), *row.key]) if name in columns]
        for found in self._tables.rows(row.name, [*known, *emails]):
            if self._is(person, row, found):
                for name in known:
                    person.ids[name] |= {found[name]} - {None}
                person.emails |= {found[name] for name in emails if found[name]}

    def _is(self, person: Person, row: Endpoint, found: Mapping[str, Any]) -> bool:
        addresses = {normalised(one) for one in person.emails}
        return any(found.get(name) in person.ids[name] for name in self._tables.id_columns(row)) or any(
            found[name] and normalised(found[name]) in addresses for name in self._tables.email_columns(row)
        )

    def _has_hashes(self) -> bool:
        return any(name.endswith("_hash") for _, name in self._tables.all_email_columns())
