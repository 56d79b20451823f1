"""Answers and settings that make no sense: `python -m tests.benchmarks.fuzz 200 200` tries so many of each.

Of the first number, each case is a sync of everything against a server that spoils some of its answers, headers or
bodies, and then one against the server as it is, which has to heal whatever that left. Of the second, each case is a
command with spoilt options, files or arguments. No case may end in a traceback, with a code that is none of the
table's, later than it was told to, or with a word of what only the server or the configuration should know.
"""

import gzip
import http.client
import json
import os
import resource
import socketserver
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Final

from pipelines.running.exit_codes import ExitCode
from sandbox.atribu import Canaries
from sources.atribu.source import SOURCE
from tests.benchmarks.home import OPTIONS, RESOURCES, TODAY, dice, world
from tests.processes import Ended, Machine

SPOILT: Final = 0.2
"""Share of the answers."""

MINUTES: Final = 0.2
SECONDS_MAX: Final = 60 * MINUTES + 10
"""When a sync has to have ended: what it was told, one call's time-out, and its own start and end."""

ANSWER_MB: Final = 4
BOMB: Final = gzip.compress(bytes(200_000_000), compresslevel=9)
SECRET: Final = "fuzzedpassword"
ODD: Final = (
    "", " ", "\x00", "\x1b[31m\x1b]0;own\x07", "\u202e", "é\ud800", "[bold]", "'; DROP TABLE x; --", "../../etc", "NaN",
    "-1", "0", "1e400", "9" * 30, "1" * 5000, "true", "null", "2026-02-30", "0001-01-01", "ü" * 300, "{", "a,b,,c",
    f"postgresql://u:{SECRET}@127.0.0.1:1/x",
    "https://127.0.0.1:1", "http://example.com", "Mars/Olympus", "\n", "%40", "=",
)  # fmt: skip
VALUES: Final[tuple[bytes, ...]] = (
    b"null", b"true", b'""', b"[]", b"{}", b"-1", b"1e400", b"NaN", b"9" * 40, b"0.1e-400", b'"\\u0000"', b'"\\ud800"',
    b'"\x1b[31mpip.mailcanary@example.com"', b'"2026-13-45T99:99:99Z"', b"\xff\xfe",
    b"[" * 2000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b'"' + b"x" * 3_000_000 + b'"',
    b"{" + b",".join(b'"k%d":1' % one for one in range(3000)) + b"}",
    b'1,"' + b"k" * 200 + b'":1',
)  # fmt: skip
NAMES: Final = (
    b"Retry-After", b"X-RateLimit-Limit", b"X-RateLimit-Remaining", b"X-RateLimit-Reset", b"Content-Length",
    b"Content-Type", b"Content-Encoding", b"Transfer-Encoding", b"Location", b"X-Request-ID", b"Set-Cookie", b"Date",
)  # fmt: skip
PROMISED: Final = {*map(int, ExitCode)} - {int(ExitCode.INTERNAL)}

Head = list[tuple[bytes, bytes]]
Answer = tuple[int, Head, bytes]


def spoilt_body(chance: Random, body: bytes) -> bytes:
    """Spoil a body in one way."""
    at, length = chance.randrange(len(body) or 1), chance.randrange(1, 40)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: body[:at],
        lambda: body[:at] + chance.randbytes(length) + body[at + length :],
        lambda: body[:at] + body[at : at + 200] * 2 + body[at + 200 :],
        lambda: _with_value(chance, body),
        lambda: _with_value(chance, body),
        lambda: _without_a_field(chance, body),
        lambda: chance.choice(VALUES),
    )
    return chance.choice(ways)()


def _with_value(chance: Random, body: bytes) -> bytes:
    """Put another value in the place of one."""
    colons = [place for place, byte in enumerate(body) if byte == ord(":")] or [0]
    at = chance.choice(colons) + 1
    end = min((place for mark in b",}]" if (place := body.find(mark, at)) > 0), default=len(body))
    return body[:at] + chance.choice(VALUES) + body[end:]


def _without_a_field(chance: Random, body: bytes) -> bytes:
    """Leave one name out of all rows."""
    try:
        document = json.loads(body)
        rows = [row for row in document["data"] if isinstance(row, dict)]
        name = chance.choice(sorted(rows[0]))
    except (ValueError, KeyError, IndexError, TypeError):
        return b""
    for row in rows:
        row.pop(name, None)
    return json.dumps(document).encode()


