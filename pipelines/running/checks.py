"""The proofs of a run: loaded ranges have to add up, and lists have to be as long as they are counted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from pipelines.planning.policy import Policy, Reason
from pipelines.proving.likelihood import Expectation
from pipelines.proving.search import Loaded, RestatementSearch
from pipelines.running.journal import Journal
from pipelines.running.loader import Loader, by_variant
from pipelines.storing.dataset import Dataset
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from sources.rest.windows import MAX_DAYS, by_grain, spans


class Checks:
    """Makes the API's words add up with what is loaded.

    Args:
        loader: reads what has to be asked, loads what has changed.
        dataset: what is loaded.
        reader: its catalogue and the vendor's conventions.
        policy: how the past is gone about.
        journal: is told what was proved and what was not.
    """

    def __init__(self, loader: Loader, dataset: Dataset, reader: Reader, policy: Policy, journal: Journal) -> None:
        self._loader = loader
        self._ledger = dataset.ledger
        self._warehouse = dataset.warehouse
        self._catalogue = reader.endpoints
        self._advice = reader.session.api.not_additive_advice
        self._policy = policy
        self._journal = journal

    def ranges(self, checks: Sequence[Task]) -> None:
        """Bring loaded ranges to agree with the API's word over each of them."""
        changed: list[Answer] = []
        answers = list(self._loader.answers(checks))
        self._lengthen(answers)
        # many values tell days apart best, and what they tell helps with the others
        for whole in sorted(answers, key=lambda answer: -answer.rows):
            for part in self._uncut(whole):
                read = [part] if part.truncated else self._examined(part)
                changed += [one for one in read if self._loader.differs([one]) or one.truncated]
                if len(changed) >= self._loader.slice_units:
                    self._loader.commit(changed)
                    changed = []
        if changed:
            self._loader.commit(changed)

    def _lengthen(self, answers: Sequence[Answer]) -> None:
        """Ask for ranges of twice the length from the next time on, where no list was half as long as it may be."""
        for alike in by_variant(answers):
            task, grain = alike[0].task, self._policy.grain
            known, cap = self._ledger.behaviour(task, grain), task.endpoint.cap
            if known.whole_days and cap and 2 * max(answer.rows for answer in alike) < cap:
                longer = min(2 * known.whole_days, MAX_DAYS)
                self._ledger.learn(task, grain, replace(known, whole_days=longer))

    def _uncut(self, whole: Answer) -> Iterator[Answer]:
        """Ask for shorter ranges where a list is cut off; what is left then is a single window, and proves nothing."""
        grain, task = self._policy.grain, whole.task
        windows = list(by_grain(task.window, grain)) if task.window else []
        if not whole.truncated or task.window is None or len(windows) == 1:
            yield whole
            return
        before = self._ledger.behaviour(task, grain)
        now = before.cut_off(task.window)
        self._ledger.learn(task, grain, now)
        self._journal.learned(task, before, now, self._advice)
        first = spans(windows, now.whole_days or 1)[0]
        for part in list(self._loader.answers([replace(task, window=first)])):
            yield from self._uncut(part)
        later = [one for one in windows if one.start > first.end]
        known = self._ledger.behaviour(task, grain)  # the first part has shown how long ranges may be
        parts = spans(later, known.whole_days or 1)
        for part in list(self._loader.answers([replace(task, window=one) for one in reversed(parts)])):
            yield from self._uncut(part)

    def _examined(self, whole: Answer) -> Collection[Answer]:
        """Search a range for what has changed; return the windows that were read again."""
        outcome, task = self._journal.outcome, whole.task
        finding = self._search(task).run(whole)
        before, now = self._ledger.behaviour(task, self._policy.grain), finding.behaviour
        self._ledger.learn(task, self._policy.grain, now)
        self._journal.learned(task, before, now, self._advice)
        if not now.not_additive.issuperset(task.endpoint.additive):
            outcome.compared.add(task.endpoint.name)
        if not finding.proved:
            self._journal.unsettled.append(task)
            outcome.unproved.append(task)
        return finding.answers.values()

    def counts(self) -> None:
        """Compare how many rows pages have listed with what is counted elsewhere; what differs is read once more."""
        counts, before = self._loader.counts, dict(self._loader.counts.listed)
        equal, different = counts.compared(self._counted())
        if different:
            self._loader.load([replace(task, reason=Reason.RESTATED) for task in different])
            more, different = counts.compared(self._counted())
            equal += more
        grain = self._policy.grain
        for task in equal:
            if counts.listed[task]:
                self._ledger.learn(task, grain, replace(self._ledger.behaviour(task, grain), counted=True))
        for task, counted in different.items():
            rows = counts.listed[task]
            self._journal.outcome.notes.append(
                f"{task}: the API lists {rows} rows and counts {counted}; rows may be missing"
            )
            # until one range has been equal, this server may count otherwise
            if self._ledger.behaviour(task, grain).counted or rows != before.get(task):
                self._journal.outcome.unproved.append(task)
                self._journal.unsettled.append(task)

    def fully_checked(self, ranges: Sequence[Task]) -> None:
        """Note which variants have been looked at whole: their numbers are those of today."""
        outcome, grain = self._journal.outcome, self._policy.grain
        failed = (failure.task for failure in outcome.failures)
        open_ = {(task.endpoint, task.variant) for task in (*outcome.skipped, *failed, *self._journal.unsettled)}
        for whole in ranges:
            if (whole.endpoint, whole.variant) not in open_:
                behaviour = self._ledger.behaviour(whole, grain)
                self._ledger.learn(whole, grain, replace(behaviour, checked=self._policy.today))

    def _counted(self) -> list[Answer]:
        """Ask how many rows there must be; where the API does not tell, that is no failure of what was loaded."""
        counts = self._loader.counts
        results = self._loader.read_aside(counts.questions(self._catalogue))
        untold = [f"nobody has counted its rows: {one.error}" for one in results if isinstance(one, Failure)]
        names = {task.endpoint.name for task in counts.listed}
        self._journal.outcome.notes += [f"{name}: {text}" for text in untold for name in sorted(names)]
        return [one for one in results if isinstance(one, Answer)]

    def _search(self, check: Task) -> RestatementSearch:
        window = check.window
        if window is None:
            raise ValueError(f"{check} has no days to check")
        changed_days = self._loader.detector.changed_days
        return RestatementSearch(
            check,
            list(by_grain(window, self._policy.grain))[::-1],
            ask=lambda tasks: {
                answer.task: answer
                for answer in self._loader.answers([replace(one, reason=Reason.RESTATED) for one in tasks])
            },
            loaded=Loaded(whole=lambda: self._warehouse.sums(check), by_day=lambda: self._warehouse.sums_by_day(check)),
            expectation=lambda: Expectation(self._policy.today, changed_days.amounts, changed_days.totals),
            cancelling=changed_days.cancelling,
            behaviour=self._ledger.behaviour(check, self._policy.grain),
            tolerance=self._policy.tolerance,
        )
