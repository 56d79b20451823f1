"""DAGs for Airflow 3: a mapped task per profile, which starts `elt` in a folder of its own; see docs/scheduling.md.

Airflow's environment needs this package without its dependencies; `elt` stands in an environment of its own.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pendulum
from airflow.sdk import DAG, BaseHook, BaseOperator, CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from pipelines.running.orchestrated import Decision, address, command, days_of, environment, told, verdict

RETRY_DELAY: Final = timedelta(minutes=6)
"""Longer than a run that was killed keeps other machines out, which is five minutes."""

RETRIES: Final = 5

ENDING_SECONDS: Final = 120
"""How long a command may take to commit the rows in hand when Airflow ends its task."""


class EltOperator(BaseOperator):  # type: ignore[misc] # Airflow stands in another environment
    """Runs one command of `elt` for one profile, and lets its exit code decide what becomes of the task.

    The key is the password of the connection `elt_<source>_<profile>` (`elt_<source>` for the profile without a name),
    whose extra fields are further options of the profile; the destination is the connection `elt_<destination>`.

    Args:
        elt: path of the program.
        verb: command, such as `sync`.
        source: name of the source.
        destination: a name in `destinations.toml`.
        profile: name of the profile; empty for the one without a name.
        settings: folder with `destinations.toml` and `.dlt/config.toml`, if there are such files; it is only read.
        arguments: further words of the command.
        kwargs: of every operator.
    """

    template_fields: Sequence[str] = ("profile",)

    def __init__(
        self,
        *,
        elt: str,
        verb: str,
        source: str,
        destination: str,
        profile: str = "",
        settings: str = "",
        arguments: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.elt = elt
        self.verb = verb
        self.source = source
        self.destination = destination
        self.profile = profile
        self.settings = settings
        self.arguments = list(arguments)
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Any) -> None:
        """Run the command to its end.

        Raises:
            AirflowException: it is worth a retry.
            AirflowFailException: it is not.
        """
        backfill = self.verb == "sync" and context["dag_run"].run_type == "backfill"
        days = days_of(context["data_interval_start"], context["data_interval_end"]) if backfill else None
        key = BaseHook.get_connection(f"elt_{self.source}{f'_{self.profile}' if self.profile else ''}")
        place = BaseHook.get_connection(f"elt_{self.destination}")
        words = command(self.elt, self.verb, self.source, profile=self.profile, destination=self.destination, days=days)
        words += self.arguments
        with tempfile.TemporaryDirectory(prefix="elt-") as folder:
            variables = environment(
                os.environ,
                Path(folder),
                source=self.source,
                profile=self.profile,
                key=key.password or "",
                options=key.extra_dejson,
                destination=self.destination,
                credentials=address(
                    place.conn_type or "",
                    login=place.login,
                    password=place.password,
                    host=place.host,
                    port=place.port,
                    database=place.schema,
                    extra=place.extra_dejson,
                ),
            )
            code = self._run(words, variables, self.settings or folder)
        self.log.info("%s", told(code))
        decision = verdict(code).decision
        if decision is Decision.RETRY:
            raise AirflowException(told(code))
        if decision is Decision.FAIL:
            raise AirflowFailException(told(code))

    def on_kill(self) -> None:
        """Let the command commit the rows in hand, and end."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _run(self, words: Sequence[str], variables: dict[str, str], folder: str) -> int:
        with subprocess.Popen(  # noqa: S603 - the words of our own command
            words, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as self._process:
            for line in self._process.stdout or ():
                self.log.info("%s", line.rstrip())
        return self._process.returncode


def elt_dags(
    source: str,
    *,
    elt: str,
    profiles: Sequence[str] = ("",),
    destination: str = "warehouse",
    settings: str = "",
    arguments: Sequence[str] = (),
    schedule: str = "15 6 * * *",
    verify_schedule: str = "15 9 * * 0",
    timezone: str = "UTC",
    start_date: datetime | None = None,
    retries: int = RETRIES,
    retry_delay: timedelta = RETRY_DELAY,
) -> tuple[DAG, DAG]:
    """Make the DAGs of a source: `elt_sync_<source>`, and `elt_verify_<source>`, which proves what is loaded.

    A run of the first one loads what is due, whatever day it is of; a backfill loads the days of its data interval.

    Args:
        source: `atribu` or `atatus`.
        elt: path of the program, in an environment of its own.
        profiles: their names; each becomes a mapped task.
        destination: a name in `destinations.toml`, which several machines can write.
        settings: folder with `destinations.toml` and `.dlt/config.toml`, if there are such files.
        arguments: further words of both commands, such as `--resources channels,overview`.
        schedule: when to sync, as cron has it.
        verify_schedule: when to prove.
        timezone: of both, and of the days of a backfill.
        start_date: first day that a backfill may begin with; 2020 unless given.
        retries: of what is worth one.
        retry_delay: between them.
    """
    first = start_date or pendulum.datetime(2020, 1, 1, tz=timezone)
    made = []
    for verb, cron in (("sync", schedule), ("verify", verify_schedule)):
        with DAG(
            f"elt_{verb}_{source}",
            schedule=CronDataIntervalTimetable(cron, timezone=timezone),
            start_date=first,
            catchup=False,
            max_active_runs=1,
            tags=["elt"],
        ) as dag:
            EltOperator.partial(
                task_id=verb,
                elt=elt,
                verb=verb,
                source=source,
                destination=destination,
                settings=settings,
                arguments=list(arguments),
                retries=retries,
                retry_delay=retry_delay,
                map_index_template="{{ task.profile }}",
            ).expand(profile=list(profiles))
        made.append(dag)
    sync, verify = made
    return sync, verify
