"""Options of a source, read from `[sources.<name>]` through dlt's configuration providers and checked in one place."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from functools import partial
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import orjson
from pendulum import Date

from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.options.sections import Section, profile_names

KEYS: Final = ("api_key", "next_api_key")
"""Options that hold the keys of an API."""

T = TypeVar("T")


def resolve(options_type: type[T], section: Section, given: Mapping[str, Any]) -> T:
    """Build the options of a source from explicit values, then environment, `secrets.toml` and `config.toml`.

    What the section of a profile does not set, that of its source does.

    Args:
        options_type: a dataclass; its fields are the options that exist.
        section: of the source, or of one of its profiles.
        given: explicit values; None means not given.

    Raises:
        ConfigurationError: an option does not exist or has a value of the wrong type.
    """
    options: dict[str, Field[Any]] = {field.name: field for field in fields(options_type)}  # type: ignore[arg-type] # a dataclass
    for part in section.parts:
        for name in {*part.names(), *given} - options.keys():
            raise ConfigurationError(f"{part} has no option {name!r}{did_you_mean(name, options)}")
    hints = get_type_hints(options_type)
    values: dict[str, Any] = {}
    for name, field in options.items():
        secret = bool(field.metadata.get("secret"))
        raw = given.get(name)
        where = section
        if raw is None:
            where, raw = _found(section, field, secret=secret)
        if raw is not None and raw != "":
            expected, parse = _parser(hints[name])
            try:
                values[name] = parse(raw)
            except (ValueError, TypeError, KeyError):
                got = "" if secret else f", not {raw!r}"
                raise ConfigurationError(f"option {name} of {where} must be {expected}{got}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ConfigurationError(_missing(section, name, secret=secret))
    return options_type(**values)


def configured_keys(options_type: type[Any], section: Section) -> tuple[str, ...]:
    """Return the keys that are configured for a source or a profile, as they stand there, whether they can be keys."""
    found = (_of_name(options_type, section, name) for name in KEYS)
    return tuple(str(one) for one in found if one)


def configured_dataset(options_type: type[Any], section: Section) -> str:
    """Return where `elt` loads a source or a profile to, as it is configured; empty where it is not."""
    return str(_of_name(options_type, section, "dataset") or "")


def is_configured(options_type: type[Any], section: Section, name: str) -> bool:
    """Whether an option is set for a source or a profile, whatever to."""
    return _of_name(options_type, section, name) is not None


def _of_name(options_type: type[Any], section: Section, name: str) -> Any:
    (field,) = (one for one in fields(options_type) if one.name == name)
    return _found(section, field, secret=bool(field.metadata.get("secret")))[1]


def _found(section: Section, field: Field[Any], *, secret: bool) -> tuple[Section, Any]:
    """Where an option is set, and to what; None where it is not.

    An option that goes with another one is not taken from the source where the profile has its own of that one.
    """
    companion = field.metadata.get("goes_with")
    for part in section.parts:
        value = part.value(field.name, secret=secret)
        if value is not None:
            return part, value
        if companion and part.value(companion, secret=secret) is not None:
            break
    return section, None


def _missing(section: Section, name: str, *, secret: bool) -> str:
    file = "secrets" if secret else "config"
    advice = f"no {name} is configured; set {section.variable(name)} or put {name} under {section} in .dlt/{file}.toml"
    others = [] if section.profile or name not in KEYS else profile_names(section.source)
    return f"{advice}; or name profiles with --profile or --all-profiles: {', '.join(others)}" if others else advice


def day(value: object) -> Date:
    """Read a calendar day from `YYYY-MM-DD`, a TOML date or a date object.

    Raises:
        ValueError: it is none of these.
    """
    return Date.fromisoformat(str(value))


def _texts(value: object) -> tuple[str, ...]:
    items = value.strip("[] ").split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise TypeError
    return tuple(dict.fromkeys(str(item).strip(" '\"") for item in items if str(item).strip()))


def _named(value: object) -> Mapping[str, str]:
    """Read values with a name each, as a table of names; or values alone, as a list or with commas between."""
    if isinstance(value, str) and value.strip().startswith("{"):
        value = orjson.loads(value)
    if not isinstance(value, Mapping):
        return dict.fromkeys(_texts(value), "")
    if not all(isinstance(one, str) and one for one in value.values()) or len({*value.values()}) < len(value):
        raise TypeError
    return {one: name for name, one in value.items()}


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
    Mapping[str, str]: ("a list, names with commas between, or a table of names", _named),
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
