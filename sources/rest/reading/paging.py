"""How the next page is asked for, in every way in which the contract can be read."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Cursor
from sources.rest.errors import WrongShapeError

NextPage = tuple[tuple[str, str], ...] | None
"""Query parameters of a next page; None after the last one."""


class BrokenPaginationError(WrongShapeError):
    """Pages do not make up one list: it moved while it was read, or leads nowhere. Another try may go well."""

    request_id: str | None = None


PAGES_MAX: Final = 10_000
"""Pages after which a list is taken to have no end: a million rows of one range."""


class Paginator:
    """The pages of one list, as they come.

    Attributes:
        cut_off: the list is longer than it can be asked for.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.cut_off = False
        self._endpoint = endpoint
        self._asked: set[NextPage] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._end = ""

    def add(self, page: Sequence[Mapping[str, Any]], pagination: object) -> NextPage:
        """Take a page and return how the next one is asked for, None after the last one.

        Without a cursor the first page is the last one.

        Raises:
            BrokenPaginationError: the page repeats rows, leads back, or leads nowhere.
            WrongShapeError: the answer does not say whether there is a next page.
        """
        cursor, cap = self._endpoint.cursor, self._endpoint.cap or float("inf")
        if cursor is None:
            self.cut_off = len(page) >= cap or (isinstance(pagination, dict) and pagination.get("has_next") is True)
            return None
        keys = [column.source for column in self._endpoint.columns if column.key]
        for row in page if keys else ():
            key = tuple(repr(row.get(name)) for name in keys) if isinstance(row, dict) else ()
            if key in self._seen:
                raise BrokenPaginationError("pages repeat a row: the list moved while it was read")
            self._seen.add(key)
        if page and not keys:
            self._check_without_keys(page)
        more = next_page(cursor, pagination, page)
        if more is not None and more in self._asked:
            raise BrokenPaginationError("the next page leads back to one that was read")
        if more is not None and not page:
            raise BrokenPaginationError("a page is empty, and says that there is a next one")
        self._asked.add(more)
        if len(self._asked) >= PAGES_MAX:
            raise BrokenPaginationError(f"there are more than {PAGES_MAX} pages, and still a next one")
        return more

    def _check_without_keys(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Two events may be equal, but neither two pages nor what stands at both sides of a page's end."""
        whole = tuple(map(repr, page))
        if whole in self._seen or self._end == whole[0]:
            raise BrokenPaginationError("pages repeat a row: the list moved while it was read")
        self._seen.add(whole)
        self._end = whole[-1]


def next_page(cursor: Cursor, pagination: object, rows: Sequence[Mapping[str, Any]]) -> NextPage:
    """Return the query parameters of the next page, None after the last one.

    The contract names `cursor_time` and `cursor_id` "from the previous response", while the schema only has
    `pagination.cursor`. Read in this order: parameters by name in the paging object; `cursor` itself, also when it
    packs both (object, JSON, base64 of JSON, or joined by a bar or a comma); fields of the last row.

    Raises:
        BrokenPaginationError: there is a next page and no way to ask for it.
        WrongShapeError: the answer does not say whether there is one.
    """
    if not isinstance(pagination, dict) or not isinstance(pagination.get("has_next"), bool):
        raise WrongShapeError("the answer does not say whether there is a next page")
    if not pagination["has_next"]:
        return None
    values = _named(pagination, cursor) or _packed(pagination.get("cursor"), cursor) or _last_row(rows, cursor)
    if values is None:
        raise BrokenPaginationError("there is a next page, and no cursor that leads to it")
    return tuple(zip(cursor.params, values, strict=True))


def _named(holder: Mapping[str, Any], cursor: Cursor) -> tuple[str, ...] | None:
    return _texts([holder.get(param) for param in cursor.params])


def _packed(packed: object, cursor: Cursor) -> tuple[str, ...] | None:
    if isinstance(packed, str) and len(cursor.params) == 1:
        return _texts([packed])
    for candidate in (_decoded(packed), packed):
        if isinstance(candidate, dict):
            short = {f"cursor_{name}": value for name, value in candidate.items()}
            return _named({**short, **candidate}, cursor)
        if isinstance(candidate, list) and len(candidate) == len(cursor.params):
            return _texts(candidate)
        if isinstance(candidate, str):
            for separator in ("|", ","):
                parts = candidate.split(separator)
                if len(parts) == len(cursor.params):
                    return _texts(parts)
    return None


def _decoded(packed: object) -> object:
    """What a JSON or base64 text holds; None where it is neither."""
    if not isinstance(packed, str):
        return None
    for text in (packed.encode(), _unbase64(packed)):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
    try:
        return _unbase64(packed).decode("ascii")
    except UnicodeDecodeError:
        return None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _last_row(rows: Sequence[Mapping[str, Any]], cursor: Cursor) -> tuple[str, ...] | None:
    return _texts([rows[-1].get(field) for field in cursor.fields]) if rows and cursor.fields else None


def _texts(values: Sequence[object]) -> tuple[str, ...] | None:
    texts = tuple(value for value in values if isinstance(value, str) and value)
    return texts if texts and len(texts) == len(values) else None
