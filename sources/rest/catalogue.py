"""The words in which an API's endpoints are declared; every layer reads these rows, none knows an endpoint's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import product
from string import Formatter
from typing import Final

from sources.rest.api import DateRange

DELETED: Final = "_deleted"
"""Column of dlt's `hard_delete` hint: a row that carries it clears a window that is now empty."""

NOT_SET: Final = "(null)"
"""Stored for a dimension that the server sends as null: key columns are never null."""


class Kind(StrEnum):
    """How an endpoint is read and what one call answers."""

    SERIES = "series"  # a row per day, up to 366 days a call
    AGGREGATE = "aggregate"  # one answer per range: one call per window of the grain
    ENTITY = "entity"  # pages linked by a cursor
    DETAIL = "detail"  # pages linked by a cursor, for one parent
    SNAPSHOT = "snapshot"  # the present state, no dates
    LIVE = "live"  # the present moment, one row per run


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


class Personal(StrEnum):
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
        adds: values over several days add up to the value of the range; what they are about.
        pii: what it tells of somebody, where it is personal data.
    """

    name: str
    type: Type
    description: str
    path: str = ""
    key: bool = False
    missing: str | None = None
    adds: Measure | None = None
    pii: Personal | None = None

    def __post_init__(self) -> None:
        if self.missing is not None and not (self.key and self.type in (Type.TEXT, Type.ANY)):
            raise ValueError(f"{self.name}: only a text key can have a literal for missing values")
        if self.adds and self.type not in (Type.DOUBLE, Type.BIGINT):
            raise ValueError(f"{self.name}: only numbers add up")

    @property
    def source(self) -> str:
        """Dotted path of the value inside a row."""
        return self.path or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildList:
    """A list inside a row; it becomes the table `<endpoint>__<name>` with the parent's keys and a position.

    A list of plain values has the single column `value`.
    """

    name: str
    description: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """An object of the body that totals its rows; it becomes a table of its own, with a row per window.

    Where it totals more than the rows do, the server has left rows out.

    Args:
        name: of the table.
        path: dotted path of the object in the body.
        description: what a row of the table is.
        columns: what is stored of it; metrics that add up are called as in the rows.
    """

    name: str
    path: str
    description: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """Call the endpoint once per id (or per group of ids), and take the answers together.

    Args:
        params: query or path parameters that carry the ids of one call.
        option: configuration option that lists the ids; empty where they are asked from `endpoint`.
        endpoint: name of the endpoint whose rows hold the ids.
        column: the column of those rows.
        where: query parameters of that call beside the dates.
        shared: multiplying parameters that both calls have, with the same value.
        stored: rows get the ids that they were asked for by, under the names of the parameters.
        separator: joins several ids in one parameter; None where a call takes a single id.
        per_call: ids per call.
    """

    params: tuple[str, ...]
    option: str = ""
    endpoint: str = ""
    column: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    stored: bool = False
    separator: str | None = None
    per_call: int = 1

    def __post_init__(self) -> None:
        if bool(self.option) == bool(self.endpoint):
            raise ValueError("ids come either from an option or from an endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How pages are linked.

    Args:
        params: query parameters that ask for the next page.
        fields: fields of a row from which they can be taken when the answer does not hand them out: when, and which.
    """

    params: tuple[str, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Another endpoint whose series says how many rows there must be over a range.

    Args:
        endpoint: name of the series.
        metric: its column with the count.
        column: its column that holds the value of `param`.
        param: query parameter of the counted endpoint.
    """

    endpoint: str
    metric: str
    column: str
    param: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Whose details are read: everybody in loaded rows of other endpoints, and how one sees that they have changed.

    Args:
        param: path parameter that takes the id.
        column: column of the id, in those rows and in the details.
        figures: endpoint -> columns of somebody's latest row that change with the details.
        endpoint: the one of those that says who is read first.
        best: its columns by which they are ranked, largest first.
    """

    param: str
    column: str
    figures: Mapping[str, tuple[str, ...]]
    endpoint: str
    best: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)  # a row is itself, wherever it is used as a key
