"""The catalogue: one row per endpoint. Every layer reads these rows; none branches on an endpoint's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import product
from string import Formatter
from typing import Final

from sources.rest.catalogue.api import Call
from sources.rest.catalogue.columns import (
    OWN_COLUMNS,
    POSITION,
    Column,
    Measure,
    PiiCategory,
    calendar_day,
    text,
    timestamp,
)
from sources.rest.catalogue.relations import ChildList, Count, Cursor, ForEach, Levels, Pages, Parents, Totals

_ASKED_FOR: Final = (
    "that the row's figures were asked for with; they may be sums over this range. Null in rows that were loaded before"
    " this column was."
)


class Kind(StrEnum):
    """How an endpoint is read and what one call answers."""

    SERIES = "series"  # a row per day, up to 366 days a call
    AGGREGATE = "aggregate"  # one answer per range: one call per window of the grain
    ENTITY = "entity"  # rows with an id that outlive the range: pages linked by a cursor, or a list that is read whole
    DETAIL = "detail"  # pages linked by a cursor, one list per parent
    SNAPSHOT = "snapshot"  # the present state, no dates
    LIVE = "live"  # the value of this moment: one row per run


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint(Call):
    """One endpoint of an API: how it is called (see `Call`), how it is read, and the tables that it fills.

    Args:
        kind: how date ranges become calls.
        description: what a row of the table is.
        docs_url: where the facts come from.
        columns: what is stored of a row.
        scope: permission that the key needs; None where the vendor does not document one.
        lists: lists inside a row that become child tables.
        tenant: column with the id of the tenant (profile, account), where answers hold it.
        totals: objects of the body that total its rows.
        rows: dotted path of the rows in the body; empty where the body is the rows.
        single: the rows are one object (True), a list (False), or either (None).
        bare: the body may be the rows themselves, without the object around them.
        identity: fields that are the key of rows whose types nobody has stated.
        open_fields: any field of a row may become a column of its own, because nobody has listed them.
        ignored: known fields that are not stored; other fields that stand beside the rows are copied onto each row.
        nullable: the rows may be null, which means none.
        variant_columns: columns whose values multiply the calls; each is a query or path parameter too, of the name
            that its `source` is.
        label_columns: columns with the name that the configuration gives to the value of a variant column, which is
            their `source`.
        params: query parameters of every call.
        cap: most rows that one call can give where there is no next page.
        cursor: how pages are linked.
        pages: how pages of a declared list are asked for; all of them are the answer to one task.
        for_each: ids that the endpoint is called for, one call per id or group of ids.
        parents: rows of other endpoints whose details are read, one list per parent.
        counted_by: another endpoint that says how many rows there must be.
        levels: a parameter that decides what a row stands for, and how that is named.
        history: a snapshot of which rows stay that the server does not answer any more.
        unique: no two rows of an answer share a key.
        sum_by: columns by which metrics are grouped when they are summed over days; the key unless given.
        default: read unless left out.
        left_out: columns that a user does not want; none of them is among the others.

    Raises:
        ValueError: the row contradicts itself.
    """

    kind: Kind
    description: str
    docs_url: str
    columns: tuple[Column, ...]
    scope: str | None = None
    lists: tuple[ChildList, ...] = ()
    tenant: Column | None = None
    totals: tuple[Totals, ...] = ()
    rows: str = "data"
    single: bool | None = False
    bare: bool = False
    identity: tuple[str, ...] = ()
    open_fields: bool = False
    ignored: tuple[str, ...] = ()
    nullable: bool = False
    variant_columns: tuple[Column, ...] = ()
    label_columns: tuple[Column, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    cap: int | None = None
    cursor: Cursor | None = None
    pages: Pages | None = None
    for_each: ForEach | None = None
    parents: Parents | None = None
    counted_by: Count | None = None
    levels: Levels | None = None
    history: bool = False
    unique: bool = True
    sum_by: tuple[str, ...] = ()
    default: bool = True
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "sum_by", self.sum_by or self.key)
        names = [column.name for column in self.table_columns]
        contradictions = {
            "two columns share a name": len(set(names)) < len(names),
            "a series needs a key column `date`": self.kind is Kind.SERIES
            and not any(column.name == "date" and column.key for column in self.columns),
            "only series have a date of their own": self.kind is Kind.AGGREGATE and "date" in self.own_names,
            "only entities and details are paged by a cursor": self.cursor is not None
            and self.kind not in (Kind.ENTITY, Kind.DETAIL),
            "details are paged by a cursor": self.kind is Kind.DETAIL and self.cursor is None,
            "entities have rows with a key, and with a time where a cursor leads through them": self.kind is Kind.ENTITY
            and not (self.key and (self.cursor is None or len(self.cursor.fields) > 1)),
            "details have parents": (self.kind is Kind.DETAIL) != (self.parents is not None),
            "a cap goes with a limit": self.cap is not None and self.params.get("limit") != str(self.cap),
            "a call costs at least one unit": self.units < 1,
            "personal data is never a default": self.default and self.pii,
            "a child list needs a parent key": bool(self.lists) and not self.key,
            "only a snapshot without lists is a history": self.history
            and (self.kind is not Kind.SNAPSHOT or bool(self.lists) or not self.key),
            "levels are a variant, and name columns": self.levels is not None
            and not (self.levels.param in self.request_names and self.levels.columns <= self.own_names),
            "totals are of the metrics of the rows": any(
                column.additive and column.name not in self.additive for one in self.totals for column in one.columns
            ),
        }
        for message, broken in contradictions.items():
            if broken:
                raise ValueError(f"{self.name}: {message}")

    @property
    def own_names(self) -> frozenset[str]:
        """Names of the columns that come out of the answer's rows."""
        return frozenset(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Key columns: they tell the rows of one window apart."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def additive(self) -> Mapping[str, Measure]:
        """Metrics whose values over several days add up to the value of the range, and what each measures."""
        return {column.name: column.additive for column in self.columns if column.additive}

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
        """Whether a row stands for one day, which is a field of the row."""
        return self.kind is Kind.SERIES

    @property
    def range_independent(self) -> bool:
        """Whether a row is the same whatever range of days it was asked for with; an aggregate stands for its range."""
        return self.kind in (Kind.SERIES, Kind.ENTITY)

    @property
    def time_column(self) -> str:
        """Column with the time of an entity's row, by which dlt reads it incrementally; empty for other kinds."""
        return self.cursor.fields[0] if self.cursor and self.cursor.fields else ""

    @property
    def day_column(self) -> str:
        """Column with the day of a row; of an entity without a time, the last day that it was asked for with."""
        return self.figures_columns[-1].name if self.figures_columns else "date"

    @cached_property
    def request_columns(self) -> tuple[Column, ...]:
        """Columns whose values come from the request, not from the rows of the answer."""
        columns = [self.tenant] if self.tenant else []
        if self.kind is Kind.AGGREGATE:
            columns += [
                calendar_day("date", "First day of the window that the row stands for."),
                text("grain", "Length of that window: day, week or month."),
            ]
        if self.parents:
            columns += [text(self.parents.column, "Id of the person that the row is about.", pii=PiiCategory.ID)]
        if self.kind is Kind.LIVE:
            columns += [timestamp("read_at", "When the row was read.")]
        return (*columns, *self.variant_columns)

    @property
    def request_names(self) -> tuple[str, ...]:
        """Names of the request columns."""
        return tuple(column.name for column in self.request_columns)

    @cached_property
    def figures_columns(self) -> tuple[Column, ...]:
        """Columns that say for which range of days the figures of an entity's row stand: the one that was asked for.

        The server may aggregate figures of a person over it, so that a row without it says nothing certain.
        """
        if self.kind is not Kind.ENTITY:
            return ()
        return (
            calendar_day("figures_from", f"First day of the range {_ASKED_FOR}"),
            calendar_day("figures_to", f"Last day of the range {_ASKED_FOR}"),
        )

    @cached_property
    def table_columns(self) -> tuple[Column, ...]:
        """Every column of the table, in order."""
        place = (POSITION,) if self.kind is Kind.DETAIL else ()
        return (
            *self.request_columns,
            *self.label_columns,
            *self.figures_columns,
            *place,
            *self.columns,
            *OWN_COLUMNS,
        )

    @cached_property
    def merge_key(self) -> tuple[str, ...]:
        """Rows that share these columns are replaced together: a window, an entity's row, the details of a parent."""
        if self.kind is Kind.ENTITY or self.history:
            return (*self.request_names, *self.key)
        return (*self.request_names, "date") if self.by_day else self.request_names

    @cached_property
    def child_tables(self) -> Mapping[str, ChildList]:
        """Lists inside rows, by the table that they become."""
        return {f"{self.name}__{child.name}": child for child in self.lists}

    @cached_property
    def tables(self) -> Mapping[str, tuple[Column, ...]]:
        """Every table that the endpoint fills, its own first, with all columns."""
        keys = [column for column in self.columns if column.key]
        children = {
            name: (*self.request_columns, *keys, POSITION, *child.columns, *OWN_COLUMNS)
            for name, child in self.child_tables.items()
        }
        told = (*self.request_columns, *self.label_columns)
        totals = {one.name: (*told, *one.columns, *OWN_COLUMNS) for one in self.totals}
        return {self.name: self.table_columns, **children, **totals}

    @property
    def reconciled_tables(self) -> tuple[str, ...]:
        """Tables whose metrics are reconciled: the rows, and their totals, which have no key."""
        return (self.name, *(one.name for one in self.totals))

    @cached_property
    def path_params(self) -> frozenset[str]:
        """Names of the parameters that go into the path."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.path) if name)

    def describe(self, table: str) -> str:
        """What a row of one of the tables is."""
        children = {name: child.description for name, child in self.child_tables.items()}
        return {**children, **{one.name: one.description for one in self.totals}}.get(table, self.description)

    def variants(self, values: Mapping[str, tuple[str, ...]]) -> list[tuple[tuple[str, str], ...]]:
        """Every combination of the multiplying parameters, as (parameter, value) pairs."""
        return [
            tuple(zip((column.name for column in self.variant_columns), combination, strict=True))
            for combination in product(*(values[column.name] for column in self.variant_columns))
        ]
