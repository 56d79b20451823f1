"""A signal ends every profile that is at work, soon and cleanly; a kill costs each a slice, and nothing else."""

import random
import signal
from pathlib import Path

import pytest

from tests import database
from tests.brands import id_of, key_of, served_brands
from tests.processes import ARGUMENTS, Machine, Tables, ended, killed, wait_until

pytestmark = pytest.mark.untraced

NAMES = ("acme", "globex", "initech")


@pytest.mark.slow
def test_a_signal_ends_all_profiles_and_what_they_have_read_stays(tmp_path: Path) -> None:
    with served_brands(NAMES) as (brands, url):
        keys = {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in NAMES}
        machine = Machine(tmp_path, url, options={"RESTATEMENT": "none"}, limit=10, period=120.0, environment=keys)
        process = machine.start(*ARGUMENTS, "--all-profiles")
        wait_until(lambda: all(one.units_spent >= machine.limit for one in brands.values()), process)

        process.send_signal(signal.SIGTERM)
        end = ended(process, 20)

        assert end.code == 143, end
        assert "Traceback" not in end.err
        last = end.err.splitlines()[-1]
        assert "0 of 3 profiles done, 3 terminated (143); " in last
        assert last.endswith("; exit code 143")
        with database.connect(machine.file, read_only=True) as connection:
            runs = connection.execute("SELECT profile_id, outcome FROM atribu.sync_runs ORDER BY 1").fetchall()
            held = connection.execute("SELECT count(*) FROM atribu.run_lease WHERE holder IS NOT NULL").fetchall()
        assert runs == sorted((id_of(name), "terminated") for name in NAMES)
        assert held == [(0,)]
        machine.limit = 1000
        assert machine.sync_here(*ARGUMENTS, "--all-profiles").code == 0
        channels = machine.query("SELECT profile_id, count(DISTINCT date) FROM atribu.channels GROUP BY 1 ORDER BY 1")
        assert [profile for profile, _ in channels] == sorted(map(id_of, NAMES))


@pytest.mark.slow
def test_a_signal_ends_profiles_that_wait_to_be_told_whose_key_they_have(tmp_path: Path) -> None:
    with served_brands(NAMES, latency=30.0) as (brands, url):
        keys = {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in NAMES}
        machine = Machine(tmp_path, url, options={"REQUEST_TIMEOUT": 2}, environment=keys)
        process = machine.start(*ARGUMENTS, "--all-profiles")
        wait_until(lambda: all(one.units_spent for one in brands.values()), process)

        process.send_signal(signal.SIGTERM)
        end = ended(process, 20)

        assert end.code == 143, end
        assert end.err.count("stopped by a signal") == len(NAMES)


@pytest.mark.sweep
def test_kills_of_all_profiles_at_once_change_nothing_of_what_they_come_to(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    with served_brands(NAMES) as (_, url):
        keys = {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in NAMES}
        found: list[Tables] = []
        for kills in (0, 8):
            folder = tmp_path / str(kills)
            folder.mkdir()
            machine = Machine(folder, url, options={"RESTATEMENT": "none"}, limit=20, period=2.0, environment=keys)
            hit = [killed(machine, chance, 6.0, *ARGUMENTS, "--all-profiles") for _ in range(kills)]
            assert any(hit) or not kills
            machine.limit, machine.period = 1000, 1.0
            assert machine.sync_here(*ARGUMENTS, "--all-profiles").code == 0
            found.append(machine.tables())
        assert found[0] == found[1]
