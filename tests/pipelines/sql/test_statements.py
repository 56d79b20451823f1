"""Every statement can be written for every destination, and is written in one folder only."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest
import sqlglot
from sqlglot import exp

import pipelines
import sources
from pipelines import sql
from pipelines.sql import indexes
from pipelines.sql.conditions import any_of, equal, is_set, one_of
from pipelines.sql.reading import rows
from pipelines.sql.rendering import PLACEHOLDER, Names, render
from pipelines.sql.statement import Statement, column, table, value
from pipelines.sql.writing import delete, update
from sources.rest.catalogue.columns import Type
from tests.pipelines.sql.__main__ import main
from tests.pipelines.sql.samples import DESTINATIONS, Sample, names_for, samples

VERBS = "SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|CREATE|ALTER|DROP|TRUNCATE|ATTACH|DETACH|COPY|PRAGMA|CALL|SET"
CLAUSES = "FROM|WHERE|AND|OR|GROUP BY|ORDER BY|PARTITION BY|LIMIT|VALUES"
STATEMENT = re.compile(rf"^\s*({VERBS})\s|^\s*(CHECKPOINT|VACUUM)\b|\b({CLAUSES})\s")
PLAIN = Names("duckdb", str, lambda name: [name])


def statement_functions() -> set[str]:
    """Functions of the folder that make statements."""
    modules = [import_module(f"{sql.__name__}.{one.name}") for one in iter_modules(sql.__path__)]
    return {
        f"{module.__name__}.{name}"
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if inspect.signature(function).return_annotation is Statement and function.__module__ == module.__name__
    }


def written(statement: Statement, names: Names = PLAIN) -> str:
    return render(statement, names)[0]


def test_every_statement_has_a_sample() -> None:
    assert statement_functions() == {f"{one.function.__module__}.{one.function.__name__}" for one in samples()}


@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.function.__name__)
def test_a_statement_can_be_written_for_a_destination(sample: Sample, destination: str) -> None:
    if not sample.fits(destination):
        return
    names = names_for(destination)

    text, values = render(sample.statement, names)

    assert text.count(PLACEHOLDER) == text.count("%") == len(values)
    assert not set(text) & {"\0", ":", ";"}  # to a driver, some of these mean more than to the database
    assert not any(isinstance(one, str) and one in text for one in values)
    parsed = sqlglot.parse_one(text.replace(PLACEHOLDER, "?"), dialect=names.dialect)
    assert len(list(parsed.find_all(exp.Placeholder))) == len(values)
    if isinstance(parsed, exp.Query):
        assert len(parsed.selects) == len(sample.statement.types)
        assert all(one.alias_or_name for one in parsed.selects) or sample.function.__name__ == "own_name"
    if sample.fits("postgres"):
        named = [one.parts for one in parsed.find_all(exp.Table)]
        named += [parsed.this.parts[:-1]] if isinstance(parsed, exp.Comment) and parsed.this.find(exp.Column) else []
        tables = [".".join(part.name for part in parts).lower() for parts in named]
        assert tables or sample.function is indexes.indexed
        assert all(one.startswith(("atribu.", "catalog.atribu.", "database.atribu___")) for one in tables)


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_person_can_look_at_all_of_them(destination: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(destination)

    told = capsys.readouterr().out
    assert told.count("-- last_answers\nSELECT") == 1
    assert ("-- checkpoint" in told) == (destination == "duckdb")


def test_names_are_those_of_the_destination() -> None:
    statement = rows("channels", {"value": Type.TEXT}, [equal("date", 1)])

    assert written(statement, names_for("snowflake")) == 'SELECT "VALUE" FROM "ATRIBU"."CHANNELS" WHERE "DATE" = %s'
    assert written(statement, names_for("clickhouse")) == (
        'SELECT "value" FROM "database"."atribu___channels" WHERE "date" = %s'
    )
    assert written(statement, names_for("bigquery")) == (
        "SELECT `value` FROM `catalog`.`atribu`.`channels` WHERE `date` = %s"
    )
    odd = Names("duckdb", str, lambda name: ['my "own" file', name])
    assert written(statement, odd) == 'SELECT "value" FROM "my ""own"" file"."channels" WHERE "date" = %s'


def test_values_come_in_the_order_of_their_places_in_the_text() -> None:
    limited = exp.select(column("a")).from_(table("t")).where(equal("a", "first")).limit(value(5))
    statement = Statement(limited, (Type.TEXT,))

    assert render(statement, PLAIN) == ('SELECT "a" FROM "t" WHERE "a" = %s LIMIT %s', ["first", 5])
    assert render(statement, names_for("mssql")) == (
        "SELECT TOP (%s) [a] FROM [atribu].[t] WHERE [a] = %s",
        [5, "first"],
    )


def test_a_statement_can_be_written_again() -> None:
    statement = delete("t", [one_of("a", ["x"])])

    assert render(statement, names_for("snowflake")) == render(statement, names_for("snowflake"))
    assert render(statement, PLAIN) == ('DELETE FROM "t" WHERE "a" IN (%s)', ["x"])


def test_conditions_that_hold_together_keep_apart_from_those_of_which_one_must_hold() -> None:
    either = any_of([is_set("a"), equal("b", 1)])

    assert written(delete("t", [either, equal("c", 2)])) == (
        'DELETE FROM "t" WHERE (NOT "a" IS NULL OR "b" = %s) AND "c" = %s'
    )
    assert written(rows("t", {"a": Type.TEXT}, [either, equal("c", 2)])) == (
        'SELECT "a" FROM "t" WHERE (NOT "a" IS NULL OR "b" = %s) AND "c" = %s'
    )


def test_one_of_nothing_is_nothing() -> None:
    assert written(delete("t", [one_of("a", [])])) == 'DELETE FROM "t" WHERE FALSE'
    assert written(delete("t", [one_of("a", [])]), names_for("mssql")) == "DELETE FROM [atribu].[t] WHERE (1 = 0)"


def test_null_is_no_value_beside_the_text() -> None:
    assert render(update("t", {"a": None, "b": 0}, []), PLAIN) == (
        'UPDATE "t" SET "a" = NULL, "b" = %s WHERE TRUE',
        [0],
    )


def modules_outside() -> Iterator[Path]:
    for package in (pipelines, sources):
        for file in Path(package.__path__[0]).rglob("*.py"):
            if Path(sql.__path__[0]) not in file.parents:
                yield file


def texts_of(tree: ast.Module) -> Iterator[ast.Constant]:
    """Texts of a module that are no docstrings."""
    statements = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node


def test_sql_is_written_in_one_folder() -> None:
    found = [
        f"{file.name}:{text.lineno}"
        for file in modules_outside()
        for text in texts_of(ast.parse(file.read_text()))
        if STATEMENT.search(str(text.value))
    ]

    assert found == []
    assert not [file for file in modules_outside() if "S608" in file.read_text()]


@pytest.mark.parametrize(
    ("text", "is_sql"),
    [
        ("SELECT 1", True),
        (" FROM channels", True),
        ("DELETE FROM a", True),
        ("ATTACH 'x'", True),
        ("update the options", False),
        ("nothing came from the API", False),
        ("CHECKPOINT", True),
        ("DELETE", False),
    ],
)
def test_what_counts_as_sql(text: str, *, is_sql: bool) -> None:
    assert bool(STATEMENT.search(text)) == is_sql


def test_the_folder_knows_no_pipeline_and_no_connection() -> None:
    engine = {"dlt.pipeline", "dlt.destinations", "pipelines.destinations", "pipelines.storing"}
    for one in iter_modules(sql.__path__):
        module: ModuleType = import_module(f"{sql.__name__}.{one.name}")
        tree = ast.parse(inspect.getsource(module))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not {name for name in imported if name.startswith(tuple(engine))}
