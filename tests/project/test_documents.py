"""Documents hold what the program holds: tables, options, commands, exit codes, links, paths."""

import gzip
import json
import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
from pendulum import Date
from typer.testing import CliRunner

from docs import render
from pipelines.cli import app
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import cost, plan
from pipelines.planning.request import Request
from pipelines.running.config import RunConfig
from pipelines.running.exit_codes import ExitCode
from pipelines.telling.operating import Operating
from sources import atatus, atribu
from sources.atatus.document import RENDERED as ATATUS_RENDERED
from sources.atatus.endpoints import ENDPOINTS as ATATUS_ENDPOINTS
from sources.atribu.document import RENDERED
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.options import Options
from sources.atribu.source import SOURCE
from sources.rest.catalogue.document import ROOT, written
from sources.rest.options.common import CommonOptions
from sources.rest.windows import Grain, Window


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows."""
    command = ["git", "ls-files", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - fixed words
    return [ROOT / name for name in listed.stdout.splitlines()]


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


DOCUMENTS = tracked("*.md")
ALL_TEXT = "\n".join(document.read_text() for document in DOCUMENTS)
README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
ABOUT_CODE = [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md", *tracked("docs/decisions/*.md")]
"""Documents that name files, modules and rooms."""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param(file, text, id=str(file.relative_to(ROOT)))
        for file, text in written(ROOT, {**RENDERED, **ATATUS_RENDERED, **render.RENDERED}).items()
    ],
)
def test_rendered_tables_are_up_to_date(file: Path, text: str) -> None:
    assert file.read_text() == text, "run `make docs`"


def test_the_schema_of_the_configuration_is_up_to_date_and_takes_what_documents_show() -> None:
    text = render.SCHEMA.read_text()
    assert text == render.config_schema(), "run `make docs`"
    schema = json.loads(text)
    for block in re.findall(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL):
        document = json.loads(json.dumps(tomllib.loads(block), default=str))
        jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sources": {"atribu": {"grian": "day"}}}, schema)


def test_the_options_of_the_program_are_in_the_table_of_their_own() -> None:
    section = CONFIGURATION.split("## How runs tell what they do\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| ", section, re.MULTILINE) == [field.name for field in fields(Operating)]


def options_of(heading: str) -> dict[str, str]:
    """Options of the table under a heading, with the default that it names."""
    section = CONFIGURATION.split(f"## {heading}\n")[1].split("\n## ")[0].split("| option |")[1]
    return dict(re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| ", section, re.MULTILINE))


def test_the_option_table_lists_every_option() -> None:
    assert list(options_of("Atribu")) == [field.name for field in fields(atribu.Options)]


def test_the_option_table_of_atatus_lists_what_differs() -> None:
    common = {field.name: field for field in fields(CommonOptions)}
    differ = [
        field.name
        for field in fields(atatus.Options)
        if field.name not in common or field.default != common[field.name].default
    ]
    assert set(options_of("Atatus")) == {"api_key", *differ}


@pytest.mark.parametrize(("heading", "options"), [("Atribu", atribu.Options), ("Atatus", atatus.Options)])
def test_an_option_table_names_the_defaults(heading: str, options: type[CommonOptions]) -> None:
    documented = options_of(heading)
    for field in fields(options):
        if field.name in documented and isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert documented[field.name] == f"`{field.default:g}`"


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"`make (\w+)|\$ make (\w+)", ALL_TEXT))
    makefile = (ROOT / "Makefile").read_text()
    names = {name for pair in targets for name in pair if name}
    assert names >= {"demo", "test", "docs"}
    assert {name for name in names if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_command_is_in_the_readme_and_in_the_table_of_commands() -> None:
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(re.findall(r"elt (\w+) atribu", README)) == commands
    table = (ROOT / "docs/commands.md").read_text().split("| command |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == commands


def test_every_elt_command_of_the_documents_can_be_called_like_that() -> None:
    options = render.command_options()
    lines = re.findall(r"elt (\w+) (?:atribu|atatus)(.*?)(?:#|`|>|\n|$)", ALL_TEXT)
    assert len(lines) > 20
    for command, rest in lines:
        assert command in options
        assert set(re.findall(r"--[a-z-]+", rest)) <= options[command].keys(), f"elt {command}{rest}"


def test_every_option_of_the_command_line_in_the_readme_exists() -> None:
    known = {option for options in render.command_options().values() for option in options}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known


@pytest.mark.parametrize("command", render.command_options())
def test_every_option_of_a_command_has_a_help_text(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], terminal_width=200)
    assert result.exit_code == 0
    for line in re.findall(r"--[a-z-]+.*", result.output):
        assert re.search(r"\w+ \w+", line.split("  ", 1)[-1])


def test_the_exit_code_table_lists_every_code() -> None:
    table = README.split("| exit code | meaning |")[1].split("\n\n")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert documented == set(ExitCode) - {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
    assert {str(code) for code in set(ExitCode) - documented} <= set(re.findall(r"\d+", README))


def test_configuration_in_documents_can_be_read() -> None:
    kinds = {"atribu": atribu.Options, "atatus": atatus.Options}
    blocks = re.findall(r"```toml\n(.*?)```", ALL_TEXT, re.DOTALL)
    assert blocks
    for block in blocks:
        for source, options in tomllib.loads(block).get("sources", {}).items():
            known = {field.name for field in fields(kinds[source])}
            profiles = options.pop("profiles", {})
            assert options.keys() <= known
            assert all(own.keys() <= known for own in profiles.values())


def test_every_promise_of_the_threat_model_names_tests_that_exist() -> None:
    table = (ROOT / "SECURITY.md").read_text().split("## Whom this trusts with what")[1].split("\n\n")[2]
    promises = [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()[2:]]
    assert len(promises) > 10
    for who, *_, promise, tests in (row for row in promises if row[-2] != "none"):
        named_files = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert promise, who
        assert named_files, who
        assert [name for name in named_files if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_version_has_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^(\S+==\S+).*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) > 20
    assert len(pins) == len(re.findall(r"^[^#\s-]", text, re.MULTILINE))


def test_what_runs_is_locked_as_one_set_of_versions() -> None:
    locked = {
        re.sub(r"[-_.]+", "-", name).lower()
        for name in re.findall(r"^(\S+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[\[<>=]", one)[0] for one in project["dependencies"]} <= locked


def test_destinations_hold_no_credentials() -> None:
    content = tomllib.loads((ROOT / "destinations.toml").read_text())
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    assert {"local", "sandbox", "warehouse"} < set(content["destination"])
    assert set(content["destination"]) <= {"local", "sandbox", "warehouse"} | extras
    assert all(set(one) == {"destination_type"} for one in content["destination"].values())


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for address in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in address:
            continue
        name, _, anchor = address.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), address
        assert target in tracked(), f"{address} is not in git"
        if anchor:
            assert anchor in anchors(target), address


def anchors(document: Path) -> set[str]:
    """Names of headings, as a link has them."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_every_document_of_docs_can_be_found_from_the_readme(document: Path) -> None:
    index = {"decisions": ROOT / "docs/decisions/README.md"}.get(document.parent.name, ROOT / "README.md")
    if document not in (index, ROOT / "README.md"):
        assert str(document.relative_to(index.parent)) in index.read_text()


