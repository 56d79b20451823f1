"""A week of cron lines, as whoever is on call finds it: `python -m tests.benchmarks.week FOLDER TRUTH 6`.

Three profiles are synced every so many hours, looked at each morning and proved on Sunday, each line by a shell and
with a real process whose clock `faketime` (apt-get install faketime) sets. Every day brings one trouble, see
`TROUBLES`. FOLDER gets what the person on call has: the crontab, its log, the mails that cron sends, the calls of
`notify_url` with their times. TRUTH, a folder elsewhere, gets what was done when.

The disk is one of its own, so that it can be full: that needs the right to mount one.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.atribu import ALL_SCOPES, Settings, create_app, running
from sandbox.server.faults import Fault
from tests.brands import SMALL, brand, key_of, variables
from tests.listening import listening

ROOT: Final = Path(__file__).parents[2]
MONDAY: Final = datetime(2026, 3, 2)  # noqa: DTZ001 - the clock of a machine in UTC
BEGIN: Final = MONDAY - timedelta(days=1)
END: Final = MONDAY + timedelta(days=7)
NAMES: Final = ("acme", "globex", "initech")
RESOURCES: Final = "channels,campaigns,overview"
DISK_MB: Final = 256
NEW_KEY: Final = key_of("globex") + "_new"
KILLED_AFTER: Final = 4.0
"""Seconds after which the process is killed: it has begun to load by then."""

PROGRAM: Final = """
import os, pathlib, threading, time
time.sleep = lambda seconds: threading.Event().wait(seconds)  # under faketime 0.9.10 the other one fails
pathlib.Path(os.environ["PID"]).write_text(str(os.getpid()))
from pipelines.cli import main
main()
"""


@dataclass(frozen=True)
class Line:
    """A line of the crontab: at a minute, every so many hours from an hour on, on a day of the week or all."""

    name: str
    minute: int
    hour: int
    command: str
    every: int = 24
    weekday: int | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether cron starts it."""
        at = now.minute == self.minute and now.hour >= self.hour and (now.hour - self.hour) % self.every == 0
        return at and self.weekday in (None, now.isoweekday() % 7)

    def __str__(self) -> str:
        hours = f"*/{self.every}" if self.every < 24 else str(self.hour)
        return f"{self.minute} {hours} * * {'*' if self.weekday is None else self.weekday} {self.command}"


def crontab(every: int) -> list[Line]:
    """Return the lines; syncs begin every so many hours."""
    elt, to_log = "cd /srv/elt && .venv/bin/elt", "/var/log/elt.log"
    mail = 'code=$?; case $code in {}) ;; *) echo "elt {}: $code, see elt.log";; esac'
    sync = f"{elt} sync atribu --all-profiles --resources {RESOURCES} 2>>{to_log} >/dev/null; "
    status = f"{elt} status atribu --all-profiles --max-age 26h >/var/log/status.txt 2>&1 || cat /var/log/status.txt"
    verify = f"{elt} verify atribu --all-profiles >>{to_log} 2>&1; "
    return [
        Line("sync", 15, 6 % every, sync + mail.format("0|3|75", "sync"), every=every),
        Line("status", 30, 8, status),
        Line("verify", 45, 9, verify + mail.format("0|75", "verify"), weekday=0),
    ]


