"""What `elt init` asks a person, and does not ask where nobody sits there."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import typer
from pendulum.tz.local_timezone import get_local_timezone

from pipelines.commands.init import Answers, needed_options
from pipelines.commands.settings_files import Entry
from pipelines.destinations.named import registered_type
from pipelines.telling.console import out
from sources.rest.errors import ConfigurationError
from sources.rest.options.origin import DEFAULT, origin_of
from sources.rest.options.sections import Section
from sources.rest.vendor.source import Source

_WITHOUT_ADDRESS: Final = frozenset({"duckdb", "filesystem", "bigquery", "databricks", "athena"})
"""Types of destinations that are a file or a bucket, or whose credentials have several parts."""


class Asking:
    """Asks for what is not given on the command line, and says what is missing where nobody can be asked.

    Args:
        source: name of the source; None if it is to be asked for.
        known: names of all sources.
        profile: name of the profile; empty for the one without a name.
    """

    def __init__(self, source: str | None, known: Sequence[str], profile: str) -> None:
        self._somebody = sys.stdin.isatty()
        if source is None:
            source = self._ask("Source", None, f"name the source: {', '.join(known)}")
        if source not in known:
            raise ConfigurationError(f"there is no source {source!r}; there are {', '.join(known)}")
        self.source: Source = import_module(f"sources.{source}.source").SOURCE
        self._section = Section(source, profile)

    def answers(
        self, options: Mapping[str, str], *, destination: str | None, include_pii: bool | None, key_from_stdin: bool
    ) -> Answers:
        """Return all that has to be known.

        Args:
            options: those of the source that are given, as texts.
            destination: its name; None if it is to be asked for.
            include_pii: load personal data; None if it is to be asked for.
            key_from_stdin: the first line of standard input is the key.

        Raises:
            ConfigurationError: something is missing, and nobody can be asked.
        """
        chosen: dict[str, Any] = dict(options)
        key = self._key(from_stdin=key_from_stdin)
        for name in (*needed_options(self.source), "timezone"):
            if name not in chosen:
                self._option(chosen, name)
        if destination is None:
            destination = self._ask("Destination, a name in destinations.toml", "local") if self._somebody else "local"
        credentials = self._credentials(destination)
        in_force = self.source.configured(self._section.profile, **self.source.without_key(self._section.profile))
        personal = ", ".join(name for name, row in self.source.catalogue(in_force).items() if row.pii)
        if include_pii is None and personal and self._somebody:
            before = in_force.include_pii
            answer = self._confirm(f"Load personal data too ({personal}), under pii_policy?", default=before)
            include_pii = None if answer is before else answer
        if include_pii is not None:
            chosen["include_pii"] = include_pii
        return Answers(
            profile=self._section.profile, destination=destination, options=chosen, key=key, credentials=credentials
        )

    def may_replace(self, entries: Sequence[Entry]) -> None:
        """Ask whether settings may be replaced.

        Raises:
            ConfigurationError: they may not, or nobody can be asked.
        """
        for one in entries:
            if not (self._somebody and self._confirm(f"Replace the present {one}?", default=False)):
                raise ConfigurationError(f"{one} has another value, which stays; to replace it, add --replace")

    def _key(self, *, from_stdin: bool) -> str:
        variable = self._section.variable("api_key")
        if from_stdin:
            key = sys.stdin.readline().strip()
            if not key:
                raise ConfigurationError("standard input has no key in its first line")
            return key
        if os.environ.get(variable):
            out.print(f"the key stays in {variable}, and has to be there for cron, too; --key-from-stdin writes it")
            return ""
        origin = origin_of(f"{self._section.path}.api_key")
        if origin == DEFAULT:
            missing = f"give the key: set {variable}, or --key-from-stdin"
            return self._ask("API key (not shown)", None, missing, hidden=True)
        if self._somebody:
            return self._ask(f"API key (not shown; Enter keeps that of {origin})", "", hidden=True)
        return ""

    def _option(self, chosen: dict[str, Any], name: str) -> None:
        before = self._section_value(name)
        if before is not None and not self._somebody:
            return
        shown = ",".join(before) if isinstance(before, list | tuple) else before
        if shown is None and name == "timezone":
            shown = get_local_timezone().name
        elif isinstance(shown, Mapping):
            return  # a table is written by hand
        asked = self._ask(f"Option {name}", shown, f"give the option {name} as --set {name}=...")
        if before is None or asked != shown:
            chosen[name] = asked

    def _credentials(self, destination: str) -> str:
        kind, place = registered_type(destination), f"destination.{destination}.credentials"
        if kind in _WITHOUT_ADDRESS or not self._somebody or origin_of(place) != DEFAULT:
            return ""  # there is none, or one is configured, or nobody to ask
        return self._ask(f"Credentials of {destination}, an address for {kind} (not shown)", "", hidden=True)

    def _section_value(self, name: str) -> Any:
        found = [part.value(name, secret=False) for part in self._section.parts]
        return next((one for one in found if one is not None), None)

    def _ask(self, question: str, default: str | None, otherwise: str = "", *, hidden: bool = False) -> str:
        if not self._somebody:
            raise ConfigurationError(otherwise)
        try:
            return str(typer.prompt(question, default=default, hide_input=hidden, show_default=not hidden)).strip()
        except typer.Abort:
            raise KeyboardInterrupt from None

    def _confirm(self, question: str, *, default: bool) -> bool:
        try:
            return typer.confirm(question, default=default)
        except typer.Abort:
            raise KeyboardInterrupt from None
