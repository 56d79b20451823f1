"""What is told of an error that nobody foresaw: one line, and a traceback in a file that only its owner can read."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import pendulum

from sources.rest.errors import sanitized
from sources.rest.redaction import cleaned_lines

FOLDER: Final = "elt-errors"
"""Beside the working folders of dlt's pipelines."""

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
"""Python and databases quote the value that they do not like."""


def told(error: BaseException) -> str:
    """Return the type of an error and the first line of what it says, without anything that may be a value or a key."""
    kind = type(error)
    try:
        lines = [line for line in str(error).splitlines() if line.strip()]
    except Exception:  # noqa: BLE001 - the text of some errors is made up when it is asked for, and fails
        lines = []
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {sanitized(_QUOTED.sub('…', lines[0]))}" if lines else name


def traceback_of(error: BaseException) -> str:
    """Return the calls that have led to an error, the first error first; source lines and no values."""
    parts = []
    for one in _chain(error):
        calls = "".join(traceback.format_list(traceback.extract_tb(one.__traceback__)))
        parts.append(f"{calls}{told(one)}\n")
    return "\nwhich led to\n\n".join(reversed(parts))


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback to standard error as Python does, with each line cleaned."""
    sys.stderr.write(cleaned_lines("".join(traceback.format_exception(kind, error, trace))))


def kept(error: BaseException) -> str:
    """Write the traceback of an error to a private file; return where it is, or why it is nowhere."""
    try:
        from dlt.common.pipeline import get_dlt_pipelines_dir  # noqa: PLC0415 - it takes long, and may be what fails

        folder = Path(get_dlt_pipelines_dir()) / FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"{pendulum.now('UTC'):%Y%m%dT%H%M%S%f}-{os.getpid()}.txt"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(cleaned_lines(traceback_of(error)))
    except Exception as another:  # noqa: BLE001 - whatever it is, the first error has to be told
        return f"its traceback could not be written ({told(another)}), --debug shows it"
    return f"its traceback is in {file}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
