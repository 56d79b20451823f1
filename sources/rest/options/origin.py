"""Where a value was found: which file, or which variable of the environment."""

import os
import tomllib
from pathlib import Path
from typing import Final

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

DEFAULT: Final = "default"


def origin_of(name: str) -> str:
    """Return where dlt takes a value from, such as `sources.atribu.base_url`; `default` where nobody gives one.

    A value that is given in parts, as credentials may be, is named after the part that is found first.
    """
    variable = name.replace(".", "__").upper()
    for given in sorted(os.environ):
        if given == variable or given.startswith(f"{variable}__"):
            return f"environment {given}"
    for provider in Container()[PluggableRunContext].providers.providers:
        for file in getattr(provider, "present_locations", None) or ():
            if Path(file).is_file() and _has(tomllib.loads(Path(file).read_text()), name):
                return str(Path(file).absolute())
    return DEFAULT


def _has(document: object, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return document != ""
