"""How the next page is asked for, in every way in which the contract can be read."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sources.rest.catalogue.relations import Cursor
from sources.rest.errors import WrongShapeError

NextPage = tuple[tuple[str, str], ...] | None
"""Query parameters of a next page; None after the last one."""


class BrokenPaginationError(WrongShapeError):
    """Pages do not make up one list: it moved while it was read, or leads nowhere. Another try may go well."""


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


def _texts(values: Sequence[object]) -> tuple[str, ...] | None:
    """Return the values if all of them are texts that say something."""
    texts = tuple(value for value in values if isinstance(value, str) and value)
    return texts if texts and len(texts) == len(values) else None
