"""Pages of rows in an order of time and id, and the three ways of handing out the cursor (section 1.8)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from sandbox.atribu.answer import Answer, Row, moment
from sandbox.atribu.query import Query

Item = TypeVar("Item")


class Place(NamedTuple):
    """Where an item stands in a list: latest time first, then smallest id."""

    minus_at: int
    key: str


def rank(items: Iterable[Item], place: Callable[[Item], tuple[int, str]]) -> list[tuple[Place, Item]]:
    """Sort items by the time (minutes since the epoch) and id that `place` gives, latest first."""
    placed = [(Place(-at, key), item) for item in items for at, key in (place(item),)]
    return sorted(placed, key=_place_of)


def _place_of(placed: tuple[Place, Item]) -> Place:
    return placed[0]


def page_of(query: Query, ranked: list[tuple[Place, Item]], row: Callable[[Item], Row]) -> Answer:
    """Answer with the page after `cursor_time` and `cursor_id`; only the page's items are turned into rows."""
    start = 0
    if query.cursor_time is not None and query.cursor_id is not None:
        start = bisect_right(ranked, Place(-query.cursor_time, query.cursor_id), key=_place_of)
    end = min(start + query.limit, len(ranked)) if query.capped else len(ranked)
    pagination: Row = {"has_next": end < len(ranked)}
    if end < len(ranked):
        minus_at, key = _place_of(ranked[end - 1])
        if query.paging == "in_pagination":
            pagination |= {"cursor_time": moment(-minus_at), "cursor_id": key}
        elif query.paging == "packed_cursor":
            pagination["cursor"] = f"{moment(-minus_at)}|{key}"
    return Answer([row(item) for _, item in ranked[start:end]], pagination)
