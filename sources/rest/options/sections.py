"""Sections that options are read from: `[sources.<name>]`, and one below it for each profile."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from sources.rest.errors import ConfigurationError, did_you_mean

PROFILES: Final = "profiles"
"""Below the section of a source, holds a section per profile."""

_NAME: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
"""Names that can stand in a file and, in capitals, in the name of a variable."""


@dataclass(frozen=True)
class Section:
    """Where the options of a source, or of one of its profiles, stand.

    Args:
        source: name of the source.
        profile: name of the profile; empty for the section of the source itself.
    """

    source: str
    profile: str = ""

    def __str__(self) -> str:
        """As it is written above the options."""
        return f"[{self.path}]"

    @property
    def path(self) -> str:
        """Its name, with dots."""
        return f"sources.{self.source}.{PROFILES}.{self.profile}" if self.profile else f"sources.{self.source}"

    def variable(self, option: str) -> str:
        """Variable of the environment that sets an option."""
        return f"{self.path}.{option}".replace(".", "__").upper()

    @property
    def parts(self) -> tuple["Section", ...]:
        """Where a value is looked for, first the profile's own."""
        return (self, Section(self.source)) if self.profile else (self,)

    def value(self, option: str, *, secret: bool) -> Any:
        """Return what an option is set to here; None where it is not, or to nothing."""
        found: Any = dlt.secrets.get(f"{self.path}.{option}")
        if found is None and not secret:
            found = dlt.config.get(f"{self.path}.{option}")
        return None if found == "" else found

    def names(self) -> set[str]:
        """Names of the options that files and environment set here.

        Raises:
            ConfigurationError: something gives the section itself a value.
        """
        prefix = self.variable("")
        names = {variable[len(prefix) :].lower() for variable in os.environ if variable.startswith(prefix)}
        for provider, document in _documents():
            options = _below(document, self.path)
            if options is None:
                continue
            if not isinstance(options, Mapping):
                raise ConfigurationError(f"{provider} gives a value to {self.path}, which is a section of options")
            names |= set(options)
        if not self.profile:
            names = {name for name in names if name != PROFILES and not name.startswith(f"{PROFILES}__")}
        return names


class ProgramSection(Section):
    """Where the options stand that are no source's: how the program tells what it does."""

    @property
    def path(self) -> str:
        """Its name."""
        return "elt"


def profile_names(source: str) -> list[str]:
    """Names of the profiles that files and environment configure, those of files first, in their order.

    Raises:
        ConfigurationError: one of them cannot be a name.
    """
    found: dict[str, None] = {}
    for provider, document in _documents():
        sections = _below(document, f"sources.{source}.{PROFILES}")
        if sections is None:
            continue
        if not isinstance(sections, Mapping):
            raise ConfigurationError(f"{provider} gives a value to sources.{source}.{PROFILES}; it holds sections")
        found |= dict.fromkeys(sections)
    prefix = Section(source).variable(f"{PROFILES}.")
    named = {variable[len(prefix) :].partition("__")[0] for variable in os.environ if variable.startswith(prefix)}
    found |= dict.fromkeys(map(str.lower, sorted(named)))
    for name in found:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"a profile of [sources.{source}] cannot be called {name!r}; a name has small letters and digits, with"
                " single underscores between"
            )
    return list(found)


def chosen_profiles(source: str, names: str | None, *, everyone: bool) -> list[str]:
    """Return the names of the profiles that a command is about; the empty one stands for the one without a name.

    Args:
        source: name of the source.
        names: with commas between; None where none are named.
        everyone: all that are configured.

    Raises:
        ConfigurationError: there is no such profile.
    """
    if names is None and not everyone:
        return [""]
    known = profile_names(source)
    if names is not None and everyone:
        raise ConfigurationError("--profile and --all-profiles exclude each other")
    if not known:
        raise ConfigurationError(
            f"no profile is configured; set {Section(source, 'name').variable('api_key')} or put api_key under"
            f" [sources.{source}.{PROFILES}.name] in .dlt/secrets.toml"
        )
    chosen = known if names is None else list(dict.fromkeys(one.strip() for one in names.split(",") if one.strip()))
    if not chosen:
        raise ConfigurationError("--profile names none")
    for name in chosen:
        if name not in known:
            raise ConfigurationError(f"there is no profile {name!r}{did_you_mean(name, dict.fromkeys(known))}")
    return chosen


def _documents() -> Iterator[tuple[str, Any]]:
    """What each file of dlt holds."""
    for provider in Container()[PluggableRunContext].providers.providers:
        yield provider.name, getattr(provider, "_config_doc", None) or {}


def _below(document: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(document, Mapping):
            return document  # it has a value where a section is expected
        document = document.get(part)
        if document is None:
            return None
    return document
