"""What becomes of personal data before a row touches any disk."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from sources.rest.catalogue.columns import Column, PiiCategory, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import WrongShapeError, as_identifier
from sources.rest.privacy.forgotten import Forgotten, normalised
from sources.rest.redaction import path_only, redacted

SECRET_MIN: Final = 32
"""Shortest secret in characters: under a short one, hashes can be reversed by trying secrets and addresses."""

_OF_KEYS: Final = ("_live_", "_test_", "_user_", "_secret_", "earer", "EARER", "api", "API", "Api")
SUSPECT: Final = ("@", "\uff20", "\ufe6b", "&", "?", "#", ";", "40", "3F", "3f", "23", *_OF_KEYS)
"""Each text that redaction changes holds one of these, so that a query can find the texts to look at."""

UNTOLD: Final = "(its name is not shown)"
"""Stands for a field name of more than one word, which may be the name of a person."""

_FOLLOWS_POLICY: Final = frozenset({PiiCategory.NAME, PiiCategory.EMAIL, PiiCategory.PLACE})
_IDENTIFIES: Final = frozenset({PiiCategory.EMAIL, PiiCategory.ID})

Row = Mapping[str, Any]


class PiiPolicy(StrEnum):
    """What is loaded of a personal column."""

    DROP = "drop"  # nothing: the column does not exist
    HASH = "hash"  # a keyed hash in the column `<name>_hash`
    KEEP = "keep"  # what the vendor sends


@dataclass(kw_only=True)
class Privacy:
    """What is done to the rows of personal endpoints.

    Args:
        catalogue: every endpoint as the vendor has it, by name.
        policy: for every personal column that has none of its own.
        by_column: policies of single columns, by `column` or `resource.column`.
        secret: key of the hashes.
        forgotten: people whose rows are left out.
    """

    catalogue: Mapping[str, Endpoint] = field(default_factory=dict)
    policy: PiiPolicy = PiiPolicy.DROP
    by_column: Mapping[str, PiiPolicy] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    forgotten: Forgotten = field(default_factory=Forgotten)

    def policy_of(self, endpoint: str, column: Column) -> PiiPolicy:
        """The policy of a column."""
        name = column.source
        return self.by_column.get(f"{endpoint}.{name}", self.by_column.get(name, self.policy))

    def loaded_catalogue(self) -> Mapping[str, Endpoint]:
        """The catalogue with the columns that are loaded under the policy."""
        return {name: self._loaded(row) if row.pii else row for name, row in self.catalogue.items()}

    def cleaned(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Mapping[str, Any]], frozenset[str]]:
        """Return the rows that may be loaded, and the names of unknown fields, which are left out unless all is kept.

        Raises:
            WrongShapeError: a row is no object, or a personal field is no text.
        """
        row = self.catalogue.get(endpoint)
        if row is None or not row.pii:
            return list(rows), frozenset()
        known = {column.source for column in row.table_columns} | {child.source for child in row.lists}
        identifying = [column.source for column in row.columns if column.pii in _IDENTIFIES]
        treated = {column.source: column for column in row.columns if column.pii not in (None, PiiCategory.ID)}
        ids = {column.source for column in row.columns if column.pii is PiiCategory.ID or column.key}
        keeps_unknown = self.policy is PiiPolicy.KEEP
        left_out: set[str] = set()
        result: list[Row] = []
        for one in rows:
            if not isinstance(one, dict):
                raise WrongShapeError("a row is no object")
            if any(one.get(name) in self.forgotten for name in identifying):
                continue
            clean = {}
            for name, value in one.items():
                if name in treated:
                    clean[name] = self._apply_policy(endpoint, treated[name], value)
                elif name in known or keeps_unknown:
                    clean[name] = value if keeps_unknown or name in ids else _redacted(value)
                else:
                    left_out.add(as_identifier(name) or UNTOLD)
            result.append(clean)
        return result, frozenset(left_out)

    def redacts(self, endpoint: str, column: Column) -> bool:
        """Whether the texts of a column are loaded with addresses, keys and query strings cut out."""
        if column.pii is PiiCategory.URL:
            return self.policy_of(endpoint, column) is not PiiPolicy.KEEP
        plain = column.pii is None and column.type is Type.TEXT and not column.key
        return plain and self.policy is not PiiPolicy.KEEP

    def redact(self, column: Column, text: str) -> str:
        """Return a text of such a column as it may be loaded."""
        return path_only(text) if column.pii is PiiCategory.URL else redacted(text)

    def hashed(self, value: str) -> str:
        """Return the hash of an address or a name: the same person has the same one everywhere, under one secret."""
        return hmac.new(self.secret.encode(), normalised(value).encode(), hashlib.sha256).hexdigest()

    def _loaded(self, row: Endpoint) -> Endpoint:
        columns: list[Column] = []
        dropped: list[str] = []
        for column in row.columns:
            policy = self.policy_of(row.name, column) if column.pii in _FOLLOWS_POLICY else PiiPolicy.KEEP
            if policy is PiiPolicy.KEEP:
                columns.append(column)
            elif policy is PiiPolicy.HASH:
                what = f"Keyed hash. {column.description}"
                columns.append(replace(column, name=f"{column.name}_hash", path=column.source, description=what))
            else:
                dropped.append(column.source)
        return replace(row, columns=tuple(columns), ignored=(*row.ignored, *dropped))

    def _apply_policy(self, endpoint: str, column: Column, value: object) -> object:
        policy = self.policy_of(endpoint, column)
        if value is None or policy is PiiPolicy.KEEP:
            return value
        if not isinstance(value, str):
            raise WrongShapeError(f"field {column.source} holds no text")
        if column.pii is PiiCategory.URL:
            return path_only(value)
        return self.hashed(value) if policy is PiiPolicy.HASH else None


def policies(texts: Iterable[str], catalogue: Mapping[str, Endpoint]) -> Mapping[str, PiiPolicy]:
    """Read policies for single columns, each as `column=policy` or `resource.column=policy`.

    Raises:
        ValueError: no such column or policy; the message says which there are.
    """
    known = {
        name
        for row in catalogue.values()
        for column in row.columns
        if column.pii in {*_FOLLOWS_POLICY, PiiCategory.URL}
        for name in (column.source, f"{row.name}.{column.source}")
    }
    result = {}
    for text in texts:
        name, _, policy = (part.strip() for part in text.partition("="))
        if name not in known:
            raise ValueError(f"there is no personal column {name!r}; there are {', '.join(sorted(known))}")
        if policy not in set(PiiPolicy):
            raise ValueError(f"{policy!r} is no policy; take drop, hash or keep")
        result[name] = PiiPolicy(policy)
    return result


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    return [_redacted(one) for one in value] if isinstance(value, list) else value
