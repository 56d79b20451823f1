"""Processes that use one key share its rate limit through a private file, and each goes on where that cannot be."""

import fcntl
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from sources.rest.calling import spending_stores
from sources.rest.calling.budget import SIGN_SECONDS, Budget, Reservation
from sources.rest.calling.spending_stores import SharedFile, user_folder
from tests.benchmarks.processes import refused
from tests.clock import Clock
from tests.sources.rest.calling.rate_limiters import burst, heard

Log = list[str]


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    lines: Log = []
    monkeypatch.setattr(
        "sources.rest.calling.spending_stores._log.warning", lambda text, what: lines.append(text % what)
    )
    return lines


@pytest.fixture
def process(tmp_path: Path, clock: Clock) -> Callable[[], Budget]:
    """Make the budget of one more process."""

    def start(limit: int = 10) -> Budget:
        store = SharedFile(lambda: tmp_path / "own", lambda: "key.json")
        return Budget(limit, 60.0, clock=clock, store=store, answer_within=30.0)

    return start


@pytest.mark.slow
def test_two_processes_are_not_refused_by_the_server(tmp_path: Path) -> None:
    requests, times = refused(2, 30, tmp_path, limit=40, period=1.0)
    assert (requests, times) == (60, 0)


def test_what_one_has_spent_the_other_may_not(process: Callable[[], Budget], clock: Clock) -> None:
    one, other = heard(process()), heard(process())
    assert [one.reserve(3).wait, other.reserve(3).wait] == [0, 0]
    assert burst(one) == 2
    assert other.reserve(1).wait > 0
    clock.now += 25
    one.settle(Reservation(5))
    clock.now += 96  # two periods after the answers that came at once, and not after the others
    assert burst(other) == 6


def test_a_wait_that_the_server_asks_for_holds_for_all(process: Callable[[], Budget]) -> None:
    one, other = heard(process()), heard(process())
    one.block(20)
    assert other.reserve(1).wait == 20


def test_units_of_a_process_that_has_died_come_back_as_if_it_had_been_answered_at_the_last_moment(
    process: Callable[[], Budget], clock: Clock
) -> None:
    one, other = heard(process()), heard(process())
    clock.now += 60
    assert burst(one) == 8
    clock.now += 90.5
    assert burst(other) == 2
    other.refund(Reservation(2))
    clock.now += 3.2
    other.refund(Reservation(gained := burst(other)))
    assert gained == 2
    clock.now += 58  # two periods after that moment
    assert burst(other) == 10


def test_light_calls_of_one_process_do_not_starve_a_heavy_one_of_another(
    process: Callable[[], Budget], clock: Clock
) -> None:
    light, heavy = heard(process()), heard(process())
    clock.now += 130
    assert burst(light) == 10
    light.settle(Reservation(10))
    clock.now += 65
    assert heavy.reserve(3).wait > 0
    clock.now += 2  # one unit is back
    assert light.reserve(1).wait > 0
    clock.now += SIGN_SECONDS  # the heavy one has gone
    assert light.reserve(1).wait == 0


def test_the_file_is_the_users_alone_and_says_nothing_of_the_key(tmp_path: Path, process: Callable[[], Budget]) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    heard(process())
    file = tmp_path / "own" / "key.json"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file.parent, file)] == [0o700, 0o600]
    assert set(orjson.loads(file.read_bytes())) == {
        "epoch",
        "boot",
        "answered",
        "passed",
        "blocked_until",
        "reserved",
        "waiting",
        "era",
        "sent",
        "promised",
        "places",
        "doubted",
        "left_alone",
        "left_alone_since",
        "refused_at",
    }


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"held": [1', id="half"),
        pytest.param(b"[]", id="another-shape"),
        pytest.param(b'{"epoch": 1, "held": ["x"]}', id="another-time"),
        pytest.param(b"\xff" * 5000, id="noise"),
    ],
)
def test_a_file_that_is_missing_or_damaged_is_made_anew(
    tmp_path: Path, process: Callable[[], Budget], log: Log, content: bytes
) -> None:
    file = tmp_path / "own" / "key.json"
    one = heard(process())
    file.write_bytes(content)
    assert burst(one) == 9  # of what it has spent itself it knows
    file.unlink()
    other = process()
    assert other.reserve(1).wait == 0
    one.settle(Reservation(9))
    other.settle(Reservation(1))
    assert burst(other) == 0
    assert log == []


def test_a_clock_that_is_set_while_processes_run_changes_nothing(
    process: Callable[[], Budget], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not spending_stores.BOOT_ID.exists():
        pytest.skip("nothing but its clock tells when this machine started")
    one, other = heard(process()), heard(process())
    assert burst(one) == 8
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert burst(other) == 0


@pytest.mark.parametrize(("boot", "epoch"), [("another", 0.0), ("", 3600.0)])
def test_a_file_of_another_start_of_the_machine_says_nothing(
    tmp_path: Path, process: Callable[[], Budget], boot: str, epoch: float
) -> None:
    file = tmp_path / "own" / "key.json"
    assert burst(heard(process())) == 9
    known = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(known | {"boot": boot, "epoch": known["epoch"] + epoch}) + b"\n")
    assert burst(heard(process())) == 9


def test_what_a_longer_text_has_left_behind_is_passed_over(tmp_path: Path, process: Callable[[], Budget]) -> None:
    one, other = heard(process()), heard(process())
    with (tmp_path / "own" / "key.json").open("ab") as file:
        file.write(b'0.5], "waiting": {}}\n')
    assert burst(one) == 8
    assert other.reserve(1).wait > 0


def unwritable(folder: Path) -> None:
    folder.write_text("no folder")


def of_another_kind(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "key.json")


def a_link(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "key.json").symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("spoil", [unwritable, of_another_kind, a_link])
def test_a_process_goes_on_alone_where_it_cannot_share_and_says_so_once(
    tmp_path: Path, process: Callable[[], Budget], log: Log, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "own")
    budget = heard(process())
    assert burst(budget) == 9
    assert len(log) == 1
    assert log[0].startswith("the rate limit is not shared with other processes of this machine")
    assert not (tmp_path / "elsewhere").exists()


def test_nobody_waits_for_a_lock_for_longer_than_a_moment(
    tmp_path: Path, process: Callable[[], Budget], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_stores, "LOCK_SECONDS", 0.05)
    budget = heard(process())
    with (tmp_path / "own" / "key.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert burst(budget) == 9
    assert len(log) == 1


def test_the_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert user_folder() == tmp_path / ".cache" / "elt-connectors"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert user_folder() == Path("/elsewhere/elt-connectors")
