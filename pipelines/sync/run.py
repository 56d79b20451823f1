"""Running a plan: read a slice, commit it, go on; a failing window costs only itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from uuid import uuid4

import pendulum
from dlt.extract import DltResource

from pipelines.sync.changes import Suspects, changes
from pipelines.sync.commit import Committer
from pipelines.sync.counts import Counts
from pipelines.sync.details import forget_strangers, queue_of, read_rows
from pipelines.sync.history import Restated, WindowRow
from pipelines.sync.outcome import Outcome, Patience
from pipelines.sync.plan import Plan, slices
from pipelines.sync.policy import LADDER, Policy, Reason
from pipelines.sync.restate import Examination
from pipelines.sync.vanished import cleared
from pipelines.sync.warehouse import Warehouse
from sources.rest.catalogue import Endpoint
from sources.rest.columns import DELETED
from sources.rest.coverage import Coverage, Known
from sources.rest.errors import ApiError
from sources.rest.reader import Answer, Failure, Reader, Skipped
from sources.rest.tasks import Task
from sources.rest.windows import by_grain

Beside = Callable[[], Iterable[DltResource]]


class Run:
    """One run of a plan.

    Args:
        committer: where rows go.
        reader: where they come from.
        warehouse: what is loaded.
        coverage: ledger of what is loaded.
        policy: how the past is gone about.
        in_flight: calls at once.
        slice_units: units after which rows are committed.
        progress: told of each task that is done with.
    """

    def __init__(
        self,
        committer: Committer,
        reader: Reader,
        warehouse: Warehouse,
        coverage: Coverage,
        policy: Policy,
        *,
        in_flight: int,
        slice_units: int,
        progress: Callable[[Task], None] = lambda _: None,
    ) -> None:
        self.id = uuid4().hex
        self.outcome = Outcome(units=reader.session.units)
        self._committer = committer
        self._reader = reader
        self._warehouse = warehouse
        self._coverage = coverage
        self._policy = policy
        self._in_flight = in_flight
        self._slice_units = slice_units
        self._progress = progress
        self._patience = Patience()
        self._counts = Counts()
        self._about_details: dict[str, WindowRow] = {}
        self._suspects = Suspects()
        self._unsettled: list[Task] = []
        self._repairs = True
        self._learned_before = committer.learned()

    def execute(self, plan: Plan, beside: Beside = tuple) -> Outcome:
        """Read and commit every task that can be; return what happened.

        Args:
            plan: what to do.
            beside: further tables for the first slice.
        """
        self._read_and_commit(plan.recent, beside)
        self._read_and_commit(plan.again, beside)
        self._examine(plan.checks)
        self._read_and_commit(plan.history, beside)
        self._prove_counts()
        for endpoint in plan.details:
            self._read_details(endpoint)
        self._note_settled(plan)
        self.outcome.notes += plan.notes
        return self._ended()

    def verify(self, plan: Plan, *, repair: bool) -> Outcome:
        """Compare what is loaded with what the API says; the outcome's changes are the differences.

        Args:
            plan: what to prove.
            repair: load the windows that differ again.
        """
        self._repairs = repair
        self._policy = replace(self._policy, tolerance=0.0)
        for group in slices(plan.again, self._slice_units):
            answers = list(self._answers(group))
            for alike in _by_variant(answers):
                self.outcome.compared.add(alike[0].task.endpoint.name)
                if self._note_changes(alike):
                    self._commit(alike)
        self._examine(plan.checks)
        return self._ended()

    def _ended(self) -> Outcome:
        self.outcome.missing = self._patience.missing
        self._warehouse.release()
        budget = self._reader.session.budget
        spent = bool(self.outcome.skipped) and budget.closed
        self.outcome.allowance_reached = spent and self.outcome.stopped is None
        if budget.slowed:
            self.outcome.notes.append(
                f"the API refused calls and named no limit; this run went on with {budget.limit} units per"
                f" {budget.period:g} seconds, see the option rate_limit"
            )
        return self.outcome

    def close(self, beside: Iterable[DltResource]) -> None:
        """Commit what is left to say of the run; differences that were only looked at are no restatements."""
        self._committer.restated = self._committer.restated if self._repairs else []
        self._committer.commit([], self._reader.tenant, beside)

    def _read_and_commit(self, tasks: Sequence[Task], beside: Beside) -> None:
        for group in slices(tasks, self._slice_units):
            answers = [cleared(answer, self._warehouse) for answer in self._answers(group)]
            if answers:
                for alike in _by_variant(answers):
                    self._note_changes(alike)
                self._commit(answers, () if self.outcome.windows else beside())

    def _read_details(self, endpoint: Endpoint) -> None:
        """Read the details of everybody whose figures have changed, best first."""
        queue = queue_of(endpoint, self._reader.endpoints, self._warehouse)
        forget_strangers(endpoint, queue, self._warehouse)
        for group in slices(queue.tasks, self._slice_units):
            answers = list(self._answers(group))
            if answers:
                self._commit(answers, read_rows(endpoint, answers, queue.figures))

    def _prove_counts(self) -> None:
        """Compare how many rows chains have listed with what is counted elsewhere; what differs is read once more."""
        counts, before = self._counts, dict(self._counts.listed)
        equal, different = counts.compared(self._counted())
        if different:
            self._read_and_commit([replace(task, reason=Reason.RESTATED) for task in different], tuple)
            more, different = counts.compared(self._counted())
            equal += more
        for task in equal:
            if counts.listed[task]:
                known = self._coverage.known(task, self._policy.grain)
                self._coverage.learn(task, self._policy.grain, replace(known, counted=True))
        for task, counted in different.items():
            rows = counts.listed[task]
            self.outcome.notes.append(f"{task}: the API lists {rows} rows and counts {counted}; rows may be missing")
            # until one range has been equal, this server may count otherwise
            if self._coverage.known(task, self._policy.grain).counted or rows != before.get(task):
                self.outcome.unproved.append(task)
                self._unsettled.append(task)

    def _counted(self) -> list[Answer]:
        """Ask how many rows there must be; where the API does not tell, that is no failure of what was loaded."""
        questions = self._counts.questions(self._reader.endpoints)
        results = list(self._reader.read_all(questions, in_flight=self._in_flight))
        untold = [f"nobody has counted its rows: {one.error}" for one in results if isinstance(one, Failure)]
        names = {task.endpoint.name for task in self._counts.listed}
        self.outcome.notes += [f"{name}: {text}" for text in untold for name in sorted(names)]
        return [one for one in results if isinstance(one, Answer)]

    def _answers(self, tasks: Sequence[Task]) -> Iterable[Answer]:
        """Read tasks; failures and what was not asked for are noted."""
        self._warehouse.release()
        self._reader.learned = self._committer.learned()
        for result in self._reader.read_all(tasks, skip=self._patience.skips, in_flight=self._in_flight):
            self._progress(result.task)
            if isinstance(result, Skipped) and result.task.endpoint.scope in self._patience.missing:
                self._patience.lacks(result.task)
                self._unsettled.append(result.task)
            elif isinstance(result, Skipped) or (isinstance(result, Failure) and self._patience.stopped):
                self.outcome.skipped.append(result.task)
            elif isinstance(result, Failure):
                self._note_failure(result)
            else:
                self._patience.succeeded(result.task)
                self._counts.add(result)
                self._note_window(result.task, answer=result)
                yield result

    def _note_failure(self, failure: Failure) -> None:
        self._note_window(failure.task, error=failure.error)
        self._patience.failed(failure)
        if self._patience.stopped:
            self.outcome.stopped = self._patience.stopped
            self._reader.session.budget.close()  # calls that wait for their turn would only meet the same
            self.outcome.skipped.append(failure.task)
        else:
            self.outcome.failures.append(failure)

    def _examine(self, checks: Sequence[Task]) -> None:
        """Bring loaded ranges to agree with the API's word over each of them."""
        changed: list[Answer] = []
        for whole in list(self._answers(checks)):
            finding = self._examination(whole.task).run(whole)
            self._note_learned(whole.task, finding.known)
            if not finding.known.capped and not finding.known.not_additive.issuperset(whole.task.endpoint.additive):
                self.outcome.compared.add(whole.task.endpoint.name)
            if not finding.proved:
                self._unsettled.append(whole.task)
                self.outcome.unproved += [] if finding.known.capped else [whole.task]
            changed += [answer for answer in finding.answers.values() if self._note_changes([answer])]
            if len(changed) >= self._slice_units:
                self._commit(changed)
                changed = []
        if changed:
            self._commit(changed)

    def _examination(self, check: Task) -> Examination:
        window = check.window
        if window is None:
            raise ValueError(f"{check} has no days to examine")
        return Examination(
            check,
            list(by_grain(window, self._policy.grain))[::-1],
            ask=lambda tasks: {
                answer.task: answer for answer in self._answers([replace(one, reason=Reason.RESTATED) for one in tasks])
            },
            loaded=lambda one, without: self._warehouse.sums(replace(check, window=one), without),
            suspects=self._suspects.days,
            cancelling=self._suspects.cancelling,
            known=self._coverage.known(check, self._policy.grain),
            tolerance=self._policy.tolerance,
        )

    def _commit(self, answers: Sequence[Answer], beside: Iterable[DltResource] = ()) -> None:
        if not self._repairs:
            return
        self._committer.commit(answers, self._reader.tenant, beside)
        outcome = self.outcome
        for answer in answers:
            outcome.windows[answer.task.endpoint.name] += 1
            outcome.unknown |= {
                (table, name) for table, name in answer.unknown if name not in self._learned_before.of(table)
            }
            outcome.left_out |= {(answer.task.endpoint.name, name) for name in answer.left_out}
            outcome.truncated += [answer.task] if answer.truncated else []
            outcome.empty += [answer.task] if answer.empty else []
            for table, rows in answer.tables.items():
                outcome.rows[table] += rows[DELETED].null_count

    def _note_changes(self, answers: Sequence[Answer]) -> bool:
        """Compare answers of one variant with what is loaded for their windows; return whether anything differs."""
        if not answers[0].task.endpoint.additive:
            return True
        found = changes(answers, self._coverage, self._warehouse, self._policy.grain)
        self._suspects.add(found)
        self.outcome.changes += found
        seen_at = pendulum.now("UTC")
        self._committer.restated += [
            Restated(
                run_id=self.id,
                resource=change.task.endpoint.name,
                variant=change.task.variant_text,
                date=change.date,
                key=change.key,
                metric=change.metric,
                old=change.old,
                new=change.new,
                seen_at=seen_at,
            )
            for change in found
        ]
        return bool(found)

    def _note_window(self, task: Task, *, answer: Answer | None = None, error: ApiError | None = None) -> None:
        row = WindowRow(
            run_id=self.id,
            resource=task.endpoint.name,
            variant=task.variant_text,
            window=str(task.window or ""),
            date_from=task.window.start if task.window else None,
            date_to=task.window.end if task.window else None,
            reason=task.reason,
            rows=answer.rows if answer else None,
            truncated=answer.truncated if answer else False,
            error=type(error).__name__ if error else None,
            request_id=answer.request_id if answer else error.request_id if error else None,
            read_at=pendulum.now("UTC"),
        )
        if task.parent:  # nobody is told apart there
            row, before = row.after(self._about_details.get(row.resource)), self._about_details.get(row.resource)
            self._about_details[row.resource] = row
            self._committer.windows = [one for one in self._committer.windows if one is not before]
        self._committer.windows.append(row)

    def _note_settled(self, plan: Plan) -> None:
        """Note which variants have been looked at whole: their numbers are those of today."""
        tasks = (*self.outcome.skipped, *(failure.task for failure in self.outcome.failures), *self._unsettled)
        left = {(task.endpoint, task.variant) for task in tasks}
        for whole in plan.settles:
            if (whole.endpoint, whole.variant) not in left:
                known = self._coverage.known(whole, self._policy.grain)
                self._coverage.learn(whole, self._policy.grain, replace(known, checked=self._policy.today))

    def _note_learned(self, check: Task, known: Known) -> None:
        before = self._coverage.known(check, self._policy.grain)
        self._coverage.learn(check, self._policy.grain, known)
        name = f"{check.endpoint.name} {check.variant_text}".strip()
        if known.capped and not before.capped:
            rungs = ", ".join(map(str, LADDER))
            self.outcome.notes.append(
                f"{name}: the API cuts off the list over a longer range, so that sums cannot prove it; its days are"
                f" read again at the age of {rungs} days"
            )
        if known.rounded and not before.rounded:
            self.outcome.notes.append(
                f"{name}: the API's sums differ by rounding; a change below half a cent per day and value is not seen"
            )
        for metric in sorted(known.not_additive - before.not_additive):
            doubt = f"; {self._reader.session.api.doubt}" if self._reader.session.api.doubt else ""
            self.outcome.notes.append(
                f"{name}: {metric} does not add up over days on this server; it is not checked{doubt}"
            )


def _by_variant(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    """Answers in groups of one variant of an endpoint."""

    def variant(answer: Answer) -> tuple[str, str]:
        return answer.task.endpoint.name, answer.task.variant_text

    for _, alike in groupby(sorted(answers, key=variant), key=variant):
        yield list(alike)
