"""Options of a source, read from `[sources.<name>]` through dlt's configuration providers and checked in one place."""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, Final, TypeVar, get_type_hints

import dlt
import orjson
import pendulum
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from pendulum import Date

from sources.rest.errors import ConfigurationError, did_you_mean

T = TypeVar("T")


def resolve(kind: type[T], source: str, given: Mapping[str, Any]) -> T:
    """Build the options of a source from explicit values, then environment, `secrets.toml` and `config.toml`.

    Args:
        kind: a dataclass; its fields are the options that exist.
        source: name of the source, the section below `sources`.
        given: explicit values; None means not given.

    Raises:
        ConfigurationError: an option does not exist or has a value of the wrong type.
    """
    options: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type] # a dataclass
    for name in {*_configured(source), *given} - options.keys():
        raise ConfigurationError(f"[sources.{source}] has no option {name!r}{did_you_mean(name, options)}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, field in options.items():
        raw = given.get(name)
        if raw is None:
            raw = dlt.secrets.get(f"sources.{source}.{name}")
        if raw is None and not field.metadata.get("secret"):
            raw = dlt.config.get(f"sources.{source}.{name}")
        if raw is not None and raw != "":
            try:
                values[name] = _parsed(hints[name], raw)
            except (ValueError, TypeError, KeyError):
                shown = "" if field.metadata.get("secret") else f", not {raw!r}"
                expected = _expected(hints[name])
                raise ConfigurationError(f"option {name} of [sources.{source}] must be {expected}{shown}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ConfigurationError(
                f"no {name} is configured; set SOURCES__{source.upper()}__{name.upper()} or put {name} under"
                f" [sources.{source}] in .dlt/{'secrets' if field.metadata.get('secret') else 'config'}.toml"
            )
    return kind(**values)


def day(value: object) -> Date:
    """Read a calendar day from `YYYY-MM-DD`, a TOML date or a date object.

    Raises:
        ValueError: it is none of these.
    """
    return pendulum.Date.fromisoformat(str(value))


def _parsed(hint: Any, value: object) -> Any:
    return hint(str(value)) if _is_choice(hint) else _PARSE[hint](value)


def _expected(hint: Any) -> str:
    """What a value of a type is called to a user."""
    *others, last = hint if _is_choice(hint) else (_EXPECTED[hint],)
    return f"{', '.join(others)} or {last}" if others else last


def _is_choice(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


def _configured(source: str) -> set[str]:
    """Names of the options that files and environment set for a source."""
    prefix = f"SOURCES__{source.upper()}__"
    names = {variable[len(prefix) :].lower() for variable in os.environ if variable.startswith(prefix)}
    for provider in Container()[PluggableRunContext].providers.providers:
        document = getattr(provider, "_config_doc", None) or {}
        names |= set(document.get("sources", {}).get(source, {}))
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


def _number(value: object) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(str(value))


def _whole(value: object) -> int:
    if isinstance(value, bool):
        raise TypeError
    return int(str(value))


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]


_PARSE: Final[Mapping[Any, Callable[[Any], Any]]] = {
    str: str,
    str | None: str,
    int: _whole,
    float: _number,
    Date | None: day,
    int | None: _whole,
    float | None: _number,
    tuple[str, ...]: _texts,
    bool: _yes_or_no,
    tuple[Mapping[str, Any], ...]: _tables,
}
_EXPECTED: Final[Mapping[Any, str]] = {
    str: "text",
    str | None: "text",
    int: "a whole number",
    float: "a number",
    Date | None: "a date as YYYY-MM-DD",
    int | None: "a whole number",
    float | None: "a number",
    tuple[str, ...]: "a list, or names with commas between",
    bool: "true or false",
    tuple[Mapping[str, Any], ...]: "a list of tables, in the environment as JSON",
}
