"""What a person sees: commands in a terminal of 80 and of 120 columns, as an emulator draws it."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

import pyte
import pytest

from tests.brands import served_brands, variables
from tests.processes import Machine, served

SHOWN = (
    "sync atribu --today 2026-03-31 --since 2026-03-20 --resources overview,campaigns,channels,conversions_timeseries",
    "status atribu",
    "plan atribu --today 2026-03-31",
    "history atribu windows --limit 5",
    "history atribu runs",
    "resources atribu",
    "config atribu",
    "check atribu --resources channels",
    "verify atribu --today 2026-03-31 --resources channels",
)
OF_SEVERAL = (
    "sync atribu --all-profiles --today 2026-03-31 --since 2026-03-25 --resources overview,channels",
    "status atribu --all-profiles",
    "plan atribu --all-profiles --today 2026-03-31",
)
PROGRAM = """
import sys
from pipelines.cli import main
for line in sys.argv[1:]:
    print("@", line, flush=True)
    try:
        main(line.split())
    except SystemExit as end:
        print("@ ended with", end.code, flush=True)
"""


def seen(machine: Machine, columns: int, commands: Sequence[str]) -> tuple[list[str], list[str]]:
    """Run the commands in a terminal; give the lines of its screen, and every progress bar that was drawn."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 400, columns, 0, 0))
    environment = {**machine.all_variables(), "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2])}
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    screen, bars = pyte.Screen(columns, 400), set[str]()
    stream = pyte.ByteStream(screen)
    with Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", PROGRAM, *commands],
        cwd=machine.folder,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
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
        lines, bars = seen(Machine(tmp_path, url, limit=30, period=1.0), columns, SHOWN)

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
    assert [line for line in lines if line.startswith("Traceback") or "…" in line] == []
    for headings in (("resource", "units", "scope"), ("option", "is", "from"), ("runs", "outcome", "units")):
        assert any(all(one in line for one in headings) for line in lines), headings
    assert any(line.startswith("everything that was compared is equal") for line in lines)
    assert any(line.startswith("key: works for") for line in lines)
    # sentences alone, and the verdict
    assert any(line.startswith("done: ") and line.endswith("exit code 0") for line in lines)
    assert bars
    assert {line[28] + line[45] for line in bars} == {"  "}
    assert {letter for line in bars for letter in line[29:45]} <= {*"━╸╺ "}
    assert all(line.endswith((" left", "units,")) for line in bars), bars


@pytest.mark.untraced
@pytest.mark.sweep
@pytest.mark.parametrize("columns", [80, 120])
def test_three_profiles_fit_into_a_terminal(tmp_path: Path, columns: int) -> None:
    names = ("acme", "globex", "initech")
    with served_brands(names) as (_, url):
        machine = Machine(tmp_path, url, environment=variables(url, names))
        machine.options["API_KEY"] = ""
        lines, bars = seen(machine, columns, OF_SEVERAL)

    text = "\n".join(lines)
    assert text.count("@ ended with 0") == len(OF_SEVERAL), text
    assert [line for line in lines if line.startswith("Traceback") or "…" in line] == []
    for heading in (line for line in lines if line.startswith("profile ")):
        rows = [line for line in lines[lines.index(heading) + 1 :][:3] if line.startswith(names)]
        assert [line.split()[0] for line in rows] == list(names), text
        assert max(map(len, rows)) <= columns
    assert {line.split(":")[0] for line in bars} == {*names}
