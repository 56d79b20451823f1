"""The datasets of a run, one after the other; each gets the row of its own run."""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

import pendulum

from pipelines.running.outcome import Outcome
from pipelines.running.prepare import DatasetRun, PreparedRun
from pipelines.storing.history import RunRow, history_table


def each_dataset(prepared: PreparedRun, do: Callable[[DatasetRun], Outcome]) -> Outcome:
    """Load or prove one dataset after the other; each gets the row of its own run."""
    total, before = Outcome(notes=[*prepared.notes, *prepared.scopes.notes]), (0, 0, 0)
    for part in prepared.parts:
        started_at = pendulum.now("UTC")
        outcome = do(part)
        if part.personal:
            outcome += Outcome(missing=prepared.scopes.missing, failures=prepared.failures)
        outcome.stopped_by = prepared.stopped.code
        part.run.close(history_table("sync_runs", [_run_row(prepared, part, outcome, started_at, before)]))
        total, before = total + outcome, _spent(prepared)
    if prepared.reader.session.keys.current:
        total.notes.append("api_key is refused and next_api_key works: put it in the place of api_key")
    return total


def _spent(prepared: PreparedRun) -> tuple[int, int, int]:
    session = prepared.reader.session
    return session.budget.spent, session.calls, session.retries


def _run_row(
    prepared: PreparedRun, part: DatasetRun, outcome: Outcome, started_at: datetime, before: tuple[int, int, int]
) -> RunRow:
    units, calls, retries = (now - then for now, then in zip(_spent(prepared), before, strict=True))
    return RunRow(
        run_id=part.run.run_id,
        profile_id=prepared.reader.tenant,
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
