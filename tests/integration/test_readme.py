"""What documents show can be done: the first query and its picture, queries, the line for cron, lines of plain dlt."""

import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from docs import render
from docs.answers import DICTIONARY
from pipelines import first_query
from tests.integration.conftest import Elt, Serve

pytestmark = [pytest.mark.untraced, pytest.mark.duckdb_file("the demo loads one")]

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted({*ROOT.glob("docs/*.md")} - {DICTIONARY})
"""Those whose queries run on few tables; the dictionary's run with its views."""

README = (ROOT / "README.md").read_text()


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_first_query_gives_the_answer_that_is_pictured(elt: Elt) -> None:
    assert elt("sync", "atribu", "--sandbox", "--today", "2026-03-31", "--resources", "channels").code == 0

    with redirect_stdout(StringIO()) as output:
        first_query.main("sandbox.duckdb")

    (query,) = blocks("sql", README)
    assert query.strip() in output.getvalue()
    assert render.PICTURE.read_text() == render.picture(output.getvalue()), "run `make docs`"


@pytest.mark.slow
def test_queries_of_the_documents_run(elt: Elt) -> None:
    resources = ("--resources", "channels,campaigns", "--since", "2026-03-30")
    assert elt("sync", "atribu", "--sandbox", "--today", "2026-03-31", *resources).code == 0

    queries = [query for file in DOCUMENTS for query in blocks("sql", file.read_text())]

    assert queries
    with duckdb.connect("sandbox.duckdb", read_only=True) as connection:
        spend, *_ = [connection.sql(query).fetchall() for query in queries]
    assert spend


@pytest.mark.parametrize(("code", "mailed"), [(0, ""), (3, ""), (75, ""), (78, "elt sync atribu: 78, see elt.log\n")])
def test_the_line_for_cron_says_something_only_if_somebody_has_to_look(tmp_path: Path, code: int, mailed: str) -> None:
    stand_in = tmp_path / ".venv/bin/elt"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(f'#!/bin/sh\necho table\necho "$@" >&2\nexit {code}\n')
    stand_in.chmod(0o700)
    line, _ = blocks("cron", README)
    schedule, command = line.split(" cd ", 1)
    assert len(schedule.split()) == 5

    done = subprocess.run(  # noqa: S603 - the README's own line
        ["/bin/sh", "-c", "cd " + command.replace("/srv/elt", str(tmp_path))],
        check=True,
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.stderr) == (mailed, "")
    assert (tmp_path / "elt.log").read_text() == "sync atribu\n"


@pytest.mark.slow
def test_the_lines_of_plain_dlt_load_the_tables_that_they_name(serve: Serve) -> None:
    serve()
    code, _ = blocks("python", (ROOT / "docs/plain-dlt.md").read_text())

    exec(compile(code.replace("2026-01-01", "2026-03-25"), "plain-dlt.md", "exec"), {})  # noqa: S102 - the document's own lines

    with duckdb.connect("marketing.duckdb", read_only=True) as connection:
        (counts,) = connection.sql(
            "SELECT (SELECT count(*) FROM atribu.timeseries), (SELECT count(*) FROM atribu.channels)"
        ).fetchall()
    assert min(counts) > 0


@pytest.mark.slow
def test_dlt_reads_what_the_command_has_loaded_by_the_lines_of_the_document(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt("sync", "atribu", "--since", "2026-03-30", "--today", "2026-03-31", "--resources", "channels").code == 0
    _, code = blocks("python", (ROOT / "docs/plain-dlt.md").read_text())

    found: dict[str, Any] = {}
    exec(compile(code, "plain-dlt.md", "exec"), found)  # noqa: S102 - the document's own lines

    with duckdb.connect("local.duckdb", read_only=True) as connection:
        expected = connection.execute("SELECT * FROM atribu.channels").fetchall()
    assert set(found["rows"]) == set(expected)
    assert len(found["rows"]) == len(expected) > 0
    dlt_command = Path(sys.executable).with_name("dlt")
    info = [str(dlt_command), "pipeline", "-v", "atribu", "info"]
    told = subprocess.run(info, check=True, capture_output=True, text=True)  # noqa: S603 - of our own environment
    assert "channels" in told.stdout
