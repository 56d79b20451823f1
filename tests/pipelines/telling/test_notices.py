"""A night of faults, as the person on call is told of it: what, when, how often."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pipelines.running.endings import FOLDER, LastEnds
from pipelines.running.exit_codes import ExitCode
from pipelines.telling.log import begin
from pipelines.telling.notices import Notices
from pipelines.telling.operating import NotifyFormat, Operating
from pipelines.telling.verdict import Ended, Verdict
from tests.listening import listening

DONE, LATER, REFUSED, FAILED = ExitCode.DONE, ExitCode.LATER, ExitCode.REFUSED, ExitCode.FAILED_WINDOWS
BEGAN = datetime(2026, 3, 31, 20, tzinfo=UTC)


def verdict(code: ExitCode) -> Verdict:
    return Verdict(exit_code=code, rows=7, windows=1, units=1, minutes=0.1)


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where it is remembered what was told."""
    begin("atribu", "local")
    monkeypatch.setattr("dlt.common.pipeline.get_dlt_pipelines_dir", lambda: str(tmp_path))
    return tmp_path / FOLDER


def night(url: str, *hours: dict[str, ExitCode], form: NotifyFormat = NotifyFormat.SLACK) -> Iterator[int]:
    """Let a run of some profiles end each hour; give the exit code after each."""
    for hour, codes in enumerate(hours):
        notices = Notices(
            Operating(notify_url=url, notify_format=form),
            "sync",
            "atribu",
            "local",
            now=partial(BEGAN.__add__, timedelta(hours=hour)),
        )
        ended = [
            Ended(profile=name, verdict=verdict(code), failed=["channels"] if code is FAILED else [])
            for name, code in codes.items()
        ]
        notices.tell(ended, verdict(max(codes.values())))
        yield hour


def test_a_night_is_told_once_when_something_turns_bad_and_once_when_it_is_well(working: Path) -> None:
    hours = [
        {"acme": DONE, "globex": DONE},
        {"acme": LATER, "globex": LATER},  # the server is away
        *[{"acme": LATER, "globex": LATER}] * 3,
        {"acme": DONE, "globex": DONE},
        {"acme": REFUSED, "globex": DONE},  # a key is revoked
        *[{"acme": REFUSED, "globex": DONE}] * 24,
        {"acme": REFUSED, "globex": FAILED},
        {"acme": DONE, "globex": DONE},
    ]
    with listening() as (url, calls):
        told = [(hour, len(calls)) for hour in night(url, *hours)]

    texts = [str((call or {})["text"]).splitlines() for call in calls]
    when = [hour for (hour, now), (_, before) in zip(told, [(0, 0), *told], strict=False) if now > before]
    assert when == [1, 5, 6, 30, 31, 32]
    numbers = "7 rows, 1 windows, 1 units, 0.1 min, 0 restated; exit code"
    acme, globex = ("elt sync atribu of acme into local", "elt sync atribu of globex into local")
    away = "the server or the destination is away, full or held: the next run tries again; see the log if it stays"
    key = "the key is refused or lacks a scope: run elt check, and give the configuration a key that works"
    failed = "the next run asks for what failed again; if it stays, see elt status and the log"
    assert texts == [
        [f"{acme}: later: {numbers} 75; {away}", f"{globex}: later: {numbers} 75; {away}"],
        [f"{acme} ends well again: done: {numbers} 0", f"{globex} ends well again: done: {numbers} 0"],
        [f"{acme}: refused: {numbers} 77; {key}"],
        [f"{acme}: refused: {numbers} 77, 25 runs since 2026-04-01T02:00:00+00:00; {key}"],
        [f"{globex}: failed_windows: {numbers} 4; failed: channels; {failed}"],
        [f"{acme} ends well again: done: {numbers} 0", f"{globex} ends well again: done: {numbers} 0"],
    ]
    assert LastEnds("sync", "atribu", "local").read()[0] == {}
    assert [file.stat().st_mode & 0o777 for file in working.iterdir()] == [0o600]


def test_what_could_not_be_told_is_told_after_the_next_run(working: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hours = [{"": REFUSED}, {"": REFUSED}, {"": DONE}, {"": DONE}]
    with listening("500 Internal Server Error") as (url, calls):
        assert list(night(url, *hours, form=NotifyFormat.JSON)) == [0, 1, 2, 3]

    assert [(call or {})["profiles"][0]["outcome"] for call in calls] == ["refused", "refused", "done", "done"]
    assert capsys.readouterr().err.count("notify_url, 127.0.0.1, has answered 500; the run is as it is") == 4
    for file in working.iterdir():
        file.write_text("[1]")  # what no run has written
    assert list(night(url, {"": DONE})) == [0]


def test_profiles_that_could_not_be_read_are_well_again_once_they_can(working: Path) -> None:
    with listening() as (url, calls):
        assert len(list(night(url, {"": ExitCode.CONFIGURATION}, {"acme": DONE, "globex": DONE}))) == 2
    assert [str((call or {})["text"]).count("well again") for call in calls] == [0, 1]
    assert working.is_dir()
