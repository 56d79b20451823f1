"""How the next page is asked for, in every way in which the contract can be read."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sources.rest.catalogue import Cursor
from sources.rest.tables import WrongShapeError


def next_page(
    cursor: Cursor, pagination: object, rows: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, str], ...] | None:
    """Return the query parameters of the next page, None after the last one.

    The contract names `cursor_time` and `cursor_id` "from the previous response", while the schema only has
    `pagination.cursor`. Read in this order: parameters by name in the paging object; `cursor` itself, also when it
    packs both (object, JSON, base64 of JSON, or joined by a bar or a comma); fields of the last row.

    Raises:
        WrongShapeError: there is a next page and no way to ask for it, or the answer does not say.
    """
    if not isinstance(pagination, dict) or not isinstance(pagination.get("has_next"), bool):
        raise WrongShapeError("the answer does not say whether there is a next page")
    if not pagination["has_next"]:
        return None
    values = _named(pagination, cursor) or _packed(pagination.get("cursor"), cursor) or _last_row(rows, cursor)
    if values is None:
        raise WrongShapeError("there is a next page, and no cursor that leads to it")
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
