"""How the last runs that were started here have ended: remembered on this machine, also while its disk is full.

The file has two halves, which are written in turn and in place: a disk that is full has to find no room for it, and a
half that was not written to its end leaves the other one. It is for the user alone: it holds what the log holds.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from pipelines.destinations.whole_file import write_whole

FOLDER: Final = "elt-notices"
"""Beside the working folders of dlt's pipelines."""

ROOM: Final = 16_384
"""Bytes of a half, unless more are needed: enough for thirty profiles that fail."""

ERROR_MAX: Final = 400
"""Longest error that is remembered."""


@dataclass(frozen=True, kw_only=True)
class LastEnd:
    """How the runs of a profile end that do not end well.

    Attributes:
        exit_code: of the last one, and of those before it.
        since: when the first of them has ended, in ISO 8601.
        at: when the last one has.
        runs: how many they are.
        told: when somebody was last told.
        error: what has gone wrong in the last one.
    """

    exit_code: int
    since: str
    at: str
    runs: int
    told: str | None = None
    error: str = ""


class LastEnds:
    """Remembers how the runs of a command have ended.

    Args:
        command: such as `sync`.
        source: name of the source.
        destination: name of the destination.
        dataset: schema there; empty for the source's own.
    """

    def __init__(self, command: str, source: str, destination: str, dataset: str = "") -> None:
        self._about = (command, source, destination, dataset)

    def read(self) -> tuple[dict[str, LastEnd], str]:
        """Return what is remembered, by profile, and who was told; nothing where nobody remembers."""
        _, found = self._read()
        try:
            ends = {name: LastEnd(**state) for name, state in found["ends"].items()}
        except (AttributeError, KeyError, TypeError):  # nothing, or what no run has written
            return {}, ""
        return ends, str(found.get("told_to", ""))

    def write(self, ends: Mapping[str, LastEnd], told_to: str) -> None:
        """Remember something else.

        Args:
            ends: how runs end, by profile.
            told_to: who was told.

        Raises:
            OSError: it cannot be written.
        """
        number, _ = self._read()
        number += 1
        document = {"number": number, "told_to": told_to, "ends": {name: asdict(one) for name, one in ends.items()}}
        content = orjson.dumps(document)
        file = self._file()
        if file.is_file() and (half := file.stat().st_size // 2) >= len(content):
            with file.open("r+b") as opened:
                opened.seek(half * (number % 2))
                opened.write(content.ljust(half))
                opened.flush()
                os.fsync(opened.fileno())
            return
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = max(ROOM, 2 * len(content))
        halves = [b"", b""]
        halves[number % 2] = content
        write_whole(file, b"".join(one.ljust(half) for one in halves))

    @property
    def exists(self) -> bool:
        """Whether there is room for it on the disk."""
        return self._file().is_file()

    def _read(self) -> tuple[int, Mapping[str, Any]]:
        try:
            content = self._file().read_bytes()
        except OSError:
            return 0, {}
        half = len(content) // 2
        documents = [_document(content[:half]), _document(content[half:])]
        newest = max(documents, key=lambda one: int(one["number"]))
        return int(newest["number"]), newest

    def _file(self) -> Path:
        from dlt.common.pipeline import get_dlt_pipelines_dir  # noqa: PLC0415 - it takes long

        about = orjson.dumps([*self._about, os.getcwd()])  # noqa: PTH109 - a text
        name = hashlib.blake2b(about, digest_size=8).hexdigest()
        return Path(get_dlt_pipelines_dir()) / FOLDER / f"{name}.ends"


def _document(half: bytes) -> Mapping[str, Any]:
    """What a half of the file holds; the number 0 where it is empty, or was not written to its end."""
    try:
        found = orjson.loads(half)
    except ValueError:
        return {"number": 0}
    return found if isinstance(found, dict) and isinstance(found.get("number"), int) else {"number": 0}
