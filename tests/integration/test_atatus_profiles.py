"""Several keys of Atatus, whose answers name no profile: rows are told apart by project."""

from datetime import date

import pytest

from sandbox.atatus import PROJECTS, READ_KEY, Key
from tests.integration.atatus_truth import days_asked, loaded, truth
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

FIRST, LAST = date(2026, 3, 10), date(2026, 3, 14)
SYNC = ("sync", "atatus", "--since", str(FIRST), "--today", str(LAST))
OTHER_KEY = "e5" * 16


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a profile for each project."""
    for name, key, project in (("SHOP", READ_KEY, PROJECTS[0]), ("APP", OTHER_KEY, PROJECTS[1])):
        monkeypatch.setenv(f"SOURCES__ATATUS__PROFILES__{name}__API_KEY", key)
        monkeypatch.setenv(f"SOURCES__ATATUS__PROFILES__{name}__PROJECTS", project)


@pytest.mark.slow
def test_each_profile_loads_its_projects_into_the_same_tables(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus(as_of=LAST)
    sandbox.settings.keys[OTHER_KEY] = Key("Read")
    # what was loaded without a name, with the first project only
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", PROJECTS[0])
    assert elt(*SYNC).code == 0
    before = days_asked(sandbox)
    for name, key, project in (("SHOP", READ_KEY, PROJECTS[0]), ("APP", OTHER_KEY, PROJECTS[1])):
        monkeypatch.setenv(f"SOURCES__ATATUS__PROFILES__{name}__API_KEY", key)
        monkeypatch.setenv(f"SOURCES__ATATUS__PROFILES__{name}__PROJECTS", project)

    result = elt(*SYNC, "--all-profiles")

    assert result.code == 0, result.err
    assert loaded("transactions") == truth(sandbox, PROJECTS, FIRST, LAST)
    assert days_asked(sandbox) - before <= 5 + 2  # the days of the second project; today, and a check, of the first
    assert {row["profile_id"] for row in rows_of("sync_windows", dataset="atatus")} == {None, "shop", "app"}
    assert elt("verify", "atatus", "--all-profiles", "--today", str(LAST)).code == 0
    assert elt("forget", "atatus", "--all-profiles", "--email", "a@b.example").code == 78


@pytest.mark.slow
@pytest.mark.usefixtures("two")
def test_a_project_belongs_to_one_profile(serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = serve_atatus(as_of=LAST)
    sandbox.settings.keys[OTHER_KEY] = Key("Read")
    monkeypatch.setenv("SOURCES__ATATUS__PROFILES__APP__PROJECTS", ",".join(PROJECTS))

    refused = elt(*SYNC, "--all-profiles")

    assert refused.code == 78
    assert f"the profiles app and shop ask for the same, {PROJECTS[0]}" in refused.err
    assert sandbox.log == []
    monkeypatch.setenv("SOURCES__ATATUS__PROFILES__APP__DATASET", "app")
    assert elt(*SYNC, "--all-profiles").code == 0


@pytest.mark.usefixtures("two")
def test_rows_that_nothing_tells_apart_need_a_dataset_of_their_own(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus(as_of=LAST)
    sandbox.settings.keys[OTHER_KEY] = Key("Read")
    sandbox.settings.extra["teams"] = [{"id": "a"}]
    monkeypatch.setenv("SOURCES__ATATUS__ENDPOINTS", '[{"name": "teams", "path": "/teams", "primary_key": ["id"]}]')

    refused = elt(*SYNC, "--profile", "shop")

    assert refused.code == 78
    assert "rows of teams name neither a profile nor what was asked for" in refused.err
