"""Lists in the order of time and id, their pages, and the ways of handing out the cursor (section 1.8)."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from sandbox.atribu.answers.shapes import moment
from sandbox.atribu.parameters import Cursor, Query
from sandbox.server.replies import Row

Item = TypeVar("Item")


class Page(NamedTuple):
    """What an endpoint answers: `data`, and `pagination` where the contract has pages."""

    data: object
    pagination: Row | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """All that a query finds, in the order of `place`; only the items of a page are turned into rows.

    `place` gives the time and the id of an item, with a negative time where the latest comes first. `cursor_fields` are
    those of a row that repeat its time and id. Listings without them, the journeys, run oldest first and have one
    cursor, whatever the server was set to.
    """

    query: Query
    items: list[Item]
    place: Callable[[Item], Cursor]
    row: Callable[[Item], Row]
    cursor_fields: tuple[str, str] | None = None

    @property
    def start(self) -> int:
        """Count the items up to the cursor of the request."""
        if self.query.cursor is None:
            return 0
        at, key = self.query.cursor
        return bisect_right(self.items, (self._sign * at, key), key=self.place)

    @property
    def is_from_last_row(self) -> bool:
        """Tell whether a client has to read the cursor from the last row."""
        return self.cursor_fields is not None and self.query.paging in {"from_last_row", "opaque_cursor"}

    @property
    def _sign(self) -> int:
        return -1 if self.cursor_fields else 1

    def rows(self, start: int, end: int) -> list[Row]:
        """Write the items from `start` up to `end`."""
        return [self.row(item) for item in self.items[start:end]]

    def page(self, start: int | None = None) -> Page:
        """Answer with the page that starts at `start`, or after the cursor of the request."""
        start = self.start if start is None else start
        end = min(start + self.query.limit, len(self.items)) if self.query.capped else len(self.items)
        if end < len(self.items):
            return Page(self.rows(start, end), self.hand_out(self.cursor_after(end)))
        return Page(self.rows(start, end), {"has_next": False})

    def cursor_after(self, end: int) -> Cursor:
        """Give the cursor that leads on after the first `end` items; with 0 it leads to the beginning."""
        if not self.items:
            return 0, "0"
        time, key = self.place(self.items[max(end - 1, 0)])
        # One minute ahead of the first item leads to the beginning.
        return self._sign * (time if end else time - 1), key

    def hand_out(self, cursor: Cursor) -> Row:
        """Write the pagination of a page that is followed by another."""
        at, key = cursor
        if self.is_from_last_row and self.query.paging == "from_last_row":
            return {"has_next": True}
        if self.cursor_fields and self.query.paging == "in_pagination":
            return {"has_next": True, "cursor_time": moment(at), "cursor_id": key}
        if self.is_from_last_row:
            return {"has_next": True, "cursor": sha256(f"{at} {key}".encode()).hexdigest()}
        return {"has_next": True, "cursor": f"{moment(at)}|{key}"}
