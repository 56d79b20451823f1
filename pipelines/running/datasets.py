"""The datasets of a run, one after the other; each gets the row of its own run."""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

import pendulum

from pipelines.running.job import Job, Work
from pipelines.running.outcome import Outcome
from pipelines.storing.history import RunRow, history_table


def each_dataset(work: Work, do: Callable[[Job], Outcome]) -> Outcome:
    """Do one job after the other; each leaves the row of its run in its own dataset."""
    total, before = Outcome(notes=work.scopes.notes), (0, 0, 0)
    for job in work.jobs:
        started_at = pendulum.now("UTC")
        outcome = do(job)
        if job.personal:
            outcome += Outcome(missing=work.scopes.missing, failures=work.failures)
        outcome.stopped_by = work.stopped.code
        job.run.close(history_table("sync_runs", [_run_row(work, job, outcome, started_at, before)]))
        total, before = total + outcome, _spent(work)
    if work.reader.session.keys.current:
        total.notes.append("api_key is refused and next_api_key works: put it in the place of api_key")
    return total


def _spent(work: Work) -> tuple[int, int, int]:
    session = work.reader.session
    return session.budget.spent, session.calls, session.retries


def _run_row(work: Work, job: Job, outcome: Outcome, started_at: datetime, before: tuple[int, int, int]) -> RunRow:
    units, calls, retries = (now - then for now, then in zip(_spent(work), before, strict=True))
    return RunRow(
        run_id=job.run.run_id,
        profile_id=work.reader.tenant,
        started_at=started_at,
        ended_at=pendulum.now("UTC"),
        outcome=outcome.exit_code.name.lower(),
        exit_code=outcome.exit_code,
        windows=outcome.windows.total(),
        rows=outcome.rows.total(),
        units=units,
        calls=calls,
        retries=retries,
        failed=len(outcome.failures),
        skipped=len(outcome.skipped),
        version=version("elt-connectors"),
    )
