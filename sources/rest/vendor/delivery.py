"""An answer on its way through a dlt pipe: rows go through the user's steps, what else it needs goes around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.extract.items import DataItemWithMeta, ResolvablePipeItem, SupportsPipe
from dlt.extract.items_transform import ItemTransform, LimitItem, YieldMapItem
from dlt.extract.pipe import ForkPipe

from sources.rest.catalogue.columns import DELETED, LOADED_AT, POSITION
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList
from sources.rest.errors import ConfigurationError
from sources.rest.reading.answers import Answer
from sources.rest.vendor.resources import row_hints, table_hints

Items = Any
"""Rows as a list of dictionaries, or as an Arrow table."""


@dataclass(eq=False)
class Batch:
    """An answer that dlt takes through the steps of a resource.

    Attributes:
        answer: what was read.
        arrow: rows travel as Arrow tables, with those of lists beside them; otherwise as dictionaries that hold lists.
        on_arrival: called once the rows have passed the user's steps.
        arrived: they have.
    """

    answer: Answer
    arrow: bool
    on_arrival: Callable[[], None]
    arrived: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """What was asked."""
        return self.answer.task.endpoint

    def rows(self) -> Items:
        """Rows of the endpoint's own table, without tombstones."""
        table = _stored(self.answer.tables[self.endpoint.name])
        if self.arrow:
            return table
        rows = table.drop_columns([DELETED]).to_pylist()
        for name, child in self.endpoint.child_tables.items():
            lists = _by_parent(self.endpoint, child, _stored(self.answer.tables[name]))
            for row in rows:
                row[child.name] = lists.pop(_key(self.endpoint, row), [])
        return rows

    def tombstones(self) -> Items:
        """A tombstone for every window of the answer: what steps leave of its rows replaces all that was loaded."""
        table = self.answer.tables[self.endpoint.name]
        if self.endpoint.kind is Kind.ENTITY or not self.endpoint.merge_key:
            return self._items(table.slice(0, 0))
        keys = table.select(list(self.endpoint.merge_key)).group_by(list(self.endpoint.merge_key)).aggregate([])
        return self._items(pa.Table.from_pylist([{**key, DELETED: True} for key in keys.to_pylist()], table.schema))

    def beside(self) -> dict[str, Items]:
        """Rows of the tables that do not hang on single rows; with Arrow, of all further tables."""
        nested = set() if self.arrow else {*self.endpoint.child_tables}
        return {
            name: self._items(table)
            for name, table in self.answer.tables.items()
            if name not in nested and name != self.endpoint.name
        }

    def _items(self, table: pa.Table) -> Items:
        return table if self.arrow else table.to_pylist()


