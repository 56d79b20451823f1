"""`elt init`: what a folder has to be told before a source can be loaded, as settings."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any

from pendulum import Date

from pipelines.commands.settings_files import Entry, File
from sources.rest.errors import ConfigurationError
from sources.rest.options.sections import Section
from sources.rest.vendor.source import Source


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What somebody has said.

    Attributes:
        profile: name of the profile; empty for the one without a name.
        destination: name in `destinations.toml`.
        options: options of the source that are no secrets, as they were given.
        key: of the API; empty where the present one stays.
        credentials: of the destination; empty where the present ones stay, or it needs none.
    """

    profile: str
    destination: str
    options: Mapping[str, Any]
    key: str
    credentials: str


def needed_options(source: Source) -> list[str]:
    """Options without which a source cannot be read, but for the key."""
    return [
        field.name
        for field in fields(source.options)
        if field.default is MISSING and field.default_factory is MISSING and not field.metadata.get("secret")
    ]


def entries_of(source: Source, answers: Answers) -> list[Entry]:
    """Return the settings that answers stand for.

    Raises:
        ConfigurationError: an option does not exist, is a secret, or has a value that cannot work.
    """
    section = Section(source.name, answers.profile)
    secret = {field.name for field in fields(source.options) if field.metadata.get("secret")}
    for name in secret & answers.options.keys():
        raise ConfigurationError(f"--set takes no secrets; put {name} under {section} in .dlt/{File.SECRETS}")
    given = {**answers.options, **({"api_key": answers.key} if answers.key else {})}
    in_force = source.configured(answers.profile, **given)
    in_files = [
        Entry(file=File.CONFIG, section=section.path, name=name, value=_toml(getattr(in_force, name)))
        for name in answers.options
    ]
    if answers.key:
        in_files.append(Entry(file=File.SECRETS, section=section.path, name="api_key", value=answers.key))
    if answers.credentials:
        place = f"destination.{answers.destination}"
        in_files.append(Entry(file=File.SECRETS, section=place, name="credentials", value=answers.credentials))
    return in_files


def overruled(entries: list[Entry]) -> list[str]:
    """Variables of the environment that have another value than what is to be written, which they go before."""
    variables = {f"{one.section}.{one.name}".replace(".", "__").upper(): one.value for one in entries}
    return [name for name, value in variables.items() if os.environ.get(name) not in (None, "", str(value))]


def _toml(value: Any) -> Any:
    """A value of an option as it is written into a file."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):  # values with a name each, or without
        return {name: one for one, name in value.items()} if any(value.values()) else list(value)
    return str(value) if isinstance(value, StrEnum | Date) else value
