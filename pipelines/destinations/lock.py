"""One run at a time per profile and destination; the lock dies with its process."""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

import pendulum

from pipelines.destinations.waiting import DestinationBusyError

LOOK_SECONDS: Final = 0.1
"""Longer than `is_held` holds the lock that it looks at."""


_guard: Final = threading.Lock()
_inside: Final[list[int]] = []


@contextmanager
def private_files() -> Iterator[None]:
    """Let files that are made meanwhile be the user's alone; several runs of one process may do so at once."""
    with _guard:
        _inside.append(os.umask(0o077))
    try:
        yield
    finally:
        with _guard:
            before = _inside.pop()  # who comes first has found what was there; all others have found ours
            if not _inside:
                os.umask(before)


@contextmanager
def run_lock(file: Path) -> Iterator[str]:
    """Hold a lock file while the block runs; the operating system lets go of it however the process ends.

    Yields the id of the file, which stays: whoever else has it was here before, and is dead.

    Raises:
        DestinationBusyError: another run holds it; the message says which process and since when.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as held:
        if not (_taken(held) or _taken(held, after=LOOK_SECONDS)):
            raise DestinationBusyError(f"another run of this profile into this destination is at work{_holder(file)}")
        own = holder_id(file) or uuid4().hex
        held.seek(0)
        held.truncate()
        json.dump({"id": own, "pid": os.getpid(), "since": pendulum.now("UTC").to_iso8601_string()}, held)
        held.flush()
        yield own


def _taken(held: IO[str], after: float = 0.0) -> bool:
    time.sleep(after)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(file: Path) -> bool | None:
    """Whether a run holds a lock file at this moment; None where no run of this machine ever has."""
    try:
        with file.open() as other:
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False


def holder_id(file: Path) -> str:
    """Id of a lock file; empty where it has none."""
    return str(_content(file).get("id") or "")


def _holder(file: Path) -> str:
    holder = _content(file)
    return f": process {holder['pid']} since {holder['since']}" if {"pid", "since"} <= holder.keys() else ""


def _content(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}  # it is being written at this moment, or there is none
    return found if isinstance(found, dict) else {}
