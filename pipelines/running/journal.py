"""What is said of a run: its outcome, and the history rows that go with the next slice."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

import pendulum
from dlt.extract import DltResource

from pipelines.planning.ledger import ServerBehaviour
from pipelines.planning.policy import REFRESH_AGES
from pipelines.proving.changes import Change
from pipelines.running.outcome import Outcome
from pipelines.storing.history import Restated, WindowRow, history_table
from sources.rest.catalogue.columns import DELETED
from sources.rest.errors import ApiError
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.tasks import Task


class Journal:
    """Keeps the outcome of a run and the rows of `sync_windows` and `restatements` that are not committed yet.

    Attributes:
        run_id: id of the run.
        outcome: what happened so far.
        unsettled: tasks of variants that were not looked at whole; their numbers may be older than today's.

    Args:
        units: units spent by endpoint, counted elsewhere.
    """

    def __init__(self, units: Mapping[str, int]) -> None:
        self.run_id = uuid4().hex
        self.outcome = Outcome(units=units)
        self.unsettled: list[Task] = []
        self._windows: list[WindowRow] = []
        self._spoken_of: dict[tuple[str, str, str], WindowRow] = {}
        self._restated: list[Restated] = []

    def answered(self, answer: Answer) -> None:
        """Note that a task was answered."""
        self._note(
            answer.task,
            rows=answer.rows,
            truncated=answer.truncated,
            request_id=answer.request_id,
            part=answer.is_part,
        )

    def failed(self, failure: Failure) -> None:
        """Note that a task gave no rows."""
        self._note(
            failure.task,
            error=failure.error,
            request_id=failure.error.request_id,
            part=bool(failure.task.after),
        )

    def changed(self, changes: Iterable[Change]) -> None:
        """Note that loaded values have others now."""
        seen_at = pendulum.now("UTC")
        for change in changes:
            self.outcome.changes.append(change)
            self._restated.append(
                Restated(
                    run_id=self.run_id,
                    resource=change.task.endpoint.name,
                    variant=change.task.variant_text,
                    date=change.date,
                    key=change.key,
                    metric=change.metric,
                    old=change.old,
                    new=change.new,
                    seen_at=seen_at,
                )
            )

    def loaded(self, answers: Sequence[Answer]) -> None:
        """Count answers that were committed."""
        outcome = self.outcome
        for answer in answers:
            name = answer.task.endpoint.name
            outcome.windows[name] += not answer.more
            outcome.dropped_fields |= {(name, field) for field in answer.dropped_fields}
            outcome.truncated += [answer.task] if answer.truncated else []
            outcome.empty += [answer.task] if answer.empty else []
            for table, rows in answer.tables.items():
                outcome.rows[table] += rows[DELETED].null_count

    def learned(self, check: Task, before: ServerBehaviour, now: ServerBehaviour, advice: str) -> None:
        """Say what a check has found out about the server, where it is news.

        Args:
            check: the range that was checked.
            before: what was known until then.
            now: what is known.
            advice: what a user can look at where a metric does not add up.
        """
        name, notes = f"{check.endpoint.name} {check.variant_text}".strip(), self.outcome.notes
        if now.capped and not before.capped:
            ages = ", ".join(map(str, REFRESH_AGES))
            notes.append(
                f"{name}: the API cuts off the list over a longer range, so that sums cannot prove it; its days are"
                f" read again at the age of {ages} days"
            )
        if now.rounded and not before.rounded:
            notes.append(
                f"{name}: the API's sums differ by rounding; a change below half a cent per day and value is not seen"
            )
        for metric in sorted(now.not_additive - before.not_additive):
            look_at = f"; {advice}" if advice else ""
            notes.append(f"{name}: {metric} does not add up over days on this server; it is not checked{look_at}")

    def take_rows(self, *, restatements: bool) -> list[DltResource]:
        """Return the tables of what was noted since the last time.

        Args:
            restatements: differences are restatements, and not only looked at.
        """
        windows, restated = self._windows, self._restated if restatements else []
        self._windows, self._restated = [], []
        return [*history_table("sync_windows", windows), *history_table("restatements", restated)]

    def _note(
        self,
        task: Task,
        *,
        rows: int | None = None,
        truncated: bool = False,
        error: ApiError | None = None,
        request_id: str | None,
        part: bool,
    ) -> None:
        row = WindowRow(
            run_id=self.run_id,
            resource=task.endpoint.name,
            variant=task.variant_text,
            window=str(task.window or ""),
            date_from=task.window.start if task.window else None,
            date_to=task.window.end if task.window else None,
            reason=task.reason,
            rows=rows,
            truncated=truncated,
            error=type(error).__name__ if error else None,
            request_id=request_id,
            read_at=pendulum.now("UTC"),
        )
        if task.parent or part:  # people are not told apart here, nor parts of a list: one row speaks of all of them
            one = row.resource, row.variant, row.window
            before = self._spoken_of.get(one)
            row = self._spoken_of[one] = row.after(before)
            self._windows = [one for one in self._windows if one is not before]
        self._windows.append(row)
