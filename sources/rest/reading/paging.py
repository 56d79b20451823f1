"""Pagination: how the next page is asked for, and whether the pages still make up one list."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import orjson

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Cursor
from sources.rest.errors import WrongShapeError

PAGES_MAX: Final = 20_000
"""Pages after which a list is taken to have no end: two million rows of one range."""

OFFSET_MAX: Final = timedelta(hours=14)
"""Farthest that a day anywhere on earth begins or ends from the same day in UTC.

The API does not say in which time zone it cuts days: rows nearer to the ends of a range may belong to the days beside
it, and say nothing.
"""

_AFTER: Final = timedelta(microseconds=1)

NextPage = tuple[tuple[str, str], ...] | None
"""Query parameters of a next page; None after the last one."""


class BrokenPaginationError(WrongShapeError):
    """Pages do not make up one list: it moved while it was read, or leads nowhere. Another try may go well."""


class Paginator:
    """The pages of one list, as they come; one may be read part by part.

    Attributes:
        cut_off: the list is longer than it can be asked for.
        pages: that were read in the part that is under way.
        rows: that were read in all parts of this run.
        restarted: the list moved while it was read, and is read once more from its start.
        in_order: so far, rows have come newest first, by the time that the cursor names.
        top: moment before which all rows of this part lie; None at the start of the list.
        oldest: time of the last row so far.
        ended: there is no next page.
        resumed: its beginning was read in an earlier run.

    Args:
        endpoint: whose list it is.
        restarted: see above.
        resumed: see above.
    """

    def __init__(self, endpoint: Endpoint, *, restarted: bool = False, resumed: bool = False) -> None:
        self.cut_off = False
        self.pages = self.rows = 0
        self.restarted = restarted
        self.in_order = True
        self.top: datetime | None = None
        self.oldest: datetime | None = None
        self.ended = False
        self.resumed = resumed
        self._endpoint = endpoint
        self._asked: set[NextPage] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._seen_before: set[tuple[object, ...]] = set()
        self._forgets = False
        self._end = ""

    @property
    def whole(self) -> bool:
        """Whether this run has read the list from its start to its end, and knows what it has listed."""
        return self.ended and not self.resumed and (self.in_order or not self._forgets)

    def begin_part(self) -> None:
        """Note that what comes now is loaded apart from what was before.

        What comes in order of time and was listed two parts ago is newer than all that is left: it is forgotten.
        """
        self.pages, self.top = 0, self.oldest and self.oldest + _AFTER
        if self.in_order and self._seen:
            self._forgets = self._forgets or bool(self._seen_before)
            self._seen_before, self._seen = self._seen, set()

    def lists(self, key: Iterable[object]) -> bool:
        """Whether this run has seen a row with a key, in this part of the list or the one before."""
        said = tuple(map(repr, key))
        return said in self._seen or said in self._seen_before

    def is_before(self, day: date) -> bool:
        """Whether all that is left happened before a day, wherever on earth that begins."""
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - OFFSET_MAX
        return self.in_order and self.oldest is not None and self.oldest < begins

    def add(self, page: Sequence[Mapping[str, Any]], pagination: object) -> NextPage:
        """Take a page and return how the next one is asked for, None after the last one.

        Without a cursor the first page is the last one.

        Raises:
            BrokenPaginationError: the page repeats rows, leads back, or leads nowhere.
            WrongShapeError: the answer does not say whether there is a next page.
        """
        self.pages, self.rows = self.pages + 1, self.rows + len(page)
        cursor, cap = self._endpoint.cursor, self._endpoint.cap or float("inf")
        if cursor is None:
            self.cut_off = len(page) >= cap or (isinstance(pagination, dict) and pagination.get("has_next") is True)
            return None
        self._check_repeated(page)
        self._follow_time(page)
        more = next_page(cursor, pagination, page)
        if more is not None and more in self._asked:
            raise BrokenPaginationError("the next page leads back to one that was read")
        if more is not None and not page:
            raise BrokenPaginationError("a page is empty, and says that there is a next one")
        self._asked.add(more)
        if len(self._asked) >= PAGES_MAX:
            raise BrokenPaginationError(f"there are more than {PAGES_MAX} pages, and still a next one")
        self.ended = more is None
        return more

    def _follow_time(self, page: Sequence[Mapping[str, Any]]) -> None:
        """See whether rows come newest first; the vendor does not document it."""
        for row in page:
            moment = _moment(row.get(self._endpoint.time_column)) if isinstance(row, dict) else None
            if moment is None or (self.oldest is not None and moment > self.oldest):
                self.in_order = False
                return
            if self.oldest is None and self.resumed:
                self.top = moment
            self.oldest = moment

    def _check_repeated(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a page that repeats rows of an earlier one.

        Rows without a key may be equal, but neither two whole pages nor the last row of a page and the first of the
        next one.
        """
        names = [column.source for column in self._endpoint.columns if column.key]
        if names:
            keys = [tuple(repr(row.get(name)) for name in names) if isinstance(row, dict) else () for row in page]
            seen_again = not (self._seen.isdisjoint(keys) and self._seen_before.isdisjoint(keys))
            repeated = len(set(keys)) < len(keys) or seen_again
        else:
            keys = [tuple(map(repr, page))] if page else []
            repeated = any(key in self._seen or key in self._seen_before or key[0] == self._end for key in keys)
            self._end = keys[-1][-1] if keys else self._end
        if repeated:
            raise BrokenPaginationError("pages repeat a row: the list moved while it was read")
        self._seen.update(keys)