@pytest.mark.parametrize("document", named(ABOUT_CODE))
def test_every_path_and_module_that_a_document_names_exists(document: Path) -> None:
    for name in re.findall(r"`([^`\n]+)`", document.read_text()):
        if re.fullmatch(r"[\w./*-]+", name) and ("/" in name or re.search(r"\.(py|md|toml|lock)$", name)):
            assert list(ROOT.glob(name)) or is_ignored(name) or name in document_names(document), name
        elif re.fullmatch(r"(sources|pipelines|sandbox|tests)(\.\w+)+", name):
            assert (ROOT / name.replace(".", "/")).exists() or (ROOT / f"{name.replace('.', '/')}.py").exists(), name


def is_ignored(name: str) -> bool:
    """Whether git is told to leave a path alone."""
    command = ["git", "check-ignore", "--quiet", name]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0  # noqa: S603 - a name of a document


def document_names(document: Path) -> set[str]:
    """Names that mean a kind of file and no single one, and a folder that a record says is gone."""
    general = {"README.md", "__init__.py", "endpoints.py", "errors.py", "options.py", "source.py"}
    return general | ({"pipelines/sync"} if document.name.startswith("0014") else set())


def test_the_picture_of_the_architecture_has_every_room_and_no_other() -> None:
    picture = (ROOT / "docs/architecture.md").read_text().split("```mermaid\n")[1].split("```")[0]
    rooms = set(re.findall(r'^\s*(\w+)\["', picture, re.MULTILINE)) - {"rest", "vendors", "ground"}
    folders = {file.parent.name for file in tracked("pipelines/*/__init__.py", "sources/*/__init__.py")}
    assert rooms == (folders - {"rest"}) | {"sandbox", "cli"}


