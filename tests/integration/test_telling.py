"""What a run says, to whom: lines of a log, documents for machines, calls when it ends."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.atribu import FULL_KEY, Fault
from tests.integration.conftest import Elt, Serve
from tests.listening import listening

DAYS = ("--today", "2026-03-31", "--since", "2026-03-28")
SYNC = ("sync", "atribu", *DAYS, "--resources", "channels,goals")
GOALS = ("sync", "atribu", *DAYS[:2], "--resources", "goals")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d (INFO   |WARNING|ERROR  ) atribu (\S+) local .+")
SCHEMAS = json.loads((Path(__file__).parents[2] / "docs/output.schema.json").read_text())


def fitting(command: str, text: str) -> Any:
    """A document that its schema describes, with nothing that the schema does not know."""
    document: Any = json.loads(text)
    jsonschema.validate(document, {**SCHEMAS, "$ref": f"#/$defs/{command}"})
    return document


@pytest.mark.slow
def test_every_line_of_a_log_has_its_fields_and_the_last_one_is_the_verdict(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    serve().faults.append(Fault("channels", "html", match=lambda query: query["date_from"] == "2026-03-29"))

    result = elt(*SYNC)

    lines = result.err.splitlines()
    assert all(STAMP.fullmatch(line) for line in lines), lines
    assert result.code == 4
    assert " ERROR   atribu - local failed: channels 2026-03-29: " in result.err
    assert re.search(
        r" failed_windows: \d+ rows, 4 windows, 1 failed, 5 units, \d+\.\d min, 0 restated; exit code 4$", lines[-1]
    )
    quiet = elt(*SYNC, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


@pytest.mark.slow
def test_json_lines_and_documents_hold_the_same_for_machines(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELT__LOG_FORMAT", "json")
    serve()

    synced, verified = elt(*SYNC, "--json"), elt("verify", "atribu", *DAYS[:2], "--json")
    checked = elt("check", "atribu", "--resources", "channels", "--json", "--no-write")
    refused = elt("sync", "atribu", "--since", "x", "--json")

    lines = [json.loads(line) for line in synced.err.splitlines()]
    document = fitting("sync", synced.out)
    verdict = {name: lines[-1][name] for name in ("outcome", "exit_code", "rows", "windows", "units")}
    assert lines[-1]["event"] == "verdict"
    assert verdict == {name: document[name] for name in verdict}
    assert verdict | {"rows": 0} == {"outcome": "done", "exit_code": 0, "rows": 0, "windows": 5, "units": 5}
    assert document["resources"] == {"channels": {"windows": 4, "units": 4}, "goals": {"windows": 1, "units": 1}}
    assert fitting("verify", verified.out)["differences"] == []
    assert fitting("check", checked.out)["asked"]
    for command in ("plan", "status", "resources"):
        assert fitting(command, elt(command, "atribu", "--json").out)
    assert fitting("config", elt("config", "atribu", "--json").out)[0]["name"] == "api_key"
    assert fitting("docs", elt("docs", "atribu", "channels", "--json").out)["renamed"] == {}
    assert [(one["level"], one["exit_code"]) for one in map(json.loads, refused.err.splitlines()[1:])] == [
        ("error", 78)
    ]
    assert (refused.code, refused.out) == (78, "")


@pytest.mark.slow
def test_a_person_that_is_looked_for_is_told_as_a_document(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt(*GOALS).code == 0
    counted = elt("forget", "atribu", "--customer-id", "nobody", "--json")
    assert fitting("forget", counted.out)["exit_code"] == counted.code


@pytest.mark.slow
def test_whoever_wants_to_know_is_called_once_when_it_goes_wrong_and_once_when_it_goes_well_again(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve()
    keys = dict(sandbox.settings.keys)
    with listening() as (url, calls), listening() as (heart, beats):
        monkeypatch.setenv("ELT__NOTIFY_URL", url)
        monkeypatch.setenv("ELT__HEARTBEAT_URL", heart)
        codes = [elt(*GOALS).code]
        sandbox.settings.keys.clear()
        codes += [elt(*GOALS).code for _ in range(3)]
        sandbox.settings.keys.update(keys)
        codes += [elt(*GOALS).code for _ in range(2)]

    assert codes == [0, 77, 77, 77, 0, 0]
    assert beats == [None] * 3
    (bad, good) = (dict(call or {}) for call in calls)
    assert bad["text"].startswith("elt sync atribu into local: refused: 0 rows")
    assert bad["text"].endswith("run elt check, and give the configuration a key that works")
    assert [bad["profiles"][0][name] for name in ("outcome", "exit_code", "runs")] == ["refused", 77, 1]
    assert good["text"].startswith("elt sync atribu into local ends well again: done: ")
    assert FULL_KEY not in json.dumps(calls)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        pytest.param({"NOTIFY_URL": "http://127.0.0.1:1/x"}, 78, "notify_url, 127.0.0.1, cannot be called", id="dead"),
        pytest.param(
            {"NOTIFY_URL": "http://hooks.example.com/hidden"}, 78, "notify_url must be https", id="in-plain-text"
        ),
        pytest.param({"LOG_FORMAT": "xml"}, 78, "option log_format of [elt] must be text or json", id="format"),
        pytest.param({"NOTIFI_URL": "https://x.example.com"}, 78, "did you mean 'notify_url'", id="misspelt"),
    ],
)
def test_whom_to_call_is_checked_and_nobody_who_is_away_changes_how_a_run_ends(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], code: int, says: str
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"ELT__{name}", value)

    result = elt("sync", "atribu")

    assert result.code == code
    assert result.err.count(says) == 1, result.err
    assert "hidden" not in result.err
