"""Pages that mislead whoever walks them; `sandbox.server.faults.Fault` says what each kind is."""

from collections.abc import Callable
from typing import Any

from sandbox.atribu.answers.paging import Listing, Page
from sandbox.server.faults import Tampering

# Ids never hold it, and an id with it sorts right behind the id itself: a new cursor that leads to the same place.
_AGAIN = "~"


def tampered(kind: Tampering, listing: Listing[Any]) -> Page:
    """Answer with the page that the query asks for, tampered with."""
    return _WAYS[kind](listing)


def _repeated_cursor(listing: Listing[Any]) -> Page:
    if listing.is_from_last_row:
        return _repeated_page(listing)
    return Page(listing.page().data, listing.hand_out(listing.query.cursor or listing.cursor_after(0)))


def _first_cursor(listing: Listing[Any]) -> Page:
    first_end = min(listing.query.limit, len(listing.items))
    data = listing.rows(0, first_end) if listing.is_from_last_row else listing.page().data
    return Page(data, listing.hand_out(listing.cursor_after(first_end)))


def _no_cursor(listing: Listing[Any]) -> Page:
    hidden = listing.cursor_fields if listing.is_from_last_row and listing.cursor_fields else ()
    start = listing.start
    rows = listing.rows(start, start + listing.query.limit)
    return Page([{name: row[name] for name in row if name not in hidden} for row in rows], {"has_next": True})


def _repeated_page(listing: Listing[Any]) -> Page:
    start = listing.start
    before = max(start - listing.query.limit, 0)
    # There is nothing before a first page, so that one repeats itself.
    return Page(listing.rows(before, start or listing.query.limit), listing.page().pagination)


def _shifted_page(listing: Listing[Any]) -> Page:
    return listing.page(max(listing.start - 1, 0))


def _skipping_page(listing: Listing[Any]) -> Page:
    return listing.page(min(listing.start + 1, len(listing.items)))


def _empty_page(listing: Listing[Any]) -> Page:
    at, key = listing.query.cursor or listing.cursor_after(0)
    name, rounds = _rounds(key)
    return Page([], listing.hand_out((at, _numbered(name, rounds + 1))))


def _endless(listing: Listing[Any]) -> Page:
    start = listing.start
    _, rounds = _rounds(listing.query.cursor[1]) if listing.query.cursor else ("", 0)
    if listing.query.cursor and start == len(listing.items):
        start, rounds = 0, rounds + 1
    end = min(start + listing.query.limit, len(listing.items))
    rows = listing.rows(start, end)
    at, key = listing.cursor_after(end)
    if rows and listing.is_from_last_row and listing.cursor_fields:
        rows[-1][listing.cursor_fields[1]] = _numbered(key, rounds)
    return Page(rows, listing.hand_out((at, _numbered(key, rounds))))


def _rounds(key: str) -> tuple[str, int]:
    name, _, rounds = key.partition(_AGAIN)
    return name, int(rounds) if rounds.isdigit() else 0


def _numbered(key: str, rounds: int) -> str:
    return f"{key}{_AGAIN}{rounds}" if rounds else key


_WAYS: dict[Tampering, Callable[[Listing[Any]], Page]] = {
    "repeated_cursor": _repeated_cursor,
    "first_cursor": _first_cursor,
    "no_cursor": _no_cursor,
    "repeated_page": _repeated_page,
    "shifted_page": _shifted_page,
    "skipping_page": _skipping_page,
    "empty_page": _empty_page,
    "endless": _endless,
}