def spoilt_head(chance: Random, answer: Answer) -> Answer:
    """Spoil a status or a header."""
    status, head, body = answer
    value = chance.choice(ODD).encode("utf-8", "replace").replace(b"\n", b" ")
    if chance.random() < 0.3:
        return (
            chance.choice((0, 99, 100, 103, 204, 206, 302, 400, 401, 403, 404, 410, 418, 422, 429, 500, 503, 999)),
            head,
            body,
        )
    if chance.random() < 0.2:
        return status, [*head, (b"Content-Encoding", b"gzip")], BOMB if chance.random() < 0.5 else body
    name = chance.choice((*NAMES, b"X-" + value[:20], b"Y" * 70_000))
    number = str(chance.choice((0, 1, -1, 3600, 10**12, 0.5))).encode()
    return status, [*head, (name, chance.choice((value, number)))], body


class Spoiler(socketserver.ThreadingTCPServer):
    """Passes calls on to the sandbox, and spoils a share of the answers."""

    daemon_threads = True
    allow_reuse_address = True
    upstream: str
    chance: Random
    share: float = 0.0


class Handler(socketserver.StreamRequestHandler):
    """Answers one call and closes the connection."""

    server: Spoiler
    lock: ClassVar = threading.Lock()

    def handle(self) -> None:
        """Pass a call on."""
        lines = list(iter(lambda: self.rfile.readline().strip(), b""))
        if not lines:
            return
        method, path, _ = lines[0].decode().split(" ")
        passed = dict(line.decode().split(": ", 1) for line in lines[1:])
        passed.pop("Accept-Encoding", None)
        upstream = http.client.HTTPConnection(self.server.upstream)
        upstream.request(method, path, headers=passed)
        got = upstream.getresponse()
        head = [(name.encode(), value.encode("latin-1")) for name, value in got.getheaders()]
        answer: Answer = got.status, [one for one in head if one[0].lower() not in _FRAMING], got.read()
        upstream.close()
        with self.lock:
            chance = dice(self.server.chance.randrange(10**9))
        self._send(chance, answer, spoil=chance.random() < self.server.share)

    def _send(self, chance: Random, answer: Answer, *, spoil: bool) -> None:
        if spoil and chance.random() < 0.5:
            answer = answer[0], answer[1], spoilt_body(chance, answer[2])
        elif spoil:
            answer = spoilt_head(chance, answer)
        status, head, body = answer
        if not {name.lower() for name, _ in head} & _FRAMING:
            head = [*head, (b"Content-Length", str(len(body)).encode())]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in head)
        content = b"HTTP/1.1 %d OK\r\n" % status + lines + b"Connection: close\r\n\r\n" + body
        try:
            if spoil and chance.random() < 0.05:
                self._trickle(content)
            elif spoil and chance.random() < 0.05:
                self.wfile.write(chance.randbytes(500))
            else:
                self.wfile.write(content)
        except OSError:  # the client has had enough
            pass

    def _trickle(self, content: bytes) -> None:
        for byte in content[:400]:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)


_FRAMING: Final = {b"content-length", b"transfer-encoding"}


@contextmanager
def spoiling(url: str) -> Iterator[tuple[Spoiler, str]]:
    """Run a spoiler before a sandbox; give it and its address."""
    host, _, path = url.removeprefix("http://").partition("/")
    with Spoiler(("127.0.0.1", 0), Handler) as server:
        server.upstream = host
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server, f"http://127.0.0.1:{server.server_address[1]}/{path}"
        server.shutdown()


def wrong(end: Ended, seconds: float, *, most: float = SECONDS_MAX) -> list[str]:
    """What is wrong with how a command has ended."""
    said = end.out + end.err
    found = [] if end.code in PROMISED else [f"code {end.code}"]
    found += ["traceback"] * ("Traceback" in said)
    found += [f"{seconds:.0f} s"] * (seconds > most)
    found += [f"shown: {kind}" for kind in Canaries.found_in(said)]
    found += ["control character"] * any(not one.isprintable() and one not in "\n\t\r" for one in said)
    return found + ["password"] * (SECRET in said)


def timed(machine: Machine, *arguments: str) -> tuple[Ended, float]:
    """Run a command in this process; return how it ended, and after how many seconds."""
    began = time.monotonic()
    end = machine.run_here(*arguments)
    return end, time.monotonic() - began


