"""A statement that speaks of one profile's rows does so in each of its tables, whatever else it says."""

import pytest
from sqlglot import exp

from pipelines.sql.conditions import any_of, equal, is_set
from pipelines.sql.profiles import COLUMN, of_profile, restricted
from pipelines.sql.reading import rows
from pipelines.sql.rendering import Names, render
from pipelines.sql.statement import Statement
from pipelines.sql.writing import delete
from sources.rest.catalogue.columns import Type
from tests.pipelines.sql.samples import Sample, samples

PLAIN = Names("duckdb", str, lambda name: [name])
ABOUT_ROWS = [
    one
    for one in samples()
    if isinstance(one.statement.expression, exp.Select | exp.Update | exp.Delete)
    and one.fits("postgres")
    and one.statement.expression.find(exp.Table)
]


def owners(statement: Statement) -> list[exp.Expr]:
    """What of a statement reads, changes or deletes rows of a table of its own."""
    kinds = exp.Select, exp.Update, exp.Delete
    return [one for table in statement.expression.find_all(exp.Table) if (one := table.find_ancestor(*kinds))]


@pytest.mark.parametrize("sample", ABOUT_ROWS, ids=lambda one: one.function.__name__)
def test_each_part_that_has_a_table_has_the_condition(sample: Sample) -> None:
    mine = of_profile("5a0d", and_nobodys=False)

    found = restricted(sample.statement, mine, lambda _: True)

    assert owners(found)
    for owner in owners(found):
        assert mine in [one.unnest() for one in owner.args["where"].this.flatten()]
    assert found.types == sample.statement.types


def test_alternatives_of_a_condition_do_not_let_others_in() -> None:
    either = any_of([equal("email", "a"), is_set("name")])

    found = restricted(delete("visitors", [either]), of_profile("5a0d", and_nobodys=True), lambda _: True)

    text, values = render(found, PLAIN)
    assert text == (
        'DELETE FROM "visitors" WHERE ("email" = %s OR NOT "name" IS NULL)'
        ' AND ("profile_id" = %s OR "profile_id" IS NULL)'
    )
    assert values == ["a", "5a0d"]


@pytest.mark.parametrize(
    ("profile", "and_nobodys", "condition"),
    [
        pytest.param("5a0d", False, '("profile_id" = %s)', id="a profile"),
        pytest.param("5a0d", True, '("profile_id" = %s OR "profile_id" IS NULL)', id="the one without a name"),
        pytest.param(None, True, '("profile_id" IS NULL)', id="nobody has told its id"),
        pytest.param(None, False, '("profile_id" IS NULL)', id="nor has it"),
    ],
)
def test_whose_rows_are_meant(profile: str | None, and_nobodys: bool, condition: str) -> None:  # noqa: FBT001 - a case
    asked = rows("channels", {"value": Type.TEXT})

    text, values = render(restricted(asked, of_profile(profile, and_nobodys=and_nobodys), lambda _: True), PLAIN)

    assert text.partition(" WHERE ")[2] == condition
    assert values == ([profile] if profile else [])


def test_a_table_whose_rows_name_no_profile_is_asked_as_it_is() -> None:
    asked = rows("transactions", {"id": Type.TEXT})

    found = restricted(asked, of_profile("5a0d", and_nobodys=False), lambda table: table != "transactions")

    assert render(found, PLAIN) == render(asked, PLAIN)
    assert COLUMN not in render(found, PLAIN)[0]
