"""The JSON schema of `.dlt/config.toml` for editors, made of the options that there are."""

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

from pendulum import Date

from pipelines.telling.operating import Operating

_TYPES: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Date: {"type": "string", "format": "date"},
    tuple[str, ...]: {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
    Mapping[str, str]: {
        "anyOf": [
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "array", "items": {"type": "string"}},
            {"type": "string"},
        ]
    },
    tuple[Mapping[str, Any], ...]: {"type": "array", "items": {"type": "object"}},
}


def schema(kinds: Mapping[str, type[Any]]) -> str:
    """Return it as text.

    Args:
        kinds: name of a source -> the dataclass of its options.
    """
    sources = {}
    for name, options in kinds.items():
        own = _properties(options)
        profile = {"type": "object", "properties": own, "additionalProperties": False}
        profiles = {"type": "object", "additionalProperties": profile}
        sources[name] = {**profile, "properties": {**own, "profiles": profiles}}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of the elt command, .dlt/config.toml",
        "type": "object",
        "properties": {
            "elt": {"type": "object", "properties": _properties(Operating), "additionalProperties": False},
            "sources": {"type": "object", "properties": sources},
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _properties(options: type[Any]) -> dict[str, Any]:
    """Options that may stand in this file, which are those that are no secrets."""
    hints, meanings = get_type_hints(options), _meanings(options)
    return {
        field.name: {"description": meanings[field.name], **_type(hints[field.name])}
        for field in fields(options)
        if not field.metadata.get("secret")
    }


def _type(hint: Any) -> Mapping[str, Any]:
    kind = get_args(hint)[0] if isinstance(hint, UnionType) else hint
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(one) for one in kind]}
    return _TYPES[kind]


def _meanings(options: type[Any]) -> dict[str, str]:
    """What the docstrings of the options say, those of the options that they build on included."""
    found: dict[str, str] = {}
    for kind in reversed(options.__mro__):
        arguments = re.search(r"Args:\n(.*?)(?:\n\n|\Z)", inspect.cleandoc(kind.__doc__ or ""), re.DOTALL)
        named = re.findall(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", arguments[1] if arguments else "", re.MULTILINE)
        found |= {name: " ".join(text.split()) for name, text in named}
    return found
