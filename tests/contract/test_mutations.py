"""Answers may be all that is described: fractions, nulls, absent fields; every cell is stored as it was sent."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pendulum import Date

from sandbox.atribu import Settings, Size
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.dotted_path import value_at
from sources.rest.reading.bodies import extract_rows
from sources.rest.reading.tables import build
from tests.contract.atribu import ANSWERS
from tests.contract.notation import OPTIONAL, is_nullable, schema_of
from tests.contract.test_contract import RANGE, questions

pytestmark = pytest.mark.untraced

DAYS = [Date(2026, 1, day) for day in range(1, 21)]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    size = Size(visits_per_day=20, conversions_per_day=6)
    return Sandbox(Settings(size=size, today=date.fromisoformat(RANGE["date_to"])), lambda: 0.0)


def mutated(spec: Any, value: Any, chance: random.Random, keys: tuple[str, ...], name: str = "") -> Any:
    """Another value that a description allows; what tells rows apart goes on doing so."""
    if is_nullable(spec) and name not in keys and chance.random() < 0.25:
        return None
    if isinstance(spec, list):
        return [mutated(spec[0], one, chance, keys, name) for one in value]
    if isinstance(spec, tuple) and not isinstance(value, dict):
        return value if name in keys else chance.choice(spec)
    fields = spec[-1] if isinstance(spec, tuple) else spec
    if isinstance(fields, Mapping):
        return dict(_mutated_fields(fields, value, chance, keys))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value + chance.randrange(16) / 16 if is_number else value


def _mutated_fields(
    fields: Mapping[str, Any], value: dict[str, Any], chance: random.Random, keys: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for field, one in fields.items():
        name = field.removesuffix(OPTIONAL)
        if name in value and not (field.endswith(OPTIONAL) and chance.random() < 0.5):
            yield name, mutated(one, value[name], chance, keys, name)


def sent(endpoint: Endpoint, data: Any) -> list[dict[str, Any]]:
    """Rows as they were sent, with what stands beside them."""
    _, _, name = endpoint.rows.partition(".")
    found = data[name] if name else data
    rows = found if isinstance(found, list) else [] if found is None else [found]
    beside = {field: data[field] for field in data if field != name} if name else {}
    return [{**beside, **{f"answer_{field}": beside[field] for field in beside if field in row}, **row} for row in rows]


def cell(column: Column, value: Any) -> Any:
    """What a cell must hold."""
    if value is None:
        return column.missing
    if column.type is Type.DATE:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value).astimezone(UTC) if column.type is Type.TIMESTAMP else value


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(2, 12))])
@pytest.mark.parametrize("endpoint", [pytest.param(row, id=row.name) for row in ENDPOINTS.values()])
def test_whatever_is_allowed_is_stored_cell_by_cell(sandbox: Sandbox, endpoint: Endpoint, seed: int) -> None:
    described: Any = ANSWERS[endpoint.path]
    chance = random.Random(seed)  # noqa: S311 - the same mutations every time
    for address, params in questions(sandbox, endpoint.path):
        if params.get("level"):
            continue  # named otherwise, see tests/integration/test_first_contact.py
        data = mutated(described, sandbox.answer(address.strip("/"), params), chance, endpoint.key)
        assert not [*Draft202012Validator(schema_of(described)).iter_errors(data)]
        rows = extract_rows(endpoint, {"data": data})

        context = {**dict.fromkeys(endpoint.request_names), "score_window": params.get("window", "28d")}
        tables = build(endpoint, rows, context, DAYS)

        truth, table = sent(endpoint, data), tables[endpoint.name].to_pylist()
        stored = [row for row in table if not row["_deleted"]]
        assert len(stored) == len(truth)
        for before, after in zip(truth, stored, strict=True):
            assert {one.name: after[one.name] for one in endpoint.columns} == {
                one.name: cell(one, value_at(before, one.source)) for one in endpoint.columns
            }
        assert {*tables[endpoint.name].column_names} == {one.name for one in endpoint.table_columns}
        for name, child in endpoint.child_tables.items():
            items = [one for row in truth for one in row[child.name]]
            plain = len(child.columns) == 1
            wanted = [[cell(one, item if plain else item.get(one.source)) for one in child.columns] for item in items]
            kept = [row for row in tables[name].to_pylist() if not row["_deleted"]]
            assert [[row[one.name] for one in child.columns] for row in kept] == wanted