def test_the_prices_of_a_first_load_are_those_of_the_catalogue() -> None:
    limits = (ROOT / "docs/limits-and-restatement.md").read_text()
    table = re.findall(r"^\| (.+) \| (day|week|month) \| ([\d,]+) \| \d+ \|$", limits, re.MULTILINE)
    assert [grain for _, grain, _ in table] == ["day", "week", "month", "day"]
    days = Window(Date(2026, 1, 1), Date(2026, 3, 31))
    for text, grain, units in table:
        named_days = re.match(r"(\S+) to (\S+),", text)
        days = Window(*map(Date.fromisoformat, named_days.groups())) if named_days else days
        assert int(units.replace(",", "")) == price_of_a_first_load(days, Grain(grain)), text
    default = Window(days.end.subtract(days=Options.history_days - 1), days.end)
    assert f"{price_of_a_first_load(default, Grain.DAY):,} units" in README


def price_of_a_first_load(asked: Window, grain: Grain) -> int:
    """Units that the default resources of Atribu cost with nothing loaded."""
    options = Options(api_key=f"atb_live_{'0' * 40}", grain=grain)
    config = RunConfig(SOURCE, options, Request(dataset="atribu", today=asked.end, since=asked.start))
    return cost(plan(config.endpoints, config.days, config.policy, Ledger()).tasks)


def test_the_picture_of_the_first_query_asks_no_other_server() -> None:
    addresses = set(re.findall(r"\w+://[^\"') ]+", render.PICTURE.read_text()))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of the format, which nobody fetches


def test_the_index_of_decisions_has_each_with_its_title_and_date() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    for record in tracked("docs/decisions/[0-9]*.md"):
        title, date = re.findall(r"^# \d+\. (.*)\n\n([\d-]+), commit ", record.read_text())[0]
        assert f"| {record.name[:4]} | [{title}]({record.name}) | {date} |" in index


def test_no_endpoint_is_named_in_code_outside_the_catalogue() -> None:
    code = [*ROOT.glob("sources/rest/**/*.py"), *ROOT.glob("pipelines/**/*.py"), *ROOT.glob("sources/*/source.py")]
    assert len(code) > 50
    strings = {name for file in code for name in re.findall(r'"(\w+)"', file.read_text())}
    assert strings & ({*ENDPOINTS, *ATATUS_ENDPOINTS} - {"revenue"}) == set()


def test_tracked_files_hold_no_registry_no_machine_path_and_no_leftovers() -> None:
    files = tracked()
    assert not [file for file in files if file.suffix in {".duckdb", ".wal", ".parquet"} or file.name == "secrets.toml"]
    mark = re.compile("/sim" + "ple/|index-" + "url|" + re.escape(str(Path.home())) + "/")
    texts = {file: text_of(file) for file in files if file.is_file()}
    assert not [file for file, text in texts.items() if mark.search(text)]


def text_of(file: Path) -> str:
    """Return what is in a file; a compressed one holds text too."""
    return gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
