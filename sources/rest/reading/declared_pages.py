"""The pages of a declared list: how the first one is asked for, and the one after another."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from sources.rest.calling.answer import Reply
from sources.rest.catalogue.relations import PagedBy, Pages
from sources.rest.dotted_path import value_at
from sources.rest.reading.paging import PAGES_MAX, BrokenPaginationError, NextPage


class DeclaredPages:
    """Follows the pages of one list, all of which are read.

    Args:
        pages: as they are declared.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._read = self._rows = 0
        self._before: tuple[object, ...] = ()
        self._asked: set[NextPage] = set()

    @property
    def first(self) -> tuple[tuple[str, str], ...]:
        """Query parameters of the first page."""
        pages = self._pages
        start = {PagedBy.PAGE: str(pages.first), PagedBy.OFFSET: "0"}.get(pages.by)
        return (*self._size, *(((pages.param, start),) if start is not None else ()))

    def after(self, reply: Reply, page: Sequence[Mapping[str, Any]]) -> NextPage:
        """Take a page and return how the next one is asked for, None after the last one.

        Raises:
            BrokenPaginationError: the page is the one before once more, or leads back.
        """
        self._read, self._rows = self._read + 1, self._rows + len(page)
        said = tuple(map(repr, page))
        if said and said == self._before:
            raise BrokenPaginationError("a page repeats the one before: the server may not know the parameter of pages")
        self._before = said
        more = self._next(reply, len(page))
        if more in self._asked or self._read >= PAGES_MAX:
            raise BrokenPaginationError("the next page leads back to one that was read, or pages have no end")
        self._asked.add(more)
        return more

    @property
    def _size(self) -> tuple[tuple[str, str], ...]:
        pages = self._pages
        return ((pages.size_param, str(pages.size)),) if pages.size_param else ()

    def _next(self, reply: Reply, rows: int) -> NextPage:
        pages = self._pages
        if pages.by is PagedBy.LINK:
            links = parse_header_links(reply.link) if reply.link else []
            found = next((one["url"] for one in links if one.get("rel") == "next"), "")
            return tuple(parse_qsl(urlsplit(found).query)) or None
        if pages.by is PagedBy.CURSOR:
            value = value_at(reply.body, pages.cursor)
            usable = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
            return (*self._size, (pages.param, str(value))) if usable else None
        if rows < max(1, pages.size):
            return None
        place = pages.first + self._read if pages.by is PagedBy.PAGE else self._rows
        return (*self._size, (pages.param, str(place)))
