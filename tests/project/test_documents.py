"""Documents hold what the catalogue holds, and name only commands that exist."""

import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.running.exit_codes import ExitCode
from sources import atatus, atribu
from sources.atatus.document import RENDERED as ATATUS_RENDERED
from sources.atatus.endpoints import ENDPOINTS as ATATUS_ENDPOINTS
from sources.atribu.document import RENDERED
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.document import ROOT, written
from sources.rest.options.common import CommonOptions

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param(file, text, id=str(file.relative_to(ROOT)))
        for file, text in written(ROOT, {**RENDERED, **ATATUS_RENDERED}).items()
    ],
)
def test_rendered_tables_are_up_to_date(file: Path, text: str) -> None:
    assert file.read_text() == text, "run `make docs`"


def options_of(heading: str) -> dict[str, str]:
    """Options of the table under a heading, with the default that it names."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0].split("| option |")[1]
    return dict(re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| ", section, re.MULTILINE))


def test_the_option_table_lists_every_option() -> None:
    assert list(options_of("Configuration")) == [field.name for field in fields(atribu.Options)]


def test_the_option_table_of_atatus_lists_what_differs() -> None:
    common = {field.name: field for field in fields(CommonOptions)}
    differ = [
        field.name
        for field in fields(atatus.Options)
        if field.name not in common or field.default != common[field.name].default
    ]
    assert set(options_of("Atatus")) == {"api_key", *differ}


@pytest.mark.parametrize(("heading", "options"), [("Configuration", atribu.Options), ("Atatus", atatus.Options)])
def test_an_option_table_names_the_defaults(heading: str, options: type[CommonOptions]) -> None:
    documented = options_of(heading)
    for field in fields(options):
        if field.name in documented and isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert documented[field.name] == f"`{field.default:g}`"


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"make (\w+)", README))
    makefile = (ROOT / "Makefile").read_text()
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == {"are"} & targets


def test_every_elt_command_of_the_readme_exists() -> None:
    commands = set(re.findall(r"elt (\w+) atribu", README))
    assert set(re.findall(r"elt (\w+) atatus", README)) <= commands
    assert commands == {command.callback.__name__ for command in app.registered_commands if command.callback}


@pytest.mark.parametrize("command", ["sync", "plan", "status", "verify", "check", "sandbox"])
def test_every_option_of_a_command_has_a_help_text(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], terminal_width=200)
    assert result.exit_code == 0
    for line in re.findall(r"--[a-z-]+.*", result.output):
        assert re.search(r"\w+ \w+", line.split("  ", 1)[-1])


def test_the_exit_code_table_lists_every_code() -> None:
    table = README.split("| exit code | meaning |")[1].split("\n\n")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert documented == set(ExitCode) - {ExitCode.INTERRUPTED, ExitCode.TERMINATED}


def test_destinations_hold_no_credentials() -> None:
    content = tomllib.loads((ROOT / "destinations.toml").read_text())
    assert set(content["destination"]) == {"local", "warehouse"}
    assert all(set(one) == {"destination_type"} for one in content["destination"].values())


def test_no_endpoint_is_named_in_code_outside_the_catalogue() -> None:
    code = [*ROOT.glob("sources/rest/*.py"), *ROOT.glob("pipelines/sync/*.py"), *ROOT.glob("sources/*/source.py")]
    strings = {name for file in code for name in re.findall(r'"(\w+)"', file.read_text())}
    assert strings & ({*ENDPOINTS, *ATATUS_ENDPOINTS} - {"revenue"}) == set()


def test_tracked_files_hold_no_registry_no_machine_path_and_no_leftovers() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert not [file for file in files if file.suffix in {".duckdb", ".wal", ".parquet"} or file.name == "secrets.toml"]
    mark = re.compile("/sim" + "ple/|index-" + "url|" + re.escape(str(Path.home())) + "/")
    assert not [file for file in files if file.is_file() and mark.search(file.read_text())]
