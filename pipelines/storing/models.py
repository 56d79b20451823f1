"""The models of the dbt package, read without dbt: the same files, whose words for dbt are filled in here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, StrictUndefined

from pipelines.sql.views import VIEWS

PACKAGE: Final = Path(__file__).parents[1] / "models"
"""A link to the package, which lies at the top."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model.

    Attributes:
        name: of the model, and of its view.
        query: its SQL; each table in it is named `place.table`.
        tables: those that the connector loads, as place and table.
        models: those that it is built on.
        description: what a row of it is.
        columns: what its columns hold.
    """

    name: str
    query: str
    tables: frozenset[tuple[str, str]]
    models: frozenset[str]
    description: str
    columns: Mapping[str, str]


@dataclass
class _Words:
    """What dbt has words for in a model; each notes what is said with it."""

    variables: Mapping[str, Any]
    enabled: bool = True
    tables: set[tuple[str, str]] = field(default_factory=set)
    models: set[str] = field(default_factory=set)

    def config(self, **settings: Any) -> str:
        self.enabled = self.enabled and bool(settings.get("enabled", True))
        return ""

    def ref(self, name: str) -> str:
        self.models.add(name)
        return f'"{VIEWS}.{name}"'

    def source(self, place: str, table: str) -> str:
        self.tables.add((place, table))
        return f'"{place}.{table}"'

    def var(self, name: str) -> Any:
        return self.variables[name]

    def all(self) -> dict[str, Callable[..., Any]]:
        return {"config": self.config, "ref": self.ref, "source": self.source, "var": self.var}


def models_of(source: str, attribution_model: str | None) -> list[Model]:
    """Return the models about a source, each after those that it is built on.

    Args:
        source: name of the source.
        attribution_model: the one that models speak of where they choose one; that of the package unless given.
    """
    settings = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text())
    described = {one["name"]: one for one in _entries("models")}
    switches = {one["name"]: one["name"] == source for one in _entries("sources")}
    variables = {**settings["vars"], **switches, "personal": True}
    if attribution_model:
        variables["attribution_model"] = attribution_model
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL, of our own files
    for file in sorted(PACKAGE.glob("macros/*.sql")):
        module = environment.from_string(file.read_text()).module
        environment.globals |= {name: word for name, word in vars(module).items() if callable(word)}
    files = [file for folder in settings["model-paths"] for file in sorted(PACKAGE.glob(f"{folder}/*.sql"))]
    make = partial(_model, environment, variables, described)
    found = {model.name: model for model in map(make, files) if model}
    return [found[name] for name in TopologicalSorter({one.name: one.models for one in found.values()}).static_order()]


def _model(
    environment: Environment, variables: Mapping[str, Any], described: Mapping[str, Any], file: Path
) -> Model | None:
    """One model; None where it is switched off."""
    words = _Words(variables)
    query = environment.from_string(file.read_text(), globals=words.all()).render()
    if not words.enabled:
        return None
    about = described[file.stem]
    return Model(
        name=file.stem,
        query=query,
        tables=frozenset(words.tables),
        models=frozenset(words.models),
        description=about["description"],
        columns={one["name"]: one["description"] for one in about["columns"]},
    )


def buildable(models: Sequence[Model], tables: set[tuple[str, str]]) -> tuple[list[Model], dict[str, frozenset[str]]]:
    """Return the models that can be built on the tables that exist, and for each other one which tables it lacks."""
    lacking: dict[str, frozenset[str]] = {}
    for one in models:
        missing = {table for _, table in one.tables - tables}
        missing |= {table for name in one.models for table in lacking.get(name, ())}
        if missing:
            lacking[one.name] = frozenset(missing)
    return [one for one in models if one.name not in lacking], lacking


def _entries(kind: str) -> Iterator[Mapping[str, Any]]:
    """What the package says of its models or sources."""
    for file in sorted(PACKAGE.glob("*/*.yml")):
        yield from yaml.safe_load(file.read_text()).get(kind, ())