class Endpoint:
    """One endpoint of an API: what it costs, how it is asked, and the table that it fills.

    Args:
        name: resource and table name.
        path: below the base URL; names in braces stand for parameters that go there and not into the query.
        kind: how date ranges become calls.
        scope: what the key must be allowed; None where the vendor does not say.
        description: what a row of the table is.
        docs_url: where the facts come from.
        columns: what is stored of a row.
        lists: lists inside a row that become child tables.
        tenant: column that says whose rows they are, where answers tell it.
        totals: what the body totals of the rows.
        units: what one call costs of the rate limit.
        rows: dotted path of the rows in the body; empty where the body is the rows.
        single: the rows are one object, not a list; None where they may be either.
        bare: the body may be the rows itself, with nothing around them.
        identity: fields that tell rows apart where their columns are not declared.
        ignored: fields beside the rows that are known and not stored; others are carried onto every row.
        nullable: the rows may be null, which means none.
        by: columns whose values multiply the calls; each is a query or path parameter too.
        params: query parameters of every call.
        date_range: how days are asked for, where it is not the vendor's usual way.
        cap: most rows that one call can give where there is no next page.
        cursor: how pages are linked.
        for_each: where the ids come from that the calls need.
        parents: whose details are read, one chain of calls each.
        counted_by: what says how many rows there must be.
        unique: the key columns tell all rows of an answer apart.
        sum_by: columns per which metrics add up over days; the key unless given.
        default: read unless left out.

    Raises:
        ValueError: the row contradicts itself.
    """

    name: str
    path: str
    kind: Kind
    scope: str | None
    description: str
    docs_url: str
    columns: tuple[Column, ...]
    lists: tuple[ChildList, ...] = ()
    tenant: Column | None = None
    totals: tuple[Totals, ...] = ()
    units: int = 1
    rows: str = "data"
    single: bool | None = False
    bare: bool = False
    identity: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    nullable: bool = False
    by: tuple[Column, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    date_range: DateRange | None = None
    cap: int | None = None
    cursor: Cursor | None = None
    for_each: ForEach | None = None
    parents: Parents | None = None
    counted_by: Count | None = None
    unique: bool = True
    sum_by: tuple[str, ...] = ()
    default: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "sum_by", self.sum_by or self.key)
        names = [column.name for column in self.table_columns]
        contradictions = {
            "two columns share a name": len(set(names)) < len(names),
            "a series needs a key column `date`": self.kind is Kind.SERIES
            and not any(column.name == "date" and column.key for column in self.columns),
            "only series have a date of their own": self.kind is Kind.AGGREGATE and "date" in self.own_names,
            "entities and details are paged by a cursor": (self.kind in (Kind.ENTITY, Kind.DETAIL))
            != (self.cursor is not None),
            "entities have rows with a time and an id": self.kind is Kind.ENTITY
            and not (self.key and self.cursor and len(self.cursor.fields) > 1),
            "details have parents": (self.kind is Kind.DETAIL) != (self.parents is not None),
            "a cap goes with a limit": self.cap is not None and self.params.get("limit") != str(self.cap),
            "a call costs at least one unit": self.units < 1,
            "personal data is never a default": self.default and self.pii,
            "a child list needs a parent key": bool(self.lists) and not self.key,
            "totals are of the metrics of the rows": any(
                column.adds and column.name not in self.additive for one in self.totals for column in one.columns
            ),
        }
        for text, broken in contradictions.items():
            if broken:
                raise ValueError(f"{self.name}: {text}")

    @property
    def own_names(self) -> frozenset[str]:
        """Names of the columns that come out of the answer's rows."""
        return frozenset(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell the rows of one window apart."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def additive(self) -> Mapping[str, Measure]:
        """Metrics whose values over several days add up to the value of the range, and what they are about."""
        return {column.name: column.adds for column in self.columns if column.adds}

    @property
    def pii(self) -> bool:
        """Whether rows hold personal data."""
        return any(column.pii for column in self.columns)

    @property
    def dated(self) -> bool:
        """Whether calls ask for a range of days."""
        return self.kind in (Kind.SERIES, Kind.AGGREGATE, Kind.ENTITY)

    @property
    def by_day(self) -> bool:
        """Whether rows carry the day that they stand for."""
        return self.kind is Kind.SERIES

    @property
    def any_range(self) -> bool:
        """Whether any range of days can be asked for without changing what a row is."""
        return self.kind in (Kind.SERIES, Kind.ENTITY)

    @property
    def moment(self) -> str:
        """Column that says when a row of an entity happened."""
        return self.cursor.fields[0] if self.cursor and self.cursor.fields else ""

    @cached_property
    def context_columns(self) -> tuple[Column, ...]:
        """Columns that come from the question, not from the answer's rows; together they name a window."""
        columns = [self.tenant] if self.tenant else []
        if self.kind is Kind.AGGREGATE:
            columns += [
                Column(name="date", type=Type.DATE, description="First day of the window that the row stands for."),
                Column(name="grain", type=Type.TEXT, description="Length of that window: day, week or month."),
            ]
        if self.parents:
            columns += [Column(name=self.parents.column, type=Type.TEXT, description="Whose.", pii=Personal.ID)]
        if self.kind is Kind.LIVE:
            columns += [Column(name="read_at", type=Type.TIMESTAMP, description="When the row was read.")]
        return (*columns, *self.by)

    @property
    def context_names(self) -> tuple[str, ...]:
        """Names of those columns."""
        return tuple(column.name for column in self.context_columns)

    @cached_property
    def table_columns(self) -> tuple[Column, ...]:
        """Every column of the table, in order."""
        place = (POSITION,) if self.kind is Kind.DETAIL else ()
        return (*self.context_columns, *place, *self.columns, _DELETED_COLUMN)

    @cached_property
    def merge_key(self) -> tuple[str, ...]:
        """Columns whose values are replaced together: a window, a row of an entity, or all details of somebody."""
        if self.kind is Kind.ENTITY:
            return (*self.context_names, *self.key)
        return (*self.context_names, "date") if self.by_day else self.context_names

    @cached_property
    def tables(self) -> Mapping[str, tuple[Column, ...]]:
        """Every table that the endpoint fills, its own first, with all columns."""
        children = {f"{self.name}__{child.name}": self._child_columns(child) for child in self.lists}
        totals = {one.name: (*self.context_columns, *one.columns, _DELETED_COLUMN) for one in self.totals}
        return {self.name: self.table_columns, **children, **totals}

    @property
    def summed(self) -> tuple[str, ...]:
        """Tables whose metrics have to add up: that of the rows, and those of their totals, which have no key."""
        return (self.name, *(one.name for one in self.totals))

    @cached_property
    def path_params(self) -> frozenset[str]:
        """Names of the parameters that go into the path."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.path) if name)

    def describe(self, table: str) -> str:
        """What a row of one of the tables is."""
        children = {f"{self.name}__{child.name}": child.description for child in self.lists}
        return {**children, **{one.name: one.description for one in self.totals}}.get(table, self.description)

    def _child_columns(self, child: ChildList) -> tuple[Column, ...]:
        """Every column of a child table, in order."""
        keys = tuple(column for column in self.columns if column.key)
        return (*self.context_columns, *keys, POSITION, *child.columns, _DELETED_COLUMN)

    def variants(self, values: Mapping[str, tuple[str, ...]]) -> list[tuple[tuple[str, str], ...]]:
        """Every combination of the multiplying parameters, as (parameter, value) pairs."""
        return [
            tuple(zip((column.name for column in self.by), combination, strict=True))
            for combination in product(*(values[column.name] for column in self.by))
        ]


POSITION: Final = Column(name="position", type=Type.BIGINT, description="Place in the list, from 0.")
"""Column of what is read as a list: items of a child table, details of somebody."""

_DELETED_COLUMN: Final = Column(
    name=DELETED, type=Type.BOOLEAN, description="Clears an emptied window while loading; never true in a stored row."
)
