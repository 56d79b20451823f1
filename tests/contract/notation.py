"""A compact notation for what an API answers, and the JSON Schema that it stands for.

A value is `text`, `number`, `boolean`, `day`, `moment` or `anything`, with a question mark where it may be null; a
tuple is a choice between these, words and objects, null among them as None; `[one]` is a list; a dictionary is an
object of which every field is there and no other, unless it says `name (optional)` or `... (others)`.
"""

from collections.abc import Mapping
from typing import Any, Final

Spec = str | tuple[Any, ...] | list[Any] | Mapping[str, Any]
Schema = dict[str, Any]

OPTIONAL: Final = " (optional)"
OTHERS: Final = "... (others)"

KINDS: Final[Mapping[str, Schema]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "day": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "moment": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$"},
    "anything": {},
}


def schema_of(spec: Spec | None) -> Schema:
    """Return the JSON Schema of a description."""
    if isinstance(spec, str):
        kind = KINDS[spec.removesuffix("?")]
        return {"anyOf": [kind, {"type": "null"}]} if spec.endswith("?") else kind
    if isinstance(spec, tuple):
        words = [one for one in spec if one is None or (isinstance(one, str) and one not in KINDS)]
        rest = [schema_of(one) for one in spec if one not in words]
        return {"anyOf": [{"enum": words}, *rest]}
    if isinstance(spec, list):
        return {"type": "array", "items": schema_of(spec[0])}
    assert spec is not None
    return {
        "type": "object",
        "properties": {name.removesuffix(OPTIONAL): schema_of(one) for name, one in spec.items() if name != OTHERS},
        "required": [name for name in spec if not name.endswith(OPTIONAL) and name != OTHERS],
        "additionalProperties": OTHERS in spec,
    }


def body_of(data: Spec, *, dated: bool, paged: bool) -> Schema:
    """Return the JSON Schema of a whole body around its data."""
    meta = {
        "profile_id": "text",
        **({f"{name}{OPTIONAL}": "day" for name in ("date_from", "date_to")} if dated else {}),
    }
    page = {"has_next": "boolean", f"cursor{OPTIONAL}": "text"}
    return schema_of({"data": data, "meta": meta, **({"pagination": page} if paged else {})})


def is_nullable(spec: Spec) -> bool:
    """Whether a value may be null."""
    return None in spec if isinstance(spec, tuple) else isinstance(spec, str) and spec.endswith("?")


def kind_of(spec: Spec) -> str:
    """Return the kind of a value that is neither a list nor an object; words are text."""
    return spec.removesuffix("?") if isinstance(spec, str) else "text"