class Week:
    """What is done to the world of the three profiles.

    Attributes:
        kill: the next sync is killed.
        folder: what the person on call has.
        disk: on which everything lies.
    """

    def __init__(self, folder: Path, disk: Path) -> None:
        self.kill = False
        self.folder = folder
        self.disk = disk
        self._keys = {name: key_of(name) for name in NAMES}
        self.brands = {name: brand(name, seed=seed, size=SMALL) for seed, name in enumerate(NAMES, 2)}
        brands = {**{key_of(name): self.brands[name] for name in NAMES}, NEW_KEY: self.brands["globex"]}
        made = create_app(Settings(keys={}, size=SMALL, brands=brands))
        self._sandbox, self._app, self._without = made.state.sandbox, made, list[str]()
        made.add_middleware(_Forgetful, columns=self._without)
        self._up = ExitStack()
        self._port = 0
        self.url = self.back()

    def away(self) -> None:
        """Let the server not be there: every connection is refused."""
        self._up.close()

    def back(self) -> str:
        """Let the server be there."""
        url = self._up.enter_context(running(self._app, self._port))
        self._port = int(url.rpartition(":")[2].partition("/")[0])
        return url

    def revoke(self) -> None:
        """Revoke the key of globex."""
        self.brands["globex"].keys.clear()

    def replace_key(self) -> None:
        """Make a new key for globex, and configure it."""
        self.brands["globex"].keys[NEW_KEY] = ALL_SCOPES
        self._keys["globex"] = NEW_KEY

    def fill(self) -> None:
        """Fill the disk to its last block."""
        # without a buffer, which closing the file would try to write once more
        with (self.disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    def empty(self) -> None:
        """Make room again."""
        (self.disk / "filler").unlink()

    def hang(self) -> None:
        """Let the server answer initech so slowly that no answer ends."""
        self._faults("initech").append(Fault("*", "slow", times=None, seconds=3600.0))

    def answer(self) -> None:
        """Let the server answer initech again."""
        self._faults("initech").clear()

    def narrow(self) -> None:
        """Take the scope that campaigns need from the key of acme."""
        self.brands["acme"].keys[key_of("acme")] = ALL_SCOPES - {"campaigns:read"}

    def widen(self) -> None:
        """Give it back."""
        self.brands["acme"].keys[key_of("acme")] = ALL_SCOPES

    def kill_next(self) -> None:
        """Kill the next sync with SIGKILL, four seconds after it has begun."""
        self.kill = True

    def drop(self) -> None:
        """Let the server stop to send the revenue of channels, to everybody."""
        self._without.append("revenue")

    def send(self) -> None:
        """Let the server send it again."""
        self._without.clear()

    def _faults(self, name: str) -> list[Fault]:
        faults: list[Fault] = self._sandbox.brands[key_of(name)].faults
        return faults

    def move(self, now: datetime) -> None:
        """Let it be that day at the server."""
        for one in self.brands.values():
            one.today = now.date()

    def variables(self, hook: str) -> dict[str, str]:
        """Environment of the crontab: the configuration of the three profiles."""
        options = {"REQUEST_TIMEOUT": 2, "MAX_TRIES": 2, "START_DATE": "2026-02-20", "HORIZON_DAYS": 14}
        found = variables(self.url, NAMES, **options)
        found |= {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key for name, key in self._keys.items()}
        return found | {"ELT__NOTIFY_URL": hook}


TROUBLES: Final[Sequence[tuple[int, int, Callable[[Week], object]]]] = (
    (0, -1, Week.away),
    (0, 8, Week.back),
    (1, 2, Week.revoke),
    (1, 13, Week.replace_key),
    (2, 5, Week.fill),
    (2, 20, Week.empty),
    (3, 5, Week.hang),
    (3, 14, Week.answer),
    (4, 5, Week.narrow),
    (4, 17, Week.widen),
    (5, 5, Week.kill_next),
    (6, 5, Week.drop),
    (6, 16, Week.send),
)
"""Day of the week from 0 on, hour, and what is done then."""


class _Forgetful:
    """Answers of channels without some columns."""

    def __init__(self, app: ASGIApp, columns: Sequence[str]) -> None:
        self._app, self._columns = app, columns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started: list[Message] = []

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            document = orjson.loads(message["body"])
            for row in document.get("data") or []:
                for name in self._columns:
                    row.pop(name, None)
            body = orjson.dumps(document)
            (start,) = started
            kept = [one for one in start["headers"] if one[0].lower() != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
            await send({**message, "body": body})

        concerned = self._columns and scope["type"] == "http" and scope["path"].endswith("/channels")
        await self._app(scope, receive, sent if concerned else send)


def run(week: Week, line: Line, now: datetime, hook: str) -> None:
    """Let a shell run a line of the crontab, as cron does; what it prints is a mail."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SOURCES", "DESTINA"))}
    pid = week.folder / "pid"
    own = {
        "TZ": "UTC",
        "PYTHONPATH": str(ROOT),
        "DLT_DATA_DIR": str(week.disk / "dlt"),
        "XDG_CACHE_HOME": str(week.disk / "cache"),
        "DONT_FAKE_MONOTONIC": "1",  # waits are real
        "PID": str(pid),
        "PROGRAM": PROGRAM,
    }
    program = f"faketime -f '@{now:%Y-%m-%d %H:%M:%S}' '{sys.executable}' -c \"$PROGRAM\""
    command = line.command.replace(".venv/bin/elt", program)
    command = command.replace("/srv/elt", str(week.disk)).replace("/var/log", str(week.folder))
    with subprocess.Popen(  # noqa: S603 - our own line
        ["/bin/sh", "-c", command],
        cwd=week.disk,
        env={**inherited, **week.variables(hook), **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as shell:
        if week.kill and line.name == "sync":
            time.sleep(KILLED_AFTER)
            os.kill(int(pid.read_text()), signal.SIGKILL)
            week.kill = False
        mail, _ = shell.communicate()
    pid.unlink(missing_ok=True)
    if mail:
        mail = mail.replace(str(week.disk), "/srv/elt").replace(str(week.folder), "/var/log")
        with (week.folder / "mails.txt").open("a") as mails:
            mails.write(f"Date: {now:%a, %d %b %Y %H:%M} +0000\nSubject: Cron: elt {line.name}\n\n{mail}\n")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Give a disk of its own, in a folder."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)], check=True)  # noqa: S603, S607 - as above
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 - as above


def main(folder: Path, truth: Path, every: int) -> None:
    """Let the week pass, with a sync every so many hours."""
    lines = crontab(every)
    for one in (folder, truth):
        one.mkdir(parents=True)
    (folder / "crontab").write_text("".join(f"{line}\n" for line in lines))
    with listening() as (hook, calls), small_disk(truth / "disk") as disk:
        week = Week(folder, disk)
        (disk / "destinations.toml").write_bytes((ROOT / "destinations.toml").read_bytes())
        told, done, moment = 0, list(TROUBLES), BEGIN
        while moment < END:
            while done and moment >= MONDAY + timedelta(days=done[0][0], hours=done[0][1]):
                _, _, act = done.pop(0)
                act(week)
                with (truth / "truth.txt").open("a") as file:
                    file.write(f"{moment:%a %Y-%m-%d %H:%M}  {act.__doc__}\n")
            week.move(moment)
            for line in lines:
                if line.is_due(moment):
                    run(week, line, moment, hook)
                    with (folder / "notifications.txt").open("a") as file:
                        file.writelines(f"{moment:%Y-%m-%d %H:%M} {call}\n" for call in _texts(calls[told:]))
                    told = len(calls)
            moment += timedelta(minutes=15)
        week.away()


def _texts(calls: Sequence[Any]) -> list[str]:
    return [str(call["text"]).replace("\n", "\n                 ") for call in calls]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
