"""Writes the lock files with uv, those of dbt and of Airflow too; run by `make lock`."""  # noqa: INP001 - a script

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
RUNNING, DEVELOPING = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
DBT_ASKED, DBT = ROOT / "models/requirements.in", ROOT / "models/requirements.lock"
AIRFLOW = ROOT / "requirements-airflow.lock"
AIRFLOW_ASKED: Final = "apache-airflow>=3.3,<4\nasyncpg\npsycopg2-binary\n"
"""With the drivers of its database."""

BESIDE: Final = "setuptools\n"
"""What the editable installation is built with."""

_RUNNING: Final = (
    "# What running needs, in exact versions with hashes, for every Python and system that is supported; made by"
    " `make lock`.\n"
)
_DEVELOPING: Final = "# What development needs beside it; made by `make lock`.\n--requirement requirements.lock\n"
_DBT: Final = "# dbt with its adapters, for an environment of its own; made by `make lock`.\n"
_AIRFLOW: Final = "# The Airflow that the DAG is tried with, in an environment of its own; made by `make lock`.\n"
_ALIKE: Final = ("--universal", "--generate-hashes", "--python-version", "3.11", "--quiet")
_PLAIN: Final = ("--no-header", "--no-annotate", "--no-config")


def main(uv: str) -> None:
    """Lock; versions that are locked stay, unless `pyproject.toml` forbids them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, known = ("pyproject.toml",), (RUNNING, DEVELOPING)
        running = _compiled(uv, folder, project, known)
        developing = _compiled(uv, folder, (*project, "--extra", "dev"), known)
        airflow_asked = folder / "airflow.in"
        airflow_asked.write_text(AIRFLOW_ASKED)
        airflow = _compiled(uv, folder, (str(airflow_asked),), (AIRFLOW,))
        dbt = _compiled(uv, folder, (str(DBT_ASKED),), (DBT,))
    RUNNING.write_text(_RUNNING + "".join(running))
    DEVELOPING.write_text(_DEVELOPING + "".join(one for one in developing if one not in running))
    AIRFLOW.write_text(_AIRFLOW + "".join(airflow))
    DBT.write_text(_DBT + "".join(dbt))


def _compiled(uv: str, folder: Path, asked: Sequence[str], locked: Sequence[Path]) -> list[str]:
    """Requirements with their hashes, one text each; what is locked stays."""
    beside, known, made = folder / "beside.in", folder / "known.txt", folder / "made.txt"
    beside.write_text(BESIDE)
    known.write_text("".join(line for file in locked if file.exists() for line in _pins(file)))
    command = [uv, "pip", "compile", *asked, str(beside), *_ALIKE, *_PLAIN]
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
