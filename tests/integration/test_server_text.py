"""What a server says is data: nothing of it gives orders to a terminal, a log or an error."""

from pathlib import Path

import pytest

from tests.integration.conftest import Elt
from tests.scripted import KEY, Say, playing, refusal

NASTY = "\x1b[31m\x1b]0;own\x07[bold]x[/] :smile:\n\u202ejane@example.com joe%2540example.com"
MUST_NOT = ("\x1b", "\x07", "\u202e", "jane", "joe", "\nx")
SYNC = ("sync", "atribu", "--today", "2026-03-31", "--since", "2026-03-30", "--resources", "goals")


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")


@pytest.mark.slow
@pytest.mark.usefixtures("_key")
def test_of_profiles_goals_fields_and_ids_nothing_acts(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [{"id": NASTY, "conversion_key": NASTY, "conversion_type": NASTY, "name": NASTY, NASTY: 1}]
    body = {"data": rows, "meta": {"profile_id": NASTY}}
    with playing(Say(body=body, headers={"X-Request-ID": "req [bold] jane@example.com"})) as script:
        monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", script.url)
        for arguments in (SYNC, ("status", "atribu"), ("check", "atribu", "--resources", "goals")):
            result = elt(*arguments)
            assert result.code == 0, result
            assert [word for word in MUST_NOT if word in result.out + result.err] == []
    with playing(refusal(400, NASTY, NASTY)) as script:
        monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", script.url)
        result = elt(*SYNC)
        assert "server says: '[bold]x[/] :smile: <e-mail> <e-mail>'" in result.err
        assert [word for word in MUST_NOT if word in result.out + result.err] == []
    assert list(tmp_path.glob("**/elt-errors/*")) == []
