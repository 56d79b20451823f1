"""The list of people who asked to be forgotten: their rows are never loaded again."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """Salted hashes of the addresses and ids of people who are never loaded again.

    Attributes:
        salt: of this list alone, so that its hashes never equal those in a table.
        marks: one hash per address or id.
    """

    salt: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    marks: frozenset[str] = frozenset()

    def also(self, values: Iterable[str]) -> "Forgotten":
        """Return the list with more addresses or ids on it."""
        return replace(self, marks=self.marks | {self._mark(value) for value in values})

    def __contains__(self, value: object) -> bool:
        return bool(self.marks) and isinstance(value, str) and self._mark(value) in self.marks

    def _mark(self, value: str) -> str:
        return hashlib.blake2b(normalised(value).encode(), key=self.salt.encode(), digest_size=16).hexdigest()


def normalised(value: str) -> str:
    """An address or a name as it is compared: without case and without blanks around it."""
    return value.strip().casefold()
