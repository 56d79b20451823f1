"""Fields of the rows of a declared endpoint: stated types, the key, what adds up, and lists that become tables."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from sources.rest.catalogue.columns import (
    HOUR,
    NOT_SET,
    OWN_COLUMNS,
    POSITION,
    Column,
    Measure,
    Type,
    calendar_day,
    column_name,
)
from sources.rest.catalogue.endpoints import Kind
from sources.rest.catalogue.relations import ChildList
from sources.rest.errors import ConfigurationError, did_you_mean

DESCRIPTION: Final = "As declared in the configuration."

_NUMBERS: Final = (Type.DOUBLE, Type.BIGINT)


class DeclaredFields:
    """What a declaration says of the fields of its rows.

    Attributes:
        columns: those whose type is stated.
        identity: the key, where its types are not stated.
        lists: what becomes a table of its own.

    Args:
        row: the declaration.
        wrong: makes the error of a field.
        kind: of the endpoint.
        hours: windows are parts of a day.

    Raises:
        ConfigurationError: the declaration contradicts itself.
    """

    def __init__(
        self, row: Mapping[str, Any], wrong: Callable[[str, str], ConfigurationError], kind: Kind, *, hours: bool
    ) -> None:
        self._wrong = wrong
        self._key: tuple[str, ...] = tuple(row.get("primary_key", ()))
        self._sums: tuple[str, ...] = tuple(row.get("sums", ()))
        self._lists: tuple[str, ...] = tuple(row.get("lists", ()))
        self._day: str = row.get("date_field", "")
        stated = self._stated(row.get("types", {}))
        self._types = {**{one: stated[one] for one in self._key if one in stated}, **stated}
        self._types |= {one: Type.DOUBLE for one in self._sums if one not in stated}
        self._check_fields()
        self._check_kind(kind, hours=hours)
        typed = bool(self._day or self._key) and all(field in self._types for field in self._key)
        self.identity = () if typed else self._key
        self.columns = (
            *((HOUR,) if hours else ()),
            *((calendar_day("date", "Day that the row is of.", path=self._day, key=True),) if self._day else ()),
            *(self._column(field, one) for field, one in self._types.items() if not self._list_of(field)),
        )
        self.lists = tuple(self._child(field) for field in self._lists)

    def check_names(self, taken: Collection[str]) -> None:
        """See that no two columns of a table share a name.

        Args:
            taken: names of the columns that the source itself adds.

        Raises:
            ConfigurationError: some do.
        """
        own = {*taken, *(column.name for column in OWN_COLUMNS)}
        stated = [column for column in self.columns if column is not HOUR]
        own |= {HOUR.name} if HOUR in self.columns else set()
        self._check_distinct(stated, own)
        keys = {column.name for column in stated if column.key}
        for child in self.lists:
            self._check_distinct(child.columns, own | keys | {POSITION.name})
        names = [child.name for child in self.lists]
        if len(set(names)) < len(names):
            raise self._wrong("lists", "names two lists that would become the same table")

    def _check_distinct(self, columns: Collection[Column], taken: Collection[str]) -> None:
        names = set(taken)
        for column in columns:
            if column.name in names:
                raise self._wrong("types", f"has {column.source}, and there is another column {column.name}")
            names.add(column.name)

    def _stated(self, types: Mapping[str, str]) -> Mapping[str, Type]:
        for field, word in types.items():
            if not all(field.split(".")):
                raise self._wrong("types", f"has {field!r}; write a field as a name, or names with dots between")
            if word not in set(Type):
                known = dict.fromkeys(map(str, Type))
                raise self._wrong(
                    "types", f"has {field} = {word!r}, not one of {', '.join(known)}{did_you_mean(word, known)}"
                )
        return {field: Type(word) for field, word in types.items()}

    def _check_fields(self) -> None:
        for field in self._key:
            if self._types.get(field) is Type.DOUBLE:
                raise self._wrong(
                    "primary_key", f"has {field}, which cannot be a double; bigint and text tell rows apart"
                )
            if field in self._lists:
                raise self._wrong("lists", f"has {field}, which is part of the primary_key")
        for field in self._lists:
            if self._list_of(field):
                inner = f"{field}, a list of the items of another one; it is kept as JSON text, leave it out"
                raise self._wrong("lists", f"has {inner}")
            if field in self._types:
                raise self._wrong("types", f"has {field}, which is one of the lists; state types of its fields only")
        for field in self._sums:
            if field in self._key:
                raise self._wrong("sums", f"has {field}, which is part of the primary_key")
            if self._types[field] not in _NUMBERS or self._list_of(field):
                raise self._wrong("sums", f"has {field}, which is no number of a row")

    def _check_kind(self, kind: Kind, *, hours: bool) -> None:
        if self._sums and kind not in (Kind.AGGREGATE, Kind.SERIES):
            raise self._wrong("sums", f"goes with figures of days, and this is of the kind {kind}")
        if self._day in self._types or self._day in self._key:
            raise self._wrong(
                "date_field", "becomes the column date, of its own type and part of the key; name it here only"
            )
        if self._day and self._lists:
            raise self._wrong("lists", "goes with no series")
        if (kind is Kind.ENTITY or self._lists) and not self._key:
            raise self._wrong("primary_key", "is missing; it names the row that an entity or an item of a list is of")
        needs = [
            name for name, there in (("sums", self._sums), ("lists", self._lists), ("window_hours", hours)) if there
        ]
        needs += ["kind"] if kind in (Kind.ENTITY, Kind.SERIES) else []
        needs += [f"a field of an object, as {field} is," for field in self._key if "." in field]
        untyped = [field for field in self._key if field not in self._types]
        if untyped and (needs or len(untyped) < len(self._key)):
            why = f"{needs[0]} needs the types of the primary_key" if needs else "it has others of the primary_key"
            raise self._wrong("types", f"lacks {', '.join(untyped)}; {why}")

    def _list_of(self, field: str) -> str:
        """The list that a field belongs to, empty for a field of the row."""
        return next((one for one in self._lists if field.startswith(f"{one}.")), "")

    def _column(self, field: str, stated: Type) -> Column:
        return Column(
            column_name(field),
            DESCRIPTION,
            type=stated,
            path=field,
            key=field in self._key,
            missing=NOT_SET if field in self._key and stated in (Type.TEXT, Type.ANY) else None,
            additive=Measure.OTHER if field in self._sums else None,
        )

    def _child(self, field: str) -> ChildList:
        start = len(field) + 1
        columns = tuple(
            Column(column_name(one[start:]), DESCRIPTION, type=stated, path=one[start:])
            for one, stated in self._types.items()
            if self._list_of(one) == field
        )
        return ChildList(
            name=column_name(field),
            description=f"Items of the list {field}.",
            columns=columns,
            path=field,
            open_items=True,
        )
