"""How the rows of an endpoint relate to their lists, their pages, and the rows of other endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sources.rest.catalogue.columns import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildList:
    """A list inside a row; it becomes the table `<endpoint>__<name>` with the parent's keys and a position.

    A list of plain values has the single column `value`.

    Args:
        name: of the table, behind the endpoint's.
        description: what an item is.
        columns: what is stored of an item.
        path: dotted path of the list in the row, where it differs from the name.
        open_items: nobody knows what an item is: an object, of any fields, or a plain value.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    path: str = ""
    open_items: bool = False

    @property
    def source(self) -> str:
        """Dotted path of the list inside a row."""
        return self.path or self.name

    @property
    def plain(self) -> str:
        """Field that takes an item which is no object; empty where every item is one."""
        if self.open_items:
            return "value"
        return self.columns[0].source if len(self.columns) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """An object of the body that totals its rows; it becomes a table of its own, with a row per window.

    Totals above the sum of the rows mean that the server left rows out.

    Args:
        name: of the table.
        path: dotted path of the object in the body.
        description: what a row of the table is.
        columns: what is stored of it; additive metrics have the same names as in the rows.
    """

    name: str
    path: str
    description: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """The endpoint is called once per id, or per group of ids; the answers together are the answer to one task.

    Args:
        params: query or path parameters that carry the ids of one call.
        option: configuration option that lists the ids; empty where they come from `endpoint`.
        queries: each id is a query of some of the parameters, as `a=1&b=2`; without ids there is one call without any,
            and a row that several calls answer counts once.
        endpoint: parent endpoint, whose rows hold the ids.
        column: field of those rows with the id.
        where: further query parameters of the call to the parent endpoint.
        shared: parameters that multiply both calls; both have the same value.
        include_ids: rows get the ids of their call as fields, named like the parameters.
        separator: joins several ids in one parameter; None where a call takes a single id.
        per_call: ids per call.
    """

    params: tuple[str, ...]
    option: str = ""
    endpoint: str = ""
    column: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    include_ids: bool = False
    queries: bool = False
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
        fields: fields of the last row (time, id) that stand in where the answer does not hand the parameters out.
    """

    params: tuple[str, ...]
    fields: tuple[str, ...] = ()


class PagedBy(StrEnum):
    """What the next page of a declared list is asked for by."""

    PAGE = "page"  # its number
    OFFSET = "offset"  # how many rows were before it
    CURSOR = "cursor"  # what the body says
    LINK = "link"  # the header `Link`, https://www.rfc-editor.org/rfc/rfc8288, with rel="next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """How the pages of a declared list are asked for.

    Args:
        by: see there.
        param: query parameter of the page, the offset or the cursor.
        size_param: query parameter of the rows of a page; empty where there is none.
        size: rows of a page: a shorter one is the last. 0 where it is not known, and the first one without rows is.
        first: number of the first page.
        cursor: dotted path in the body of what asks for the next page.
    """

    by: PagedBy
    param: str = ""
    size_param: str = ""
    size: int = 0
    first: int = 1
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A series of another endpoint that counts the rows of this one, day by day.

    Args:
        endpoint: name of the series.
        metric: its column with the count.
        column: its column that holds the value of `param`.
        param: parameter of the counted endpoint that takes this value.
    """

    endpoint: str
    metric: str
    column: str
    param: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parents:
    """Loaded rows of other endpoints are the parents of this one: details are read of each parent that changed.

    Args:
        param: path parameter that takes the id of the parent.
        column: column with that id, in the parents' rows and in the details.
        signature: endpoint -> columns of a parent's latest row; the details have changed when one of these has. None
            may depend on the range of days that the row was asked for with.
        summed: endpoint -> columns whose sums over a parent's rows count too, and how many rows these are; without
            columns only how many: one that is found to be theirs, or is deleted, need not be the latest.
        largest: endpoint -> columns whose largest values among a parent's rows count too. They may be sums over a
            range: a row outlives the range that it was asked for with, so that the largest one does not fall with it.
        endpoint: parent endpoint that decides the order of reading.
        rank_by: its columns that rank the parents, largest first.
    """

    param: str
    column: str
    signature: Mapping[str, tuple[str, ...]]
    endpoint: str
    rank_by: tuple[str, ...]
    summed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    largest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A parameter that decides what a row stands for, where the vendor names the fields of one of its values only.

    At any other value a server may name a row by fields of its own, by those of the top, or by nothing.

    Args:
        param: the parameter.
        top: its value whose fields are documented.
        named_by: fields with id and name of a row at the top.
        own: other value -> columns with id and name of a row, each with further names that a field may have.
    """

    param: str
    top: str
    named_by: tuple[str, str]
    own: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that are filled at other values than the top."""
        return frozenset(names[0] for pair in self.own.values() for names in pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Values of a parameter that a server may not take, so that it is asked once.

    Args:
        sure: values that every server takes.
        refused: what it means that one is not taken, in words.
    """

    sure: tuple[str, ...]
    refused: str
