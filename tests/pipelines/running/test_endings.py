"""How runs have ended is remembered in place: on a full disk, and after a write that was cut off."""

from pathlib import Path

import pytest

from pipelines.running.endings import FOLDER, LastEnd, LastEnds

BAD = LastEnd(exit_code=75, since="2026-03-31T02:15:00+00:00", at="2026-03-31T03:15:00+00:00", runs=2, error="full")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is remembered; nothing is there yet."""
    monkeypatch.setattr("dlt.common.pipeline.get_dlt_pipelines_dir", lambda: str(tmp_path))
    LastEnds("sync", "atribu", "local").write({}, "")
    (found,) = (tmp_path / FOLDER).iterdir()
    return found


def test_it_needs_no_new_block_of_the_disk(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.stat()
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: pytest.fail("another file needs room"))
    ends = LastEnds("sync", "atribu", "local")
    for runs in range(3):
        ends.write({"acme": BAD} if runs else {}, "somebody")
    after = file.stat()
    assert ends.read() == ({"acme": BAD}, "somebody")
    assert (after.st_ino, after.st_size, after.st_blocks) == (before.st_ino, before.st_size, before.st_blocks)
    assert after.st_mode & 0o777 == 0o600


def test_what_was_not_written_to_its_end_leaves_what_was_there_before(file: Path) -> None:
    ends = LastEnds("sync", "atribu", "local")
    ends.write({"acme": BAD}, "somebody")
    whole = file.read_bytes()
    ends.write({}, "somebody")
    half = len(whole) // 2
    changed = [place for place in (0, half) if file.read_bytes()[place : place + half] != whole[place : place + half]]
    with file.open("r+b") as opened:
        opened.seek(changed[0] + 20)
        opened.write(b"\0" * 20)
    assert ends.read() == ({"acme": BAD}, "somebody")
    file.write_bytes(b"[1]")
    assert ends.read() == ({}, "")


def test_many_profiles_find_room(file: Path) -> None:
    ends = LastEnds("sync", "atribu", "local")
    many = {f"brand{number}": BAD for number in range(500)}
    ends.write(many, "")
    assert ends.read()[0] == many
    assert list(file.parent.iterdir()) == [file]