def answers(root: Path, url: str, cases: int, *, first: int = 0) -> dict[str, Any]:
    """Sync from a server that spoils its answers, then from one that does not."""
    codes, bad = Counter[int](), []
    command = ("sync", "atribu", "--today", str(TODAY), *RESOURCES)
    settings = {**OPTIONS, "PII_POLICY": "drop", "REQUEST_TIMEOUT": 2, "MAX_TRIES": 2, "MAX_ANSWER_MB": ANSWER_MB}
    memory = 0
    with spoiling(url) as (server, spoilt):
        for number in range(first, first + cases):
            folder = root / f"answers{number}"
            folder.mkdir()
            options = {**settings, "MAX_RETRY_SECONDS": 5, "MAX_MINUTES": MINUTES, "WAIT_FOR_DESTINATION": 1}
            machine = Machine(folder, spoilt, options=options)
            server.chance, server.share = dice(number), 0.0
            if number % 2:  # half of them come upon tables that are loaded
                before, _ = timed(machine, *command)
                assert before.code == 0, before
            server.share = SPOILT
            end, seconds = timed(machine, *command, *(["--full"] if number % 2 else []))
            memory = max(memory, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
            codes[end.code] += 1
            found = wrong(end, seconds)
            server.share = 0.0
            patient = replace(machine, options=settings)
            healed, seconds = timed(patient, *command, "--full")
            if healed.code != 0 and healed.code == timed(patient, *command, "--full")[0].code:
                found.append(f"not healed: {healed}")
            if found:
                bad.append([number, found, end.err[-600:], _kept(folder)])
            print(f"answers {number}: {end.code}, then {healed.code} {found}", file=sys.stderr, flush=True)
    return {"cases": cases, "codes": codes, "bad": bad, "peak_mb": memory}


def configurations(root: Path, url: str, cases: int) -> dict[str, Any]:
    """Run commands with spoilt settings."""
    codes, bad = Counter[int](), []
    names = sorted(one.name.upper() for one in fields(SOURCE.options))
    files = ("destinations.toml", ".dlt/config.toml", ".dlt/secrets.toml")
    for number in range(cases):
        chance = dice(number)
        folder = root / f"configurations{number}"
        (folder / ".dlt").mkdir(parents=True)
        options = {
            **OPTIONS,
            "MAX_MINUTES": MINUTES,
            "REQUEST_TIMEOUT": 2,
            "WAIT_FOR_DESTINATION": 1,
            "MAX_RETRY_SECONDS": 5,
        }
        environment = {}
        for _ in range(chance.randrange(3)):
            options[chance.choice(names)] = _settable(chance.choice(ODD))
        if chance.random() < 0.4:
            name = chance.choice(("CREDENTIALS", "DESTINATION_TYPE"))
            environment[f"DESTINATION__LOCAL__{name}"] = _settable(chance.choice(ODD))
        if chance.random() < 0.4:
            file = folder / chance.choice(files)
            lines = f'[destination.local]\ndestination_type = "duckdb"\n[sources.atribu]\npassword = "{SECRET}"\n'
            place = chance.randrange(len(lines))
            file.write_bytes(lines[:place].encode() + chance.choice(VALUES)[:200] + lines[place:].encode())
        given = ["--today", str(TODAY), *RESOURCES]
        if chance.random() < 0.4:
            given += [
                chance.choice(("--since", "--until", "--dataset", "--resources", "--destination")),
                chance.choice(ODD),
            ]
        machine = Machine(folder, url, options=options, environment=environment)
        command = chance.choice(("sync", "plan"))
        end, seconds = timed(machine, command, "atribu", *given)
        codes[end.code] += 1
        if found := wrong(end, seconds):
            bad.append([number, found, [command, *given], end.err[-600:], _kept(folder)])
        print(f"configuration {number}: {end.code} {found}", file=sys.stderr, flush=True)
    return {"cases": cases, "codes": codes, "bad": bad}


def _kept(folder: Path) -> list[str]:
    """The ends of the tracebacks that were kept."""
    return [file.read_text()[-1500:] for file in folder.rglob("elt-errors/*")]


def _settable(text: str) -> str:
    """What an environment can hold."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def main(first: int, second: int) -> None:
    """Run both series; print one line of JSON at the end."""
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as temporary, world() as (sandbox, url):
        sandbox.settings.canaries = Canaries()
        result = {"configurations": configurations(Path(temporary), url, second)}
        result["answers"] = answers(Path(temporary), url, first)
        print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
