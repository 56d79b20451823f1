"""The configuration is shown as it is in force, with where it comes from, and without a secret."""

import json
from pathlib import Path

import pytest

from sandbox.atribu import FULL_KEY
from tests.integration.conftest import Elt

HOOK = "https://hooks.example.com/services/hidden"


def test_every_option_says_its_value_and_where_it_comes_from(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "linear,last_touch")
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__GRAIN", "week")
    monkeypatch.setenv("ELT__NOTIFY_URL", HOOK)

    plain, acme = elt("config", "atribu"), elt("config", "atribu", "--profile", "acme", "--json")

    assert (plain.code, acme.code) == (0, 0), plain.err + acme.err
    lines = {line.split("  ")[0]: " ".join(line.split()) for line in plain.out.splitlines()}
    assert lines["models"] == "models linear, last_touch environment SOURCES__ATRIBU__MODELS"
    assert lines["grain"] == "grain day default"
    assert lines["api_key"] == "api_key (secret) environment SOURCES__ATRIBU__API_KEY"
    assert lines["next_api_key"] == "next_api_key default"
    assert lines["notify_url"] == "notify_url (secret) environment ELT__NOTIFY_URL"
    assert lines["working folder"].endswith("environment DLT_DATA_DIR")
    found = {one["name"]: one for one in json.loads(acme.out)}
    assert found["grain"] == {
        "section": "sources.atribu.profiles.acme",
        "name": "grain",
        "value": "week",
        "secret": False,
        "origin": "environment SOURCES__ATRIBU__PROFILES__ACME__GRAIN",
    }
    assert found["models"]["origin"] == "environment SOURCES__ATRIBU__MODELS"
    assert FULL_KEY not in plain.out + acme.out
    assert "hidden" not in plain.out + acme.out
    assert not list(Path().glob("local.duckdb*"))


def test_what_cannot_work_is_named_and_not_shown(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "hour")
    result = elt("config", "atribu")
    assert (result.code, result.out) == (78, "")
    assert "option grain of [sources.atribu] must be day, week or month" in result.err


def test_resources_and_their_columns_are_told_without_a_key(elt: Elt) -> None:
    table, listed = elt("resources", "atribu"), elt("resources", "atribu", "--json")
    docs = json.loads(elt("docs", "atribu", "channels", "--json").out)
    text, wrong = elt("docs", "atribu", "sync_runs").out, elt("docs", "atribu", "chanels")

    found = {one["resource"]: one for one in json.loads(listed.out)}
    assert {name: found[name]["loaded"] for name in ("channels", "customers")} == {"channels": True, "customers": False}
    assert found["customers"]["units"] == 3
    assert [line.split()[:3] for line in table.out.splitlines() if line.startswith("customers ")] == [
        ["customers", "3", "customers:read"]
    ]
    assert {"name": "value", "type": "text"}.items() <= {
        key: one[key] for one in docs["tables"]["channels"] if one["name"] == "value" for key in ("name", "type")
    }.items()
    assert any(line.startswith("exit_code") for line in text.splitlines())
    assert (wrong.code, "did you mean 'channels'" in wrong.err) == (78, True)


def test_a_shell_completes_commands_and_options(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ELT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "elt sync atribu --log")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert elt().out.split() == ["--log-format"]
