"""Where it is kept what is spent on a key: by one process, or by all of a machine, which share a private file."""

import fcntl
import functools
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Final, Protocol

import orjson

from sources.rest.calling.spending import Spending

_log = logging.getLogger(__name__)
LOCK_SECONDS: Final = 1.0
"""Longest wait for another process that reads or changes the file, which takes it far less than a millisecond."""

LOOK_SECONDS: Final = 0.002
_NAMES: Final = tuple(one.name for one in fields(Spending))
EPOCH_SECONDS: Final = 5.0
"""By how much two readings of the machine's start may differ, because somebody sets the clock."""

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux names a machine's start, https://man7.org/linux/man-pages/man4/random.4.html; no clock changes it."""


class Store(Protocol):
    """Where it is kept."""

    @contextmanager
    def changing(self) -> Iterator[Spending]:
        """Give it to one caller at a time of those who share it, and keep what that makes of it."""


class Memory:
    """Kept in this process; the caller sees to it that one thread changes it at a time."""

    def __init__(self) -> None:
        self._spending = Spending()

    @contextmanager
    def changing(self) -> Iterator[Spending]:
        """Give it to the caller."""
        yield self._spending


class SharedFile:
    """Kept in a file of the user, so that processes of a machine that use one key do not spend its units twice.

    A file that is missing, damaged or of before the machine's last start is made anew, from what the process itself
    knows. Where the file cannot be used, the process goes on by itself, and says so once in the log.

    Args:
        folder: where it lies; nobody else may enter.
        name: gives its name, which may change as the key does.
    """

    def __init__(self, folder: Callable[[], Path], name: Callable[[], str]) -> None:
        self._folder = folder
        self._name = name
        self._spending = Spending()
        self._alone = False

    @contextmanager
    def changing(self) -> Iterator[Spending]:
        """Lock the file, read it, and write it when the caller is done with it."""
        file = self._opened()
        try:
            if file is not None:
                self._spending = _read(file) or self._spending
            yield self._spending
            if file is not None:
                self._write(file)
        finally:
            if file is not None:
                os.close(file)  # which unlocks it

    def _opened(self) -> int | None:
        if self._alone:
            return None
        try:
            return _locked(self._folder(), self._name())
        except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
            self._go_alone(error)
            return None

    def _write(self, file: int) -> None:
        # one write, and a reader stops at the end of the line: whatever a longer one has left behind is passed over
        spending = {name: getattr(self._spending, name) for name in _NAMES}  # asdict copies every number
        spending["answered"] = [(moment, len(list(units))) for moment, units in groupby(self._spending.answered)]
        text = orjson.dumps({"epoch": _epoch(), "boot": _boot(), **spending}) + b"\n"
        try:
            if os.pwrite(file, text, 0) != len(text):
                raise OSError("the disk is full")  # noqa: TRY301 - the same as if the system said so
            os.ftruncate(file, len(text))
        except OSError as error:
            self._go_alone(error)

    def _go_alone(self, error: Exception) -> None:
        self._alone = True
        what = getattr(error, "strerror", None) or str(error)
        _log.warning("the rate limit is not shared with other processes of this machine that use the key: %s", what)


def user_folder() -> Path:
    """Return the folder of the user for such files.

    Raises:
        RuntimeError: the user has no home.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else Path.home() / ".cache") / "elt-connectors"


def _locked(folder: Path, name: str) -> int:
    """Open a file that only the user may read, and lock it.

    Raises:
        OSError: that is not possible, or takes too long.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_private(folder.lstat(), lambda: folder.chmod(0o700))
    file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        _make_private(os.fstat(file), lambda: os.fchmod(file, 0o600))
        ends = time.monotonic() + LOCK_SECONDS
        while not _taken(file):
            if time.monotonic() > ends:
                raise TimeoutError(f"another process does not let go of {name}")  # noqa: TRY301 - the file has to be closed
            time.sleep(LOOK_SECONDS)
    except BaseException:
        os.close(file)
        raise
    return file


def _make_private(found: os.stat_result, protect: Callable[[], object]) -> None:
    if found.st_uid != os.getuid() or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise PermissionError("its folder is another user's, or no folder")
    if found.st_mode & 0o077:
        protect()


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> Spending | None:
    """Return what is in a file, None if that is nothing that can be used."""
    text = os.pread(file, os.fstat(file).st_size, 0)
    try:
        known = orjson.loads(text.partition(b"\n")[0])
        if not _is_of_this_start(known.get("boot"), float(known["epoch"])):
            return None
        return Spending(
            answered=[one for moment, units in known["answered"] for one in [float(moment)] * int(units)],
            passed=[(float(left), float(answered), int(units)) for left, answered, units in known["passed"]],
            blocked_until=float(known["blocked_until"]),
            reserved={
                owner: [(float(until), int(units)) for until, units in calls]
                for owner, calls in known["reserved"].items()
            },
            waiting={owner: (float(since), float(until)) for owner, (since, until) in known["waiting"].items()},
            era=str(known["era"]),
            sent=int(known["sent"]),
            promised=int(known["promised"]),
            places=tuple(int(place) for place in known["places"]),
            doubted=bool(known["doubted"]),
            left_alone=int(known["left_alone"]),
            left_alone_since=float(known["left_alone_since"]),
            refused_at=int(known["refused_at"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_of_this_start(boot: object, epoch: float) -> bool:
    """Whether moments were noted since this machine's last start: those of another steady clock cannot be compared."""
    own = _boot()
    return boot == own if boot and own else abs(epoch - _epoch()) <= EPOCH_SECONDS


@functools.cache
def _boot() -> str:
    """What names this machine's last start; empty where nothing does."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _epoch() -> float:
    """When the steady clock of this machine began, as far as the other clock is right."""
    return time.time() - time.monotonic()
