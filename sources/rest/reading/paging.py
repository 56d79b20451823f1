"""The pages of one list: what leads from one to the next, and whether they still make up one list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.cursors import BrokenPaginationError, NextPage, next_page

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
        self._check_repeated(page)
        more = next_page(cursor, pagination, page)
        if more is not None and more in self._asked:
            raise BrokenPaginationError("the next page leads back to one that was read")
        if more is not None and not page:
            raise BrokenPaginationError("a page is empty, and says that there is a next one")
        self._asked.add(more)
        if len(self._asked) >= PAGES_MAX:
            raise BrokenPaginationError(f"there are more than {PAGES_MAX} pages, and still a next one")
        return more

    def _check_repeated(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a page that repeats rows of an earlier one.

        Rows without a key may be equal, but neither two whole pages nor the last row of a page and the first of the
        next one.
        """
        names = [column.source for column in self._endpoint.columns if column.key]
        if names:
            keys = [tuple(repr(row.get(name)) for name in names) if isinstance(row, dict) else () for row in page]
            repeated = len(set(keys)) < len(keys) or not self._seen.isdisjoint(keys)
        else:
            keys = [tuple(map(repr, page))] if page else []
            repeated = any(key in self._seen or key[0] == self._end for key in keys)
            self._end = keys[-1][-1] if keys else self._end
        if repeated:
            raise BrokenPaginationError("pages repeat a row: the list moved while it was read")
        self._seen.update(keys)
