"""The README's first query gives the README's answer, and its five lines of dlt work."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import duckdb

from pipelines import first_query
from tests.integration.conftest import Elt, Serve

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_first_query_gives_the_answer_that_is_printed(elt: Elt) -> None:
    assert elt("sync", "atribu", "--sandbox", "--today", "2026-03-31", "--resources", "channels").code == 0

    with redirect_stdout(StringIO()) as output:
        first_query.main("atribu.duckdb")

    query, answer = re.findall(r"```(?:sql|text)\n(.*?)```", README, re.DOTALL)[:2]
    assert query.strip() in output.getvalue()
    assert answer.strip() in output.getvalue()


def test_the_lines_of_plain_dlt_load_the_tables_that_they_name(serve: Serve) -> None:
    serve()
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    exec(compile(code.replace("2026-01-01", "2026-03-25"), "README.md", "exec"), {})  # noqa: S102 - the README's own lines

    with duckdb.connect("marketing.duckdb", read_only=True) as connection:
        (counts,) = connection.sql(
            "SELECT (SELECT count(*) FROM atribu.timeseries), (SELECT count(*) FROM atribu.channels)"
        ).fetchall()
    assert min(counts) > 0
