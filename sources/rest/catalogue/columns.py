"""Columns: what is stored of an answer, of which type, and what it tells of people."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DELETED: Final = "_deleted"
"""Column of dlt's `hard_delete` hint: a row that carries it clears a window that is now empty."""

NOT_SET: Final = "(null)"
"""Stored for a dimension that the server sends as null: key columns are never null."""


class Type(StrEnum):
    """Column types, named as dlt names them."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    DOUBLE = "double"
    BIGINT = "bigint"
    TEXT = "text"
    BOOLEAN = "bool"
    ANY = "any"  # not typed by the vendor; text is stored as it is, anything else as JSON text


class Measure(StrEnum):
    """What a metric that adds up over days is about: a change of one day is looked for where the same is measured."""

    SPEND = "spend"
    OUTCOMES = "outcomes"
    TRAFFIC = "traffic"
    SEARCH = "search"


class PiiCategory(StrEnum):
    """What a personal column tells of somebody; it decides what privacy does about it."""

    NAME = "name"  # who somebody is: dropped, hashed or kept, as the policy has it
    EMAIL = "e-mail"  # as a name; it also finds somebody who wants to be forgotten
    PLACE = "place"  # as a name
    URL = "url"  # what follows the path is cut off, unless the policy is to keep it
    ID = "id"  # the vendor's own number of somebody: loaded, and it finds somebody who wants to be forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table, and where its value stands in a row of the answer.

    Args:
        name: column name, snake case.
        type: how it is stored; a value of another type makes the body unexpected.
        description: what it means, with its unit.
        path: dotted path inside the row, where it differs from the name.
        key: part of what tells rows of one window apart; never null.
        missing: literal stored when a key is null or absent.
        additive: values over several days add up to the value of the range; what they are about.
        pii: what it tells of somebody, where it is personal data.
    """

    name: str
    type: Type
    description: str
    path: str = ""
    key: bool = False
    missing: str | None = None
    additive: Measure | None = None
    pii: PiiCategory | None = None

    def __post_init__(self) -> None:
        if self.missing is not None and not (self.key and self.type in (Type.TEXT, Type.ANY)):
            raise ValueError(f"{self.name}: only a text key can have a literal for missing values")
        if self.additive and self.type not in (Type.DOUBLE, Type.BIGINT):
            raise ValueError(f"{self.name}: only numbers add up")

    @property
    def source(self) -> str:
        """Dotted path of the value inside a row."""
        return self.path or self.name


POSITION: Final = Column(name="position", type=Type.BIGINT, description="Place in the list, from 0.")
"""Column of what is read as a list: items of a child table, details of somebody."""

DELETED_COLUMN: Final = Column(
    name=DELETED, type=Type.BOOLEAN, description="Clears an emptied window while loading; never true in a stored row."
)
"""Column of that mark."""
