"""Columns: what is stored of an answer, of which type, and which of it is personal."""

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from dlt.common.normalizers.naming.snake_case import NamingConvention

_NAMING: Final = NamingConvention()

DELETED: Final = "_deleted"
"""Column of dlt's `hard_delete` hint: a row that carries it clears a window that is now empty."""

LOADED_AT: Final = "_loaded_at"
"""Column of every table of an endpoint: when a row was loaded last, which is when it last changed."""

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
    """What a metric measures: a day that changed in one metric is looked at first in all that measure the same."""

    SPEND = "spend"
    OUTCOMES = "outcomes"
    TRAFFIC = "traffic"
    SEARCH = "search"
    OTHER = "other"  # of declared endpoints, of which nobody says it


class PiiCategory(StrEnum):
    """Category of a personal column; it decides what the privacy policy does to the values."""

    NAME = "name"  # dropped, hashed or kept
    EMAIL = "e-mail"  # as a name; finds the person who is to be forgotten
    PLACE = "place"  # as a name
    URL = "url"  # loaded without query and fragment, unless the policy is to keep it
    ID = "id"  # the vendor's id of a person: always loaded; finds the person who is to be forgotten


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, and where its value stands in a row of the answer.

    Args:
        name: column name, snake case.
        description: what it means, with its unit.
        type: how it is stored; a value of another type makes the body unexpected.
        path: dotted path inside the row, where it differs from the name.
        key: part of the key that tells the rows of one window apart; never null.
        missing: literal that is stored where the server sends null as a key.
        additive: what it measures, where its values over several days add up to the value of the range.
        pii: its category, where it is personal data.
        whole: a number that should be whole although the vendor does not promise it; a fraction is loaded, and told.
    """

    name: str
    description: str
    _: KW_ONLY
    type: Type
    path: str = ""
    key: bool = False
    missing: str | None = None
    additive: Measure | None = None
    pii: PiiCategory | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        if self.missing is not None and not (self.key and self.type in (Type.TEXT, Type.ANY)):
            raise ValueError(f"{self.name}: only a text key can have a literal for missing values")
        if self.additive and self.type not in (Type.DOUBLE, Type.BIGINT):
            raise ValueError(f"{self.name}: only numbers add up")
        if self.whole and self.type is not Type.DOUBLE:
            raise ValueError(f"{self.name}: only a number that may be a fraction can be whole")

    @property
    def source(self) -> str:
        """Dotted path of the value inside a row."""
        return self.path or self.name

    @property
    def counts(self) -> bool:
        """Whether it counts something, so that a sum of it is not rounded."""
        return self.whole or self.type is Type.BIGINT

    @property
    def is_metric(self) -> bool:
        """Whether it is a number that was measured."""
        return not self.key and self.type in (Type.DOUBLE, Type.BIGINT)


def column_name(field: str) -> str:
    """Return the name of the column of a field, as dlt would make it; a dotted path becomes one name."""
    return _NAMING.normalize_identifier(field.replace(".", "_")) if field.strip() else "unnamed"


# a column by its type: `text("name", "What it means.")`
text: Final = partial(Column, type=Type.TEXT)
double: Final = partial(Column, type=Type.DOUBLE)
bigint: Final = partial(Column, type=Type.BIGINT)
count: Final = partial(Column, type=Type.DOUBLE, whole=True)
boolean: Final = partial(Column, type=Type.BOOLEAN)
calendar_day: Final = partial(Column, type=Type.DATE)
timestamp: Final = partial(Column, type=Type.TIMESTAMP)
untyped: Final = partial(Column, type=Type.ANY)

POSITION: Final = bigint("position", "Place in the list, from 0.")
"""Column of rows that are read as a list: items of a child table, details of a person."""

HOUR: Final = bigint(
    "hour", "First hour of the part of the day that the row stands for, 0 to 23.", path="(hour)", key=True
)
"""Column of rows that are asked for by parts of a day; its source is a name that no field of an answer has."""

OWN_COLUMNS: Final = (
    timestamp(LOADED_AT, "When the row was loaded last; null if version 0.1 of this program did it."),
    boolean(DELETED, "Clears an emptied window while loading; false in every stored row."),
)
"""Columns of every table that say nothing of the answer; last in each."""
