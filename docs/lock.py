"""Writes the `requirements*.lock` files with uv; run by `make lock`."""  # noqa: INP001 - a script

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
RUNNING, DEVELOPING = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
ORCHESTRATING = ROOT / "requirements-airflow.lock"
AIRFLOW: Final = "apache-airflow>=3.3,<4\nasyncpg\npsycopg2-binary\nsetuptools>=80\n"
"""An environment of its own, with the drivers of its database and what the editable installation is built with."""

BESIDE: Final = "setuptools\n"
"""What the editable installation is built with."""

_RUNNING: Final = (
    "# What running needs, in exact versions with hashes, for every Python and system that is supported; made by"
    " `make lock`.\n"
)
_DEVELOPING: Final = "# What development needs beside it; made by `make lock`.\n--requirement requirements.lock\n"
_ORCHESTRATING: Final = "# The Airflow that the DAG is tried with, in an environment of its own; made by `make lock`.\n"
_ALIKE: Final = ("--universal", "--generate-hashes", "--python-version", "3.11", "--quiet")
_PLAIN: Final = ("--no-header", "--no-annotate", "--no-config")


def main(uv: str) -> None:
    """Lock; versions that are locked stay, unless `pyproject.toml` forbids them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = _compiled(uv, folder)
        developing = _compiled(uv, folder, "--extra", "dev")
        airflow = folder / "airflow.in"
        airflow.write_text(AIRFLOW)
        orchestrating = _resolved(uv, folder, [str(airflow)], [ORCHESTRATING])
    RUNNING.write_text(_RUNNING + "".join(running))
    DEVELOPING.write_text(_DEVELOPING + "".join(one for one in developing if one not in running))
    ORCHESTRATING.write_text(_ORCHESTRATING + "".join(orchestrating))


def _compiled(uv: str, folder: Path, *extra: str) -> list[str]:
    """What this project requires."""
    beside = folder / "beside.in"
    beside.write_text(BESIDE)
    return _resolved(uv, folder, ["pyproject.toml", str(beside), *extra], [RUNNING, DEVELOPING])


def _resolved(uv: str, folder: Path, asked: list[str], locked: list[Path]) -> list[str]:
    """Requirements with their hashes, one text each."""
    known, made = folder / "known.txt", folder / "made.txt"
    known.write_text("".join(line for file in locked if file.exists() for line in _pins(file)))
    command = [uv, "pip", "compile", *asked, *_ALIKE, *_PLAIN]
    subprocess.run([*command, "--constraint", str(known), "--output-file", str(made)], cwd=ROOT, check=True)  # noqa: S603 - our own words
    found: list[str] = []
    for line in made.read_text().splitlines(keepends=True):
        if line.startswith(" "):
            found[-1] += line
        else:
            found.append(line)
    return found


def _pins(file: Path) -> list[str]:
    return [line.removesuffix("\\").rstrip() + "\n" for line in file.read_text().splitlines() if "==" in line]


if __name__ == "__main__":
    main(sys.argv[1])
