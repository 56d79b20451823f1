"""The way of rows into the destination: tasks are read several at a time, and committed slice by slice."""

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Any, Final

from dlt.extract import DltResource

from pipelines.destinations.capabilities import capacity_of
from pipelines.planning.plan import slices
from pipelines.proving.changes import ChangeDetector
from pipelines.proving.counts import Counts
from pipelines.proving.tombstones import with_tombstones
from pipelines.proving.unproved import Unproved
from pipelines.proving.vanished import LoadedMetrics
from pipelines.running.circuit_breaker import CircuitBreaker
from pipelines.running.config import Limits
from pipelines.running.journal import Journal
from pipelines.running.work import Work
from pipelines.storing.commit import Committer
from pipelines.storing.dataset import Dataset
from pipelines.storing.history import Said
from pipelines.storing.newer import without_newer
from pipelines.storing.open_pages import open_rows
from sources.rest.errors import RequestRejectedError, UnexpectedBodyError
from sources.rest.reading.answers import Answer, Failure, Result, Skipped
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from sources.rest.reading.varying import varying
from sources.rest.windows import Grain

ROWS_MAX: Final = 120_000
"""Rows of one commit after which nothing more is asked for before it, however few units they have cost."""

ExtraResources = Callable[[], Iterable[DltResource]]
"""Makes tables that go with the first slice."""


