"""Writes what these documents show of the program: options, tables of every run, a picture. `make docs`."""  # noqa: INP001 - a script

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Final, get_args

import duckdb
import vl_convert
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from typer.models import OptionInfo

from docs.answers import DICTIONARY, SETTINGS, answered, commands
from pipelines.cli import app
from pipelines.storing.describing import OWN
from pipelines.storing.history import HISTORY
from pipelines.storing.models import models_of
from pipelines.telling.config_schema import schema
from sources import atatus, atribu
from sources.rest.catalogue.document import markdown_table, written

ROOT: Final = Path(__file__).parents[1]
REPORT: Final = ROOT / "docs" / "report.svg"
PICTURE: Final = ROOT / "docs" / "first-query.svg"
SCHEMA: Final = ROOT / "docs" / "config.schema.json"
WIDTH: Final = 92
SOURCES: Final = ("atribu", "atatus")

FORMAT: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's own format without its fonts, which a browser would have to fetch from another server."""


def picture(text: str) -> str:
    """Return output as a picture of a terminal, in SVG."""
    console = Console(record=True, width=WIDTH, file=StringIO(), highlight=False, markup=False)
    console.print(text.strip("\n"))
    return console.export_svg(title="make demo", theme=DIMMED_MONOKAI, code_format=FORMAT, unique_id="first-query")


def first_query() -> str:
    """Load the demo's channels into a folder of their own, and return what the demo's first query prints."""
    with tempfile.TemporaryDirectory(prefix="elt-docs-") as folder:

        def run(*arguments: str) -> str:
            command = [sys.executable, "-m", *arguments]
            env = {**os.environ, "DLT_DATA_DIR": folder}
            return subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True, text=True).stdout  # noqa: S603 - our own interpreter

        run("pipelines.cli", "sync", "atribu", "--sandbox", "--today", "2026-03-31", "--resources", "channels")
        return run("pipelines.first_query", "sandbox.duckdb")


def report_picture(page: str) -> str:
    """The first chart of a report as SVG, in light colours."""
    (text,) = re.findall(r'<script type="application/json" id="specs">(.*?)</script>', page)
    for name, colour in re.findall(r"(--\w+): (#\w+)", page.split("prefers-color-scheme", maxsplit=1)[0]):
        text = text.replace(f"var({name})", colour)
    spec = {**next(iter(json.loads(text).values())), "width": 640, "background": "#fff"}
    return vl_convert.vegalite_to_svg(json.dumps(spec))


def answers() -> tuple[str, str]:
    """The dictionary with the answers of its demo, loaded into a folder of its own, and the report on it."""
    text = DICTIONARY.read_text()
    with tempfile.TemporaryDirectory(prefix="elt-docs-") as folder:
        env = {**os.environ, **SETTINGS, "DLT_DATA_DIR": folder}
        for arguments in commands(text):
            command = [sys.executable, "-m", "pipelines.cli", *arguments]
            subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True)  # noqa: S603 - our own interpreter
        command = [sys.executable, "-m", "pipelines.cli", "report", "atribu", "--destination", "sandbox"]
        subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True)  # noqa: S603 - as above
        page = Path(folder, "atribu-report.html").read_text()
        with duckdb.connect(f"{folder}/sandbox.duckdb", read_only=True) as connection:

            def ask(query: str) -> tuple[list[str], list[tuple[object, ...]]]:
                found = connection.sql(query)
                return found.columns, found.fetchall()

            return answered(text, ask), page


def options_table() -> str:
    """Every option of every command, in the words of its help."""
    commands: dict[tuple[str, str], list[str]] = {}
    for command, options in command_options().items():
        for spelled, meaning in options.items():
            commands.setdefault((spelled, meaning), []).append(command)
    rows = [(f"`{spelled}`", ", ".join(names), meaning) for (spelled, meaning), names in sorted(commands.items())]
    return markdown_table(("option", "of", "meaning"), rows)


def command_options() -> dict[str, dict[str, str]]:
    """Command -> option, as it is spelled -> what it means."""
    callbacks = [command.callback for command in app.registered_commands if command.callback]
    return {callback.__name__: dict(_options(callback)) for callback in callbacks}


def _options(callback: Callable[..., object]) -> Iterator[tuple[str, str]]:
    for name, parameter in inspect.signature(callback, eval_str=True).parameters.items():
        _, info = get_args(parameter.annotation)
        if isinstance(info, OptionInfo):
            default = parameter.default
            telling = default and default is not inspect.Parameter.empty and not isinstance(default, bool)
            told = f" Default: `{default}`." if telling else ""
            spelled = info.default if isinstance(info.default, str) else f"--{name.replace('_', '-')}"  # typer's first
            yield spelled, f"{info.help}{told}"


def models_table() -> str:
    """The models, with their columns; those that others are built on are left out."""
    models = {one.name: one for source in SOURCES for one in models_of(source, None) if "__" not in one.name}
    return "\n\n".join(
        f"### `{name}`\n\n{one.description}\n\n"
        + markdown_table(("column", "meaning"), [(f"`{column}`", text) for column, text in one.columns.items()])
        for name, one in sorted(models.items())
    )


def engine_tables() -> str:
    """Tables that the engine keeps for itself beside those of every run."""
    return "\n\n".join(
        f"### `{name}`\n\n{text}\n\n"
        + markdown_table(("column", "meaning"), [(f"`{column}`", meaning) for column, meaning in columns.items()])
        for name, (text, columns) in OWN.items()
    )


def history_tables() -> str:
    """The tables that every run leaves, with their columns."""
    return "\n\n".join(
        f"### `{name}`\n\n{table.description}\n\n"
        + markdown_table(("column", "meaning"), [(f"`{one.name}`", one.description) for one in table.columns])
        for name, table in HISTORY.items()
    )


def config_schema() -> str:
    """The JSON schema of `.dlt/config.toml`."""
    return schema({"atribu": atribu.Options, "atatus": atatus.Options})


RENDERED: Final = {
    ("docs/commands.md", "options"): options_table(),
    ("docs/dictionary.md", "models"): models_table(),
    ("docs/dictionary.md", "history"): history_tables(),
    ("docs/dictionary.md", "engine"): engine_tables(),
}
"""(file, mark) -> what stands there."""


if __name__ == "__main__":
    for file, content in written(ROOT, RENDERED).items():
        file.write_text(content)
    PICTURE.write_text(picture(first_query()))
    SCHEMA.write_text(config_schema())
    dictionary, page = answers()
    DICTIONARY.write_text(dictionary)
    REPORT.write_text(report_picture(page))