def next_page(cursor: Cursor, pagination: object, rows: Sequence[Mapping[str, Any]]) -> NextPage:
    """Return the query parameters of the next page, None after the last one.

    The contract names `cursor_time` and `cursor_id` "from the previous response", while the schema only has
    `pagination.cursor`. The first of these that holds all parameters counts: fields of the paging object with their
    names; its field `cursor`, as it is or with all parameters packed into it; fields of the last row.

    Raises:
        BrokenPaginationError: there is a next page and no way to ask for it.
        WrongShapeError: the answer does not say whether there is one.
    """
    if not isinstance(pagination, dict) or not isinstance(pagination.get("has_next"), bool):
        raise WrongShapeError("the answer does not say whether there is a next page")
    if not pagination["has_next"]:
        return None
    values = _named(pagination, cursor) or _unpacked(pagination.get("cursor"), cursor) or _last_row(rows, cursor)
    if values is None:
        raise BrokenPaginationError("there is a next page, and no cursor that leads to it")
    return tuple(zip(cursor.params, values, strict=True))


def _named(fields: Mapping[str, Any], cursor: Cursor) -> tuple[str, ...] | None:
    return _texts([fields.get(param) for param in cursor.params])


def _last_row(rows: Sequence[Mapping[str, Any]], cursor: Cursor) -> tuple[str, ...] | None:
    return _texts([rows[-1].get(field) for field in cursor.fields]) if rows and cursor.fields else None


def _unpacked(packed: object, cursor: Cursor) -> tuple[str, ...] | None:
    """Take the parameters out of the field `cursor`.

    A text for a single parameter is that parameter. Several stand in an object (with or without the prefix `cursor_`
    in the names), in a list, or in a text with `|` or `,` between them. Each of these may be encoded, see `_decoded`.
    """
    if isinstance(packed, str) and len(cursor.params) == 1:
        return _texts([packed])
    for value in (_decoded(packed), packed):
        if isinstance(value, dict):
            return _named({**{f"cursor_{name}": one for name, one in value.items()}, **value}, cursor)
        parts = [value] if isinstance(value, list) else []
        parts += [value.split(separator) for separator in "|,"] if isinstance(value, str) else []
        for values in parts:
            if len(values) == len(cursor.params):
                return _texts(values)
    return None


def _decoded(packed: object) -> object:
    """Read a text as JSON, as base64 of JSON, or as base64 of plain text; None where it is none of these."""
    if not isinstance(packed, str):
        return None
    plain = _unbase64(packed)
    for text in (packed.encode(), plain):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
    return plain.decode("ascii") if plain.isascii() else None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _moment(value: object) -> datetime | None:
    """Read a time as it stands in a row; without an offset it counts as UTC, as when it is stored."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _texts(values: Sequence[object]) -> tuple[str, ...] | None:
    """Return the values if all of them are texts that say something."""
    texts = tuple(value for value in values if isinstance(value, str) and value)
    return texts if texts and len(texts) == len(values) else None
