"""Whatever source the command line names has all that a source needs."""

from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from pipelines.commands import sandbox as stand_in
from pipelines.parameters import SourceName

ROOT = Path(__file__).parents[2]


def test_there_is_a_sandbox_for_every_source_and_for_nothing_else() -> None:
    assert set(stand_in.STAND_INS) == set(SourceName)


@pytest.mark.parametrize("name", SourceName)
def test_a_source_has_a_catalogue_a_scenario_and_a_document(name: SourceName) -> None:
    source = import_module(f"sources.{name}.source").SOURCE
    options = source.configured(**stand_in.STAND_INS[name].options)
    assert source.name == name
    assert source.select((), options)
    assert (ROOT / "pipelines" / f"{name}.py").is_file()
    assert (ROOT / "sources" / name / "README.md").is_file()


@pytest.mark.parametrize("name", SourceName)
def test_what_is_set_for_a_sandbox_are_options_of_its_source(name: SourceName) -> None:
    source = import_module(f"sources.{name}.source").SOURCE
    known = {field.name for field in fields(source.options)}
    assert set(stand_in.STAND_INS[name].options) | set(source.keyless) <= known