class Loader:
    """Reads tasks and commits their answers.

    Attributes:
        detector: compares answers with what is loaded.
        unproved: which windows that no sum proves have changed elsewhere.
        counts: how many rows the pages of entities have listed.
        slice_units: units after which rows are committed.
        commits: answers are loaded; if not, they are only compared with what is loaded.

    Args:
        dataset: what is loaded.
        committer: where rows go.
        reader: where they come from.
        grain: length of the windows of aggregate rows.
        limits: how fast.
        journal: is told what happens.
        work: what there is to do.
        retired: metrics that the API need not send any more.
    """

    def __init__(
        self,
        dataset: Dataset,
        committer: Committer,
        reader: Reader,
        *,
        grain: Grain,
        limits: Limits,
        journal: Journal,
        work: Work,
        retired: Collection[str] = (),
    ) -> None:
        self.detector = ChangeDetector(dataset.ledger, dataset.warehouse, grain)
        self.unproved = Unproved(dataset.ledger, grain)
        self.counts = Counts()
        self.slice_units = limits.slice_units
        self.commits = True
        self._dataset = dataset
        self._grain = grain
        self._reader = reader
        self._journal = journal
        self._in_flight = limits.in_flight
        self._work = work
        self._metrics = LoadedMetrics(dataset.warehouse, grain, retired)
        self.breaker = CircuitBreaker()
        self._committer = committer
        self._closed: list[Task] = []
        self._further: list[DltResource] = []
        self._failed_people: list[Failure] = []
        self._capacity = capacity_of(dataset.pipeline.destination.capabilities())
        self._columns_before = self._committer.evolved()
        self._kinds: dict[tuple[str, str], frozenset[str]] = {}

    @property
    def missing_scopes(self) -> dict[str, set[str]]:
        """Scope that the key lacks -> resources that are left out."""
        return self.breaker.missing

    def load(self, tasks: Sequence[Task], extra: ExtraResources = tuple) -> None:
        """Read tasks and commit them slice by slice; a list over many pages is read in parts, each with its slice.

        Args:
            tasks: what to read, in this order.
            extra: further tables for the first slice of the run.
        """
        left = self._load(tasks, extra)
        while left:
            # what fails in a row may be a bad stretch: what is farthest from it shows whether the rest can be read
            farthest = {(task.endpoint.name, task.variant): task for task in left}
            for task in farthest.values():
                self.breaker.give_chance(task)
            self._load(list(farthest.values()), extra)
            rest = [task for task in left if task not in farthest.values()]
            bad = [task for task in rest if self.breaker.leaves_alone(task)]
            for task in bad:
                self._work.end(task)
            self._journal.outcome.skipped += bad
            left = self._load([task for task in rest if task not in bad], extra)

    def _load(self, tasks: Sequence[Task], extra: ExtraResources) -> list[Task]:
        """Read tasks and commit them; return those that were left alone because others of their variant failed."""
        queue, aside = list(tasks), list[Task]()
        while queue:
            group = next(slices(queue, self.slice_units))
            pages = max(1, self.slice_units // max(1, sum(task.endpoint.units for task in group if task.paged)))
            warehouse = self._dataset.warehouse
            answers, asked = list[Answer](), list[Task]()
            for answer in self.answers(group, pages, aside, _until_enough(group, asked, answers)):
                answers.append(with_tombstones(without_newer(answer, warehouse), warehouse))
            queue = [*(answer.rest for answer in answers if answer.more), *queue[len(asked) :]]
            if answers:
                for alike in by_variant(answers):
                    self.differs(alike)
                if not self._journal.outcome.windows:
                    self._further += [one for one in extra() if self._committer.lacks(one)]
                self.commit(answers)
            if sum(answer.rows for answer in answers) >= ROWS_MAX:
                gc.collect()  # objects of dlt that refer to each other in a circle hold the tables of the last package
        return aside

    def answers(
        self,
        tasks: Sequence[Task],
        pages: float = inf,
        aside: list[Task] | None = None,
        asked: Iterable[Task] | None = None,
    ) -> Iterator[Answer]:
        """Read tasks; failures and what was not asked for are noted.

        Args:
            tasks: what to read.
            pages: most pages of a list.
            aside: takes what is not asked for only because others of its variant have failed.
            asked: the tasks again, each when it is asked for; they may end sooner.
        """
        self._reader.evolved, self._reader.capacity = self._committer.evolved(), self._capacity
        outcome, breaker = self._journal.outcome, self.breaker
        self._work.find(tasks)
        for result in self._results(tasks, asked, skip=breaker.skips, pages=pages):
            if aside is not None and isinstance(result, Skipped) and breaker.leaves_alone(result.task):
                aside.append(result.task)
                continue
            if not (isinstance(result, Answer) and result.more):
                self._work.end(result.task)
            if isinstance(result, Skipped) and result.task.endpoint.scope in breaker.missing:
                breaker.lacks(result.task)
                self._journal.unsettled.append(result.task)
            elif isinstance(result, Skipped):
                outcome.skipped.append(result.task)
            elif isinstance(result, Failure) and breaker.is_of_one_person(result):
                self._journal.failed(result)
                self._failed_people.append(result)
            elif isinstance(result, Failure):
                self._failed(result)
            else:
                breaker.succeeded(result.task)
                self._dataset.ledger.tenant = self._dataset.ledger.tenant or result.tenant
                self.counts.add(result)
                outcome.answered += 1
                outcome.failures += [Failure(result.task, error) for error in result.lost]
                self._journal.answered(result)
                yield result

    def take_failed_people(self) -> list[Failure]:
        """Return the failures since the last time whose reason seems to lie in one person."""
        taken, self._failed_people = self._failed_people, []
        return taken

    def read_aside(self, tasks: Sequence[Task]) -> list[Answer | Failure]:
        """Read tasks that are not loaded and whose failure is no failure of the run."""
        return [result for result in self._results(tasks) if not isinstance(result, Skipped)]

    def _results(self, tasks: Sequence[Task], asked: Iterable[Task] | None = None, **how: Any) -> Iterator[Result]:
        if not tasks:
            return
        self._metrics.look(tasks)
        self._dataset.warehouse.release()
        results = iter(self._reader.read_all(asked or tasks, in_flight=self._in_flight, **how))
        while (result := self._work.reading(results)) is not None:
            self._dataset.renew()
            yield self._metrics.unless_vanished(result) if isinstance(result, Answer) else result

    def differs(self, answers: Sequence[Answer]) -> bool:
        """Compare answers of one variant with what is loaded for their windows; return whether anything differs."""
        if not answers[0].task.endpoint.additive:
            return True
        changes = self.detector.changes(answers)
        self._journal.changed(changes)
        self.unproved.note(changes)
        self._dataset.ledger.note_changed(answers[0].task, {change.date for change in changes}, self._grain)
        return bool(changes)

    def commit(self, answers: Sequence[Answer], extra: Iterable[DltResource] = ()) -> None:
        """Load answers together with the ledger and the history that speak of them."""
        if not self.commits:
            return
        with self._work.loading(len({table for answer in answers for table in answer.tables})):
            self._journal.kept(answers)  # the run's own row goes with them
            self._committer.commit(
                answers,
                self._reader.tenant,
                [*self._open_rows(answers), *extra],
                said=self._said,
            )
        self._journal.outcome.unknown |= {
            (table, name)
            for answer in answers
            for table, name in answer.unknown
            if name not in self._columns_before.get(table, {})
        }
        for answer in answers:
            for field, kinds in answer.kinds.items():
                self._kinds[field] = self._kinds.get(field, frozenset()) | kinds
        self._journal.outcome.varying = varying(self._kinds, self._columns_before)

    def close(self) -> None:
        """Commit what is left to say of the run; differences that were only looked at are no restatements."""
        with self._work.loading(0, last=True):
            self._committer.commit([], self._reader.tenant, self._open_rows([]), said=self._said)

    def _said(self, loaded: Sequence[Answer]) -> Said:
        """What is said of the run since the last time, with the tables that go with its first package."""
        self._journal.loaded(loaded)
        further, self._further = self._further, []
        return Said(self._journal.take_rows(restatements=self.commits), further)

    def _open_rows(self, answers: Sequence[Answer]) -> list[DltResource]:
        closed, self._closed = self._closed, []
        return open_rows(answers, closed, self._reader.tenant)

    def _failed(self, failure: Failure) -> None:
        outcome = self._journal.outcome
        self._journal.failed(failure)
        self.breaker.failed(failure)
        if failure.task.after and isinstance(failure.error, UnexpectedBodyError | RequestRejectedError):
            self._closed.append(failure.task)  # what leads nowhere is begun anew
        if self.breaker.stopped:
            outcome.stopped = self.breaker.stopped
            self._reader.session.budget.close()  # calls that wait for their turn would only meet the same
        outcome.failures.append(failure)


def _until_enough(tasks: Iterable[Task], asked: list[Task], answers: Sequence[Answer]) -> Iterator[Task]:
    """Give tasks until their answers have enough rows for one commit, and note which were given."""
    for task in tasks:
        if sum(answer.rows for answer in answers) >= ROWS_MAX:
            return
        asked.append(task)
        yield task


def by_variant(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    """Return answers in groups of one variant of an endpoint."""

    def variant(answer: Answer) -> tuple[str, str]:
        return answer.task.endpoint.name, answer.task.variant_text

    for _, alike in groupby(sorted(answers, key=variant), key=variant):
        yield list(alike)
