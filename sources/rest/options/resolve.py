"""Options of a source, read from `[sources.<name>]` through dlt's configuration providers and checked in one place."""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from functools import partial
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import dlt
import orjson
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from pendulum import Date

from sources.rest.errors import ConfigurationError, did_you_mean

T = TypeVar("T")


def resolve(options_type: type[T], source: str, given: Mapping[str, Any]) -> T:
    """Build the options of a source from explicit values, then environment, `secrets.toml` and `config.toml`.

    Args:
        options_type: a dataclass; its fields are the options that exist.
        source: name of the source, the section below `sources`.
        given: explicit values; None means not given.

    Raises:
        ConfigurationError: an option does not exist or has a value of the wrong type.
    """
    options: dict[str, Field[Any]] = {field.name: field for field in fields(options_type)}  # type: ignore[arg-type] # a dataclass
    for name in {*_configured(source), *given} - options.keys():
        raise ConfigurationError(f"[sources.{source}] has no option {name!r}{did_you_mean(name, options)}")
    hints = get_type_hints(options_type)
    values: dict[str, Any] = {}
    for name, field in options.items():
        raw = given.get(name)
        if raw is None:
            raw = dlt.secrets.get(f"sources.{source}.{name}")
        if raw is None and not field.metadata.get("secret"):
            raw = dlt.config.get(f"sources.{source}.{name}")
        if raw is not None and raw != "":
            expected, parse = _parser(hints[name])
            try:
                values[name] = parse(raw)
            except (ValueError, TypeError, KeyError):
                got = "" if field.metadata.get("secret") else f", not {raw!r}"
                raise ConfigurationError(f"option {name} of [sources.{source}] must be {expected}{got}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ConfigurationError(
                f"no {name} is configured; set SOURCES__{source.upper()}__{name.upper()} or put {name} under"
                f" [sources.{source}] in .dlt/{'secrets' if field.metadata.get('secret') else 'config'}.toml"
            )
    return options_type(**values)


def day(value: object) -> Date:
    """Read a calendar day from `YYYY-MM-DD`, a TOML date or a date object.

    Raises:
        ValueError: it is none of these.
    """
    return Date.fromisoformat(str(value))


def _configured(source: str) -> set[str]:
    """Names of the options that files and environment set for a source."""
    prefix = f"SOURCES__{source.upper()}__"
    names = {variable[len(prefix) :].lower() for variable in os.environ if variable.startswith(prefix)}
    for provider in Container()[PluggableRunContext].providers.providers:
        document = getattr(provider, "_config_doc", None) or {}
        section = document.get("sources", {})
        options = section.get(source, {}) if isinstance(section, Mapping) else section
        if not isinstance(options, Mapping):
            raise ConfigurationError(
                f"{provider.name} gives a value to sources.{source}, which is a section of options"
            )
        names |= set(options)
    return names


def _texts(value: object) -> tuple[str, ...]:
    items = value.strip("[] ").split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise TypeError
    return tuple(dict.fromkeys(str(item).strip(" '\"") for item in items if str(item).strip()))


def _tables(value: object) -> tuple[Mapping[str, Any], ...]:
    items = orjson.loads(value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
        raise TypeError
    return tuple(items)


def _number(of: type[float], value: object) -> float:
    if isinstance(value, bool):
        raise TypeError
    return of(str(value))


def _yes_or_no(value: object) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]


_PARSERS: Final[Mapping[Any, tuple[str, Callable[[Any], Any]]]] = {
    str: ("text", str),
    int: ("a whole number", partial(_number, int)),
    float: ("a number", partial(_number, float)),
    bool: ("true or false", _yes_or_no),
    Date: ("a date as YYYY-MM-DD", day),
    tuple[str, ...]: ("a list, or names with commas between", _texts),
    tuple[Mapping[str, Any], ...]: ("a list of tables, in the environment as JSON", _tables),
}
"""Type of an option -> what a value of it is called to a user, and what reads one."""


def _parser(hint: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return the same for any type of an option: it may also be optional, or one of several words."""
    if isinstance(hint, UnionType):
        hint = get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        *others, last = hint
        return f"{', '.join(others)} or {last}", hint
    return _PARSERS[hint]