class Delivery(ItemTransform[Any]):
    """Last step of a resource: takes lists out of rows, and sends everything on to its table.

    Where nothing is loaded, as in `list(resource)`, rows stay as they are.
    """

    placement_affinity: ClassVar[float] = 1.5
    """After the user's steps, the increment (1) and the limit (1.1), and before transformers (2)."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(lambda item: item)
        self._endpoint = endpoint

    def bind(self, pipe: SupportsPipe) -> "Delivery":
        """Look at the steps that rows will go through.

        Raises:
            ConfigurationError: a limit would cut off rows of a window that the cursor takes for loaded.
        """
        if {YieldMapItem, LimitItem} <= {type(pipe[place]) for place in range(len(pipe))}:
            raise ConfigurationError(
                f"{self._endpoint.name} has both add_yield_map and add_limit: the limit would count what the map makes,"
                " and cut off rows of a window; leave one out, or limit the days by start_date and today"
            )
        return self

    def __call__(self, item: Items, meta: Any = None) -> Items:
        """Return the items that become of one item; the first of a batch brings what goes around the steps."""
        batch = meta if isinstance(meta, Batch) else None
        first = batch is not None and not batch.arrived
        if batch and first:
            batch.arrived = True
            batch.on_arrival()
        try:
            dlt.current.load_package_state()
        except CurrentLoadPackageStateNotAvailable:
            return item
        disposition = dlt.current.resource().write_disposition
        merging = disposition == "merge" or (isinstance(disposition, Mapping) and disposition["disposition"] == "merge")
        hints = {} if merging else {"write_disposition": disposition}
        own = None if batch else meta
        around: dict[str, Items] = {}
        tombstones: Items = []
        if batch and first:
            tombstones = batch.tombstones() if merging else []
            around = batch.beside()
        rows = item
        if not pa_item(item):
            rows = item if isinstance(item, list) else [item]
            rows, children = self._without_lists(rows, tombstones, merging=merging)
            around |= children
        return iter([DataItemWithMeta(own, rows or _nothing(rows)), *self._around(tombstones, around, hints)])

    def _around(self, tombstones: Items, tables: Mapping[str, Items], hints: Mapping[str, Any]) -> Iterator[Any]:
        """Send items straight to the end of the pipe, where no transformer sees them."""
        pipe = dlt.current.pipe()
        end = len(pipe) - 1
        tail: Any = pipe[end]
        if isinstance(tail, ForkPipe) and not tail.has_pipe(pipe):  # type: ignore[arg-type] # dlt has no other pipes
            return  # only transformers of the resource are loaded
        if len(tombstones):
            yield ResolvablePipeItem(tombstones, end, pipe, None)
        for name, items in tables.items():
            marked = dlt.mark.with_hints(
                items if len(items) else _nothing(items),
                dlt.mark.make_hints(
                    table_name=name,
                    additional_table_hints={"description": self._endpoint.describe(name)},
                    **{**(table_hints if pa_item(items) else row_hints)(self._endpoint, name), **hints},
                ),
                create_table_variant=True,
            )
            yield ResolvablePipeItem(marked.data, end, pipe, marked.meta)

    def _without_lists(
        self, rows: Sequence[Any], tombstones: Sequence[Mapping[str, Any]], *, merging: bool
    ) -> tuple[list[Any], dict[str, list[Any]]]:
        """Take the lists out of rows: what is left, and rows per child table, which replace those of the same key."""
        lists = self._endpoint.child_tables
        if not lists:
            return [_not_deleted(row) for row in rows], {}
        parents = rows if self._endpoint.kind is Kind.ENTITY else tombstones
        gone = [{**{key: row[key] for key in self._endpoint.merge_key}, DELETED: True} for row in parents]
        children = {
            name: [
                *(gone if merging else ()),
                *(one for row in rows for one in _children(self._endpoint, child, row)),
            ]
            for name, child in lists.items()
        }
        names = {child.name for child in lists.values()}
        return [_not_deleted({key: row[key] for key in row if key not in names}) for row in rows], children


def _not_deleted(row: Any) -> Any:
    return {**row, DELETED: False} if isinstance(row, dict) else row


def pa_item(item: Items) -> bool:
    """Whether an item is an Arrow table or batch, not rows."""
    return isinstance(item, pa.Table | pa.RecordBatch)


def _nothing(items: Items) -> Items:
    """No rows; the table is made all the same."""
    return items if pa_item(items) else dlt.mark.materialize_table_schema()


def _stored(table: pa.Table) -> pa.Table:
    return table.filter(pc.invert(table[DELETED]))


def _key_names(endpoint: Endpoint) -> tuple[str, ...]:
    return (*endpoint.request_names, *endpoint.key)


def _key(endpoint: Endpoint, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in _key_names(endpoint))


def _by_parent(endpoint: Endpoint, child: ChildList, table: pa.Table) -> dict[tuple[Any, ...], list[Any]]:
    """Lists by the key of their row, as the API sends them: plain values, or objects."""
    own = {*_key_names(endpoint), POSITION.name, LOADED_AT, DELETED}
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in table.to_pylist():
        item = {name: value for name, value in row.items() if name not in own}
        found.setdefault(_key(endpoint, row), []).append(item[child.plain] if {*item} == {child.plain} else item)
    return found


def _children(endpoint: Endpoint, child: ChildList, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of a child table: the items of one list, with the key of their row and their position."""
    keys = {name: row.get(name) for name in (*_key_names(endpoint), LOADED_AT)} | {DELETED: False}
    for position, item in enumerate(row.get(child.name) or ()):
        fields = item if isinstance(item, Mapping) else {child.plain: item}
        yield {**fields, **keys, POSITION.name: position}
