"""`elt sandbox` is whatever reading of the contract is asked for."""

import pytest

from pipelines.commands.sandbox import STAND_INS
from tests.integration.conftest import Elt


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("pagin=from_last_row", "has no setting 'pagin'; did you mean 'paging'?"),
        (
            "paging=sideways",
            "paging is one of packed_cursor, opaque_cursor, in_pagination, from_last_row, not 'sideways'",
        ),
        ("fractions", "fractions is one of false, true, not ''"),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_those_that_there_are(elt: Elt, setting: str, advice: str) -> None:
    result = elt("sandbox", "atribu", "--set", setting)
    assert (result.code, advice in " ".join(result.err.split())) == (78, True), result.err


def test_settings_are_those_of_the_server(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    monkeypatch.setattr("pipelines.commands.sandbox.serve_app", lambda app, _port: served.append(app))

    assert elt("sandbox", "atribu", "--set", "levels=own_ids", "--set", "fractions=true").code == 0
    assert elt("sandbox", "atatus", "--set", "empty_status=204").code == 0

    first, second = (app.state.sandbox.settings for app in served)  # type: ignore[attr-defined] # both are apps
    assert (first.levels, first.fractions, second.empty_status) == ("own_ids", True, 204)
    assert {name for one in STAND_INS.values() for name in one.choices} > {"paging", "levels", "generation"}
