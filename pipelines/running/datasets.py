"""The datasets of a run, one after the other."""

from collections.abc import Callable

from pipelines.running.outcome import Outcome
from pipelines.running.prepare import DatasetRun, PreparedRun


def each_dataset(prepared: PreparedRun, do: Callable[[DatasetRun], Outcome]) -> Outcome:
    """Load or prove one dataset after the other; each gets the row of its own run."""
    session = prepared.reader.session
    total, before = Outcome(notes=[*prepared.notes, *prepared.scopes.notes], first=True), (0, 0, 0)
    for part in prepared.parts:
        part.run.begin(before)
        first = not part.ledger.endpoints()
        outcome = do(part)
        outcome += Outcome(
            missing=prepared.scopes.missing if part.personal else {}, failures=part.failures, refused=part.refused
        )
        outcome.first = first
        outcome.stopped_by = prepared.together.stopped_by
        part.run.close(outcome)
        if part is not prepared.parts[-1]:  # the last one gives its lease back over the same connection
            part.run.release()
        total, before = total + outcome, session.spent
    if session.keys.current:
        total.notes.append("api_key is refused and next_api_key works: put it in the place of api_key")
    return total
