"""How an endpoint's rows hang together with its lists, its pages, and the rows of other endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.rest.catalogue.columns import Column


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
        include_ids: rows get the ids that they were asked for by, under the names of the parameters.
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
        signature: endpoint -> columns of somebody's latest row that change with the details.
        endpoint: the one of those that says who is read first.
        rank_by: its columns by which they are ranked, largest first.
    """

    param: str
    column: str
    signature: Mapping[str, tuple[str, ...]]
    endpoint: str
    rank_by: tuple[str, ...]
