"""What a person sees: commands in a terminal of 80 and of 120 columns, as an emulator draws it."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from pathlib import Path
from subprocess import Popen

import pyte
import pytest

from tests.processes import Machine, served

SHOWN = (
    "sync atribu --today 2026-03-31 --since 2026-03-20 --resources overview,campaigns,channels,conversions_timeseries",
    "status atribu",
    "plan atribu --today 2026-03-31",
    "history atribu windows --limit 5",
)
PROGRAM = f"""
from pipelines.cli import main
for line in {SHOWN!r}:
    print("@", line, flush=True)
    try:
        main(line.split())
    except SystemExit as end:
        print("@ ended with", end.code, flush=True)
"""


def seen(machine: Machine, columns: int) -> tuple[list[str], list[str]]:
    """Run the commands in a terminal; give the lines of its screen, and every progress bar that was drawn."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 400, columns, 0, 0))
    environment = {**machine.all_variables(), "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2])}
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    screen, bars = pyte.Screen(columns, 400), set[str]()
    stream = pyte.ByteStream(screen)
    with Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", PROGRAM], cwd=machine.folder, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        while process.poll() is None or select.select([master], [], [], 0)[0]:
            if not select.select([master], [], [], 0.05)[0]:
                continue
            try:
                stream.feed(os.read(master, 65_536))
            except OSError:  # nobody writes any more
                break
            bars |= {line.rstrip() for line in screen.display if " units, " in line and "━" in line}
    os.close(master)
    return [line.rstrip() for line in screen.display if line.strip()], sorted(bars)


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize("columns", [80, pytest.param(120, marks=pytest.mark.sweep)])
def test_tables_and_bars_fit_into_a_terminal(tmp_path: Path, columns: int) -> None:
    with served() as (_, url):
        lines, bars = seen(Machine(tmp_path, url, limit=30, period=1.0), columns)

    text = "\n".join(lines)
    assert text.count("@ ended with 0") == len(SHOWN), text
    # nothing is torn: a row begins with its name, and its last column is where its heading is
    heading = next(line for line in lines if line.startswith("resource") and "last read" in line)
    assert heading.endswith("open  cut  failed")
    rows = [line for line in lines if line.startswith(("channels", "overview", "campaigns ")) and "2026-03-30" in line]
    assert rows
    assert {len(line) for line in rows} == {len(heading)}
    assert ("newest day" in heading) is (columns == 120)
    plan = next(line for line in lines if line.startswith("resource") and "at most" in line)
    assert ("days" in plan) is (columns == 120)
    assert [line for line in lines if line.startswith("Traceback")] == []
    # sentences alone, and the verdict
    assert any(line.startswith("done: ") and line.endswith("exit code 0") for line in lines)
    assert bars
    assert {line[28] + line[45] for line in bars} == {"  "}
    assert {letter for line in bars for letter in line[29:45]} <= {*"━╸╺ "}
    assert all(line.endswith((" left", "units,")) for line in bars), bars
