"""What is spent on a key and not back yet: by one process, or by all of a machine, which share a private file."""

import fcntl
import functools
import heapq
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

import orjson

_log = logging.getLogger(__name__)
LONG_AGO: Final = -1e9
LOCK_SECONDS: Final = 1.0
"""Longest wait for another process that reads or changes the file, which takes it far less than a millisecond."""

LOOK_SECONDS: Final = 0.002
EPOCH_SECONDS: Final = 5.0
"""By how much two readings of the machine's start may differ, because somebody sets the clock."""

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux names a machine's start, https://man7.org/linux/man-pages/man4/random.4.html; no clock changes it."""


@dataclass(slots=True)
class Spending:
    """What is spent and not back yet; moments are seconds of the steady clock that processes of a machine share.

    Attributes:
        held: when each unit whose response has arrived comes back; a heap.
        last_release: the latest of these moments that was ever given out.
        blocked_until: no call leaves before.
        reserved: who -> until when at most, and how many units of calls without a response; a process that has died
            gives its units back by that moment.
        waiting: who waits for units -> since when, and until when that is believed without a further sign.
        era: name of this count; numbers of another one cannot be compared.
        sent: units of all calls that have ever left.
        promised: the server lets calls pass until this many units have left.
        spread: units come back spread over the period, and what the server promises does not count.
        short_periods: in how many periods in a row fewer units remained than had come back.
        short_at: when the last of them began.
    """

    held: list[float] = field(default_factory=list)
    last_release: float = LONG_AGO
    blocked_until: float = LONG_AGO
    reserved: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    waiting: dict[str, tuple[float, float]] = field(default_factory=dict)
    era: str = field(default_factory=lambda: uuid4().hex)
    sent: int = 0
    promised: int = 0
    spread: bool = False
    short_periods: int = 0
    short_at: float = LONG_AGO

    def forget_until(self, now: float) -> None:
        """Let go of everything whose time is over."""
        while self.held and self.held[0] <= now:
            heapq.heappop(self.held)
        kept = {owner: [one for one in calls if one[0] > now] for owner, calls in self.reserved.items()}
        self.reserved = {owner: calls for owner, calls in kept.items() if calls}
        self.waiting = {owner: one for owner, one in self.waiting.items() if one[1] > now}

    @property
    def in_flight(self) -> int:
        """Units of calls without a response."""
        return sum(units for calls in self.reserved.values() for _, units in calls)

    def seconds_until(self, units: int, limit: int, period: float, now: float) -> float:
        """Seconds until so many more units have left, if nothing but the limit holds them up."""
        known = max(0, limit - self.in_flight - len(self.held))
        free = max(known, self.promised - self.sent if not self.spread else 0)
        rounds, place = divmod(units - free - 1, limit)
        place += free - known  # what is promised although it is held comes back no second time
        back = sorted(self.held)[place : place + 1] or [now + period]
        return 0.0 if units <= free else max(0.0, back[0] - now, self.blocked_until - now) + rounds * period

    def reserve(self, owner: str, units: int, until: float) -> None:
        """Note a call that leaves."""
        self.reserved.setdefault(owner, []).append((until, units))
        self.sent += units

    def give_back(self, owner: str, units: int) -> None:
        """Forget units of calls that have ended, those that left first."""
        calls = self.reserved.pop(owner, [])
        while calls and units > 0:
            until, reserved = calls.pop(0)
            if reserved > units:
                calls.insert(0, (until, reserved - units))
            units -= reserved
        if calls:
            self.reserved[owner] = calls

    def hold(self, units: int, earliest: float, spacing: float, latest: float = inf) -> None:
        """Hold units until a moment at least, and each so much longer than the one before, up to another moment."""
        for _ in range(units):
            self.last_release = min(max(earliest, self.last_release + spacing), latest)
            heapq.heappush(self.held, self.last_release)

    def spread_out(self, spacing: float) -> None:
        """Let units come back each so much later than the one before, from now on."""
        self.spread, held, self.held = True, sorted(self.held), []
        self.last_release = LONG_AGO
        for moment in held:
            self.hold(1, moment, spacing)

    def fell_short(self, now: float, period: float) -> int:
        """Note that fewer units remain than have come back; return in how many periods in a row that was so."""
        if now >= self.short_at + period:
            self.short_periods = self.short_periods + 1 if now < self.short_at + 2 * period else 1
            self.short_at = now
        return self.short_periods

    def goes_first(self, owner: str, now: float) -> bool:
        """Whether nobody else has waited for longer, so that light calls of one process starve no other."""
        since = self.waiting.get(owner, (now, now))[0]
        return all(other >= since for one, (other, _) in self.waiting.items() if one != owner)


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
        text = orjson.dumps({"epoch": _epoch(), "boot": _boot(), **asdict(self._spending)}) + b"\n"
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
        spending = Spending(
            held=[float(moment) for moment in known["held"]],
            last_release=float(known["last_release"]),
            blocked_until=float(known["blocked_until"]),
            reserved={
                owner: [(float(until), int(units)) for until, units in calls]
                for owner, calls in known["reserved"].items()
            },
            waiting={owner: (float(since), float(until)) for owner, (since, until) in known["waiting"].items()},
            era=str(known["era"]),
            sent=int(known["sent"]),
            promised=int(known["promised"]),
            spread=bool(known["spread"]),
            short_periods=int(known["short_periods"]),
            short_at=float(known["short_at"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    heapq.heapify(spending.held)
    return spending


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
