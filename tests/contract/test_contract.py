"""Catalogue and sandbox are held against one description of the contract."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running
from sandbox.atribu.endpoints import ENDPOINTS as SERVED
from sandbox.atribu.endpoints import JOURNEY
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.endpoints import Endpoint
from tests.contract.atribu import ANSWERS, NEWER, OLDER, PAGED, PARAMETERS, UNTYPED
from tests.contract.notation import Spec, body_of
from tests.contract.rows import described_list, described_rows, disagreements

PATHS = sorted(ANSWERS | UNTYPED)
RANGE = {"date_from": "2026-01-01", "date_to": "2026-01-20"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Sandbox]]:
    app = create_app(
        Settings(
            limit=100_000,
            size=Size(visits_per_day=20, conversions_per_day=6),
            today=date.fromisoformat(RANGE["date_to"]),
        )
    )
    with running(app) as url:
        yield url, app.state.sandbox


def questions(sandbox: Sandbox, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Ways of asking at a path: for the first page of a list, for one that is whole, and at every level."""
    required, optional = PARAMETERS[path]
    ads: Any = sandbox.answer("top-performers", {"limit": 100, "window": "lifetime"})
    campaigns: Any = sandbox.answer("campaigns", RANGE)
    people: Any = sandbox.answer("customers", {**RANGE, "goal": "payment_received", "limit": 100})
    known = {
        **RANGE,
        "entity_ids": ",".join(row["campaign_id"] for row in campaigns),
        "ad_a": ads[0]["ad_external_id"],
        "ad_b": ads[-1]["ad_external_id"],
        "goal": "payment_received",
    }
    whose = next(row["customer_profile_id"] for row in people if row["customer_profile_id"])
    params = {name: known[name] for name in required if name in known}
    if "ad_external_id" in required:
        for ad in ads:
            yield (
                path,
                {"ad_external_id": ad["ad_external_id"], **dict.fromkeys({*optional.split()} & {"window"}, "7d")},
            )
        return
    address = path.format(id=whose)
    yield address, params
    for name, values in {"limit": ("1", "100"), "level": ("ad_set", "ad"), "window": ("7d", "lifetime")}.items():
        if name in optional.split():
            yield from ((address, {**params, name: value}) for value in values)


def schema(path: str, generation: str) -> Any:
    """JSON Schema of a whole body."""
    data: Any = {**ANSWERS, **UNTYPED}[path]
    if generation == "old":
        gone, more = NEWER.get(path, set()), OLDER.get(path, {})

        def older(fields: dict[str, Spec]) -> dict[str, Spec]:
            return {name: one for name, one in (fields | more).items() if name not in gone}

        if path == "/overview":
            data = {name: older(figures) for name, figures in data.items()}
        elif path in OLDER:
            data = [older(data[0])]
    return body_of(data, dated="date_from" in PARAMETERS[path][0], paged=path in PAGED)


@pytest.mark.parametrize("generation", ["new", "old"])
@pytest.mark.parametrize("path", PATHS)
def test_the_sandbox_answers_what_is_described(
    served: tuple[str, Sandbox], monkeypatch: pytest.MonkeyPatch, path: str, generation: str
) -> None:
    url, sandbox = served
    monkeypatch.setattr(sandbox.settings, "generation", generation)
    holds = Draft202012Validator(schema(path, generation))
    for address, params in questions(sandbox, path):
        answer = requests.get(url + address, params, headers={"Authorization": f"Bearer {FULL_KEY}"}, timeout=10)
        found = [f"{error.json_path}: {error.message[:200]}" for error in holds.iter_errors(answer.json())]
        assert (answer.status_code, found) == (200, []), params


def test_every_endpoint_of_the_catalogue_and_of_the_sandbox_is_described() -> None:
    assert {row.path for row in ENDPOINTS.values()} == {*ANSWERS}
    assert {*SERVED} | {"customers/{id}/journey"} == {path.strip("/") for path in PATHS}
    assert {*PARAMETERS} == {*PATHS}


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ENDPOINTS.values()])
def test_every_column_is_described_and_every_field_has_a_column(row: Endpoint) -> None:
    asked_for = {column.name for column in row.variant_columns}
    fields = {name: one for name, one in described_rows(row).items() if name not in asked_for}
    lists = {child.name: child for child in row.lists}
    undocumented = row.levels.columns if row.levels else frozenset()
    columns = {column.source: column for column in row.columns if column.name not in undocumented}
    assert {name for name, one in fields.items() if isinstance(one, list)} == {*lists}
    found = [*disagreements(columns, {name: one for name, one in fields.items() if name not in lists})]
    for name, child in lists.items():
        items = {column.source: column for column in child.columns}
        found += [f"{name}: {one}" for one in disagreements(items, described_list(row, name))]
    assert found == []


@pytest.mark.parametrize("path", PATHS)
def test_the_sandbox_takes_the_parameters_that_are_described(path: str) -> None:
    one = SERVED.get(path.strip("/"), JOURNEY)
    required, optional = PARAMETERS[path]
    assert ({*one.required}, {*one.optional}) == ({*required}, {*optional.split()})


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ENDPOINTS.values()])
def test_the_catalogue_sends_no_other_parameters(row: Endpoint) -> None:
    required, optional = PARAMETERS[row.path]
    sent = {*row.params, *(column.source for column in row.variant_columns), *(row.cursor.params if row.cursor else ())}
    sent |= {*(row.for_each.params if row.for_each else ()), *(("date_from", "date_to") if row.dated else ())}
    assert sent - {*optional.split()} == {*required}
