"""How a command is started with an empty disk, and what its exit code asks of an orchestrator."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.running.exit_codes import ExitCode
from pipelines.running.orchestrated import (
    Decision,
    address,
    command,
    days_of,
    environment,
    pool_of,
    task_instance_mutation_hook,
    told,
    verdict,
)


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        (0, Decision.DONE),
        (3, Decision.DONE),
        (4, Decision.FAIL),
        (2, Decision.FAIL),
        (70, Decision.FAIL),
        (75, Decision.RETRY),
        (77, Decision.FAIL),
        (78, Decision.FAIL),
        (130, Decision.RETRY),
        (143, Decision.RETRY),
        (-9, Decision.RETRY),
        (1, Decision.FAIL),
    ],
)
def test_only_what_heals_by_itself_is_tried_again(code: int, decision: Decision) -> None:
    assert verdict(code).decision is decision


def test_every_exit_code_is_decided_on_and_told_by_its_name() -> None:
    assert [told(code).partition(" (")[0] for code in ExitCode] == [code.name.lower() for code in ExitCode]
    assert told(1) == "exit code 1: nobody knows this exit code"


def test_a_backfill_asks_for_the_days_of_its_interval_and_nothing_else_names_days() -> None:
    start, end = datetime(2026, 3, 1, 6, 15, tzinfo=UTC), datetime(2026, 3, 2, 6, 15, tzinfo=UTC)
    days = days_of(start, end)

    assert days == (date(2026, 3, 1), date(2026, 3, 1))
    assert days_of(start, datetime(2026, 3, 8, tzinfo=UTC)) == (date(2026, 3, 1), date(2026, 3, 7))
    assert days_of(start, start) == (date(2026, 3, 1), date(2026, 3, 1))
    words = command("elt", "sync", "atribu", profile="acme", destination="warehouse", days=days)
    assert words[2:] == [
        *("atribu", "--destination", "warehouse", "--profile", "acme", "--since", "2026-03-01", "--until"),
        "2026-03-01",
    ]
    assert command("elt", "verify", "atribu", profile="", destination="warehouse") == [
        *("elt", "verify", "atribu", "--destination", "warehouse")
    ]


def test_a_command_gets_its_own_key_and_none_of_what_the_worker_knows_of_others(tmp_path: Path) -> None:
    worker = {
        "PATH": "/bin",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "secret",
        "_AIRFLOW_X": "secret",
        "AIRFLOW_CONN_ELT_ATRIBU_GLOBEX": "secret",
        "SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY": "secret",
        "DESTINATION__OTHER__CREDENTIALS": "secret",
        "PYTHONPATH": "/elsewhere",
        "HOME": "/home/airflow",
    }

    found = environment(
        worker,
        tmp_path,
        source="atribu",
        profile="acme",
        key="atb_live_1",
        options={"timezone": "Europe/Madrid", "models": ["last_touch", "linear"]},
        destination="warehouse",
        credentials="postgresql://",
    )

    assert found == {
        "PATH": "/bin",
        **dict.fromkeys(("HOME", "DLT_DATA_DIR", "XDG_CACHE_HOME", "TMPDIR"), str(tmp_path)),
        "SOURCES__ATRIBU__PROFILES__ACME__API_KEY": "atb_live_1",
        "SOURCES__ATRIBU__PROFILES__ACME__TIMEZONE": "Europe/Madrid",
        "SOURCES__ATRIBU__PROFILES__ACME__MODELS": '["last_touch", "linear"]',
        "DESTINATION__WAREHOUSE__CREDENTIALS": "postgresql://",
    }


def test_the_fields_of_a_connection_become_an_address_with_every_character_of_its_password() -> None:
    given = address(
        "postgres", login="loader", password="p@ss/w:rd", host="db", port=5432, database="x", extra={"sslmode": "on"}
    )

    assert given == "postgresql://loader:p%40ss%2Fw%3Ard@db:5432/x?sslmode=on"
    assert address("snowflake", host="h", extra={"credentials": "as it is"}) == "as it is"


def test_each_mapped_task_waits_for_the_pool_of_its_key() -> None:
    def pool(dag_id: str, map_index: int, **task: object) -> str:
        task_instance = SimpleNamespace(
            dag_id=dag_id, map_index=map_index, pool="default", task=SimpleNamespace(**task)
        )
        task_instance_mutation_hook(task_instance)
        return str(task_instance.pool)

    mapped = {"expand_input": SimpleNamespace(value={"profile": ["acme", ""]})}
    assert pool("elt_sync_atribu", 0, **mapped) == pool_of("atribu", "acme") == "elt_atribu_acme"
    assert pool("elt_verify_atribu", 1, **mapped) == "elt_atribu"
    assert pool("elt_sync_atribu", -1, **mapped) == "default"
    assert pool("somebody_elses", 0, **mapped) == "default"
    assert pool("elt_sync_atribu", 0) == "default"


def test_it_is_there_in_an_environment_that_has_nothing_of_what_this_program_needs() -> None:
    ours = "import pipelines.running.orchestrated, sys; print(*{name.split('.')[0] for name in sys.modules})"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-S", "-c", ours]  # without what is installed
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert {"pipelines", "sources"} <= set(done.stdout.split())
    assert "dlt" not in done.stdout.split()
