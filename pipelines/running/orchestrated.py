"""What an orchestrator has to know of a command: how to start it with an empty disk, and what its exit code asks for.

Nothing here imports dlt or an orchestrator: `pipelines/airflow_dag.py` runs it in Airflow's environment, which has
neither dlt nor any other dependency of this program.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from pipelines.running.exit_codes import ExitCode, named_code

_TELLS_TOO_MUCH: Final = re.compile(r"^_?AIRFLOW|^(SOURCES|DESTINATION|PYTHON)|^(VIRTUAL_ENV|DLT_)")
"""Variables of a worker that a command does not get: secrets of others, and what leads to another Python."""

_DAG: Final = re.compile(r"elt_[a-z]+_(?P<source>[a-z]+)$")


class Decision(StrEnum):
    """What becomes of a task when its command has ended."""

    DONE = "done"
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True)
class Verdict:
    """What an exit code asks for.

    Attributes:
        decision: what becomes of the task.
        reason: for the log.
    """

    decision: Decision
    reason: str


_VERDICTS: Final[Mapping[int, Verdict]] = {
    ExitCode.DONE: Verdict(Decision.DONE, "everything that was asked for is loaded"),
    ExitCode.ALLOWANCE: Verdict(Decision.DONE, "stopped at its allowance; the next run goes on"),
    # each call was repeated already, and a scheduled run asks for these windows again: a retry would only hide them
    ExitCode.FAILED_WINDOWS: Verdict(
        Decision.FAIL, "some windows failed, or differ, and are named above; the rest is loaded"
    ),
    ExitCode.STALE: Verdict(Decision.FAIL, "something is older than it may be, or needs a person"),
    ExitCode.USAGE: Verdict(Decision.FAIL, "the command line cannot be read"),
    ExitCode.INTERNAL: Verdict(Decision.FAIL, "an error that nobody foresaw"),
    ExitCode.LATER: Verdict(Decision.RETRY, "the server or the destination is away, or another run is at work"),
    ExitCode.REFUSED: Verdict(Decision.FAIL, "the key is refused or lacks a scope"),
    ExitCode.CONFIGURATION: Verdict(Decision.FAIL, "it will not work until somebody changes something"),
    ExitCode.INTERRUPTED: Verdict(Decision.RETRY, "it was interrupted; the next run goes on"),
    ExitCode.TERMINATED: Verdict(Decision.RETRY, "it was told to end; the next run goes on"),
}


def verdict(code: int) -> Verdict:
    """Return what an exit code asks for; a negative one is that of a process which a signal has ended."""
    if code < 0:
        return Verdict(Decision.RETRY, f"signal {-code} has ended it; the next run goes on")
    return _VERDICTS.get(code, Verdict(Decision.FAIL, "nobody knows this exit code"))


def told(code: int) -> str:
    """Return an exit code and what it means, for a log."""
    return f"{named_code(code) if code in _VERDICTS else f'exit code {code}'}: {verdict(code).reason}"


def command(
    elt: str, verb: str, source: str, *, profile: str, destination: str, days: tuple[date, date] | None = None
) -> list[str]:
    """Return the words of a command.

    Args:
        elt: path of the program.
        verb: such as `sync`.
        source: name of the source.
        profile: name of the profile; empty for the one without a name.
        destination: a name in `destinations.toml`.
        days: first and last day of a backfill; without them the run finds out what is due.
    """
    words = [elt, verb, source, "--destination", destination]
    words += ["--profile", profile] if profile else []
    return words + (["--since", str(days[0]), "--until", str(days[1])] if days else [])


def days_of(start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and the last day that a data interval stands for: the one it begins on, up to before its end."""
    first = start.date()
    return first, max(first, end.date() - timedelta(days=1))


def environment(
    worker: Mapping[str, str],
    folder: Path,
    *,
    source: str,
    profile: str,
    key: str,
    options: Mapping[str, object],
    destination: str,
    credentials: str,
) -> dict[str, str]:
    """Return the environment of a command: all that it needs to know, and nothing that it writes elsewhere.

    Args:
        worker: the environment of whoever starts it.
        folder: an empty one, in which everything is kept that is not loaded yet; it may be gone afterwards.
        source: name of the source.
        profile: name of the profile; empty for the one without a name.
        key: of the profile.
        options: further ones of the profile, by name in small letters.
        destination: a name in `destinations.toml`.
        credentials: of the destination.
    """
    section = f"SOURCES__{source}__{f'PROFILES__{profile}__' if profile else ''}".upper()
    own = {f"{section}{name.upper()}": _text(value) for name, value in options.items()}
    return {
        **{name: value for name, value in worker.items() if not _TELLS_TOO_MUCH.match(name)},
        **own,
        f"{section}API_KEY": key,
        f"DESTINATION__{destination.upper()}__CREDENTIALS": credentials,
        **dict.fromkeys(("HOME", "DLT_DATA_DIR", "XDG_CACHE_HOME", "TMPDIR"), str(folder)),
    }


def address(
    kind: str,
    *,
    login: str | None = None,
    password: str | None = None,
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    extra: Mapping[str, object] | None = None,
) -> str:
    """Return the credentials of a destination as dlt takes them, made of the fields of a connection.

    Where the extra fields hold `credentials`, those are taken as they are.
    """
    given = dict(extra or {})
    if "credentials" in given:
        return _text(given["credentials"])
    scheme = {"postgres": "postgresql"}.get(kind, kind).replace("_", "-")
    who = f"{quote(login or '', safe='')}:{quote(password or '', safe='')}@" if login or password else ""
    place = f"{host or ''}{f':{port}' if port else ''}"
    query = urlencode({name: _text(value) for name, value in given.items()})
    return f"{scheme}://{who}{place}/{database or ''}{f'?{query}' if query else ''}"


def pool_of(source: str, profile: str) -> str:
    """Return the name of the pool of a key: with one slot, nothing else spends its rate limit meanwhile."""
    return f"elt_{source}{f'_{profile}' if profile else ''}"


def task_instance_mutation_hook(task_instance: Any, dag_run: Any = None) -> None:  # noqa: ARG001 - Airflow gives it
    """Give each mapped task the pool of its key; Airflow itself knows one pool for all that are mapped alike.

    For `airflow_local_settings.py`, https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/cluster-policies.html.
    """
    found = _DAG.match(task_instance.dag_id)
    mapped = getattr(getattr(task_instance, "task", None), "expand_input", None)
    profiles: Sequence[str] = getattr(mapped, "value", {}).get("profile", ()) if found else ()
    if found and 0 <= task_instance.map_index < len(profiles):
        task_instance.pool = pool_of(found["source"], profiles[task_instance.map_index])


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
