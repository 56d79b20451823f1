"""One run of a plan: in which order things are loaded and proved."""

from dataclasses import replace
from functools import partial

from pipelines.people.detail_queue import asked_again, delete_strangers, queue_of, read_rows, rewritten_rows
from pipelines.planning.plan import Plan, slices
from pipelines.planning.policy import Policy, Reason
from pipelines.planning.read_today import ReadToday
from pipelines.running.checks import Checks
from pipelines.running.config import Limits
from pipelines.running.journal import Journal
from pipelines.running.loader import ExtraResources, Loader, by_variant
from pipelines.running.outcome import Outcome
from pipelines.running.work import Work
from pipelines.storing.commit import Committer
from pipelines.storing.dataset import Dataset
from pipelines.storing.left_out import blank_left_out
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Failure
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task


class Run:
    """One run of a plan.

    Args:
        dataset: what is loaded.
        committer: where rows go.
        reader: where they come from.
        journal: is told what happens.
        policy: how the past is gone about.
        limits: how fast.
        work: what there is to do.
    """

    def __init__(
        self,
        dataset: Dataset,
        committer: Committer,
        reader: Reader,
        *,
        journal: Journal,
        policy: Policy,
        limits: Limits,
        work: Work,
    ) -> None:
        self._dataset = dataset
        self._reader = reader
        self._policy = policy
        self._journal = journal
        self._work = work
        self._failed = set[Task]()
        self._loader = Loader(
            dataset,
            committer,
            reader,
            grain=policy.grain,
            limits=limits,
            journal=journal,
            work=work,
            retired=policy.retired,
        )

    def execute(self, plan: Plan, extra: ExtraResources = tuple) -> Outcome:
        """Read and commit every task that can be; return what happened.

        Args:
            plan: what to do.
            extra: further tables for the first slice.
        """
        checks = self._checks(self._policy)
        checks.open([*plan.checks, *plan.late_checks])
        blank_left_out(
            self._dataset.warehouse,
            self._dataset.ledger,
            self._reader.endpoints.values(),
            partial(self._loader.commit, ()),
        )
        self._loader.unproved.watch(plan.unproved)
        self._loader.load(plan.recent, extra)
        self._loader.load(plan.again, extra)
        checks.ranges(plan.checks)
        self._loader.load(self._loader.unproved.take())
        self._work.settle()
        self._loader.load(plan.history, extra)
        # what was read today comes last, so that whoever may spend little gets on
        for endpoint in plan.details if plan.late else ():
            self._load_details(endpoint)
        # otherwise the smallest allowance would begin with the same windows in each run
        if plan.repeats_today and not self._reader.session.budget.closed:
            self._dataset.ledger.read_today = ReadToday()
        self._loader.load(plan.late, extra)
        checks.ranges(plan.late_checks)
        self._loader.load(self._loader.unproved.take())
        checks.counts()
        for endpoint in plan.details:
            self._load_details(endpoint)
        checks.fully_checked(plan.fully_checked)
        self._journal.outcome.notes += plan.notes
        self._journal.outcome.waiting += plan.waiting
        return self._ended()

    def verify(self, plan: Plan, *, repair: bool) -> Outcome:
        """Compare what is loaded with what the API says; the outcome's changes are the differences.

        Args:
            plan: what to prove.
            repair: load the windows that differ again.
        """
        self._loader.commits = repair
        self._journal.outcome.notes += plan.notes
        for group in slices(plan.again, self._loader.slice_units):
            for alike in by_variant(self._loader.answers(group)):
                self._journal.outcome.compared.add(alike[0].task.endpoint.name)
                if self._loader.differs(alike):
                    self._loader.commit(alike)
        self._checks(replace(self._policy, tolerance=0.0), asks_again=True).ranges(plan.checks)
        self._journal.outcome.differing = bool(self._journal.outcome.changes) and not repair
        return self._ended()

    def begin(self, spent_before: tuple[int, int, int]) -> None:
        """Begin; units, calls and retries that were spent before were spent on another dataset."""
        self._journal.begin(spent_before)

    def close(self, outcome: Outcome) -> None:
        """Commit what is left to say of the run, and how it has ended."""
        self._journal.outcome = outcome
        self._journal.end(outcome.exit_code)
        self._loader.close()

    def release(self) -> None:
        """Let others at the destination while the API is asked for what goes elsewhere."""
        self._dataset.warehouse.release()

    def _checks(self, policy: Policy, *, asks_again: bool = False) -> Checks:
        return Checks(self._loader, self._dataset, self._reader, policy, self._journal, asks_again=asks_again)

    def _load_details(self, endpoint: Endpoint) -> None:
        """Read the details of everybody whose figures have changed, best first."""
        today, warehouse = self._policy.today, self._dataset.warehouse
        queue = queue_of(endpoint, self._reader.endpoints, warehouse, today)
        if endpoint.parents and endpoint.parents.endpoint in self._dataset.ledger.endpoints():
            delete_strangers(endpoint, queue, warehouse)  # of a table that was dropped nobody knows who is in it
        rewritten = rewritten_rows(endpoint, queue)
        if rewritten:
            self._loader.commit([], rewritten)
        self._loader.breaker.failed_before = queue.failed_before
        waiting, failures = dict(queue.waiting), list[Failure]()
        due = [task for task in queue.tasks if task not in self._failed]
        self._work.find(due, all_of=endpoint.name)
        for group in slices(due, self._loader.slice_units):
            answers = list(self._loader.answers(group))
            tenant = self._reader.tenant or self._dataset.ledger.tenant
            failures += (own := self._loader.take_failed_people() if tenant else [])
            self._failed |= {failure.task for failure in own}
            failed = asked_again(queue, [failure.task.parent for failure in own], today)
            waiting |= failed
            if answers or failed:
                self._loader.commit(answers)
                # only then that they are loaded: no transaction spans two tables, and nobody would ask for them again
                self._loader.commit([], read_rows(endpoint, answers, queue, failed, tenant))
        if failures and len(waiting) == queue.everybody:
            self._journal.outcome.failures += failures
        elif waiting:
            note = f"{endpoint.name} of {len(waiting)} people not read; asked again from {min(waiting.values())}"
            self._journal.outcome.notes += [note] if note not in self._journal.outcome.notes else []

    def _ended(self) -> Outcome:
        outcome, budget, grain = self._journal.outcome, self._reader.session.budget, self._policy.grain
        outcome.missing = self._loader.missing_scopes
        if outcome.answered:  # a server that answers nothing says nothing of a window
            for failure in outcome.own_failures:
                ledger, task = self._dataset.ledger, failure.task
                # what a search asks for is no window of a plan
                is_searched = task.reason in (Reason.CHECK, Reason.RESTATED) and not ledger.has_moved(task, grain)
                if not is_searched:
                    ledger.failed(task, grain, self._policy.today)
        outcome.allowance_reached = bool(outcome.skipped) and budget.closed and outcome.stopped is None
        if budget.slowed:
            outcome.notes.append(
                f"the API refused calls and named no limit; this run went on with {budget.limit} units per"
                f" {budget.period:g} seconds, see the option rate_limit"
            )
        return outcome
