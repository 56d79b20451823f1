"""The proofs of a run: loaded ranges have to add up, and lists have to be as long as they are counted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

import pendulum

from pipelines.planning.policy import Policy, Reason
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.planning.suspects import Suspect
from pipelines.proving.likelihood import Expectation
from pipelines.proving.search import Finding, Loaded, RestatementSearch
from pipelines.running.journal import Journal
from pipelines.running.loader import Loader, by_variant
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from sources.rest.windows import MAX_DAYS, Window, by_grain, overlap, spans

ASKED_AGAIN: Final = 2
"""Windows that show whether a metric still does not add up, for three calls."""


class Checks:
    """Makes the API's words add up with what is loaded.

    Args:
        loader: reads what has to be asked, loads what has changed.
        dataset: what is loaded.
        reader: its catalogue and the vendor's conventions.
        policy: how the past is gone about.
        journal: is told what was proved and what was not.
        asks_again: what was found out of the server is asked again, however fresh it is.
    """

    def __init__(
        self,
        loader: Loader,
        dataset: Dataset,
        reader: Reader,
        policy: Policy,
        journal: Journal,
        *,
        asks_again: bool = False,
    ) -> None:
        self._asks_again = asks_again
        self._loader = loader
        self._ledger = dataset.ledger
        self._warehouse = dataset.warehouse
        self._catalogue = reader.endpoints
        self._advice = reader.session.api.not_additive_advice
        self._budget = reader.session.budget
        self._policy = policy
        self._journal = journal
        self._asked: set[tuple[str, tuple[tuple[str, str], ...]]] = set()

    def open(self, checks: Sequence[Task]) -> None:
        """Begin with some checks: what changes elsewhere from now on, or since an earlier run began with them, counts.

        A run that ends before them has loaded what has changed elsewhere, so that the next one would not see it.
        """
        grain, now = self._policy.grain, pendulum.now("UTC")
        before = [opened for check in checks if (opened := self._ledger.opened(check, grain))]
        if before:
            self._loader.detector.recall(min(before), self._catalogue, self._policy.values)
        for check in checks:
            self._ledger.open_check(check, grain, now)

    def ranges(self, checks: Sequence[Task]) -> None:
        """Bring loaded ranges to agree with the API's word over each of them."""
        grain = self._policy.grain
        before = {(task.endpoint, task.variant): (task, self._ledger.behaviour(task, grain)) for task in checks}
        changed: list[Answer] = []
        # whose search has cleared most waits for the others, so that none waits for ever
        checks = sorted(checks, key=lambda check: sum(one.days for one in self._ledger.suspect(check, grain).cleared))
        for check in checks if self._loader.commits else ():
            self._go_on(check)
        answers = list(self._loader.answers(checks))
        self._lengthen(answers)
        # many values tell days apart best, and what they tell helps with the others
        for whole in sorted(answers, key=lambda answer: -answer.rows):
            for part in self._uncut(whole):
                read = [part] if part.truncated else self._examined(part)
                if part.truncated and not self._loader.commits:  # if it is loaded, that is said then
                    self._journal.outcome.truncated.append(part.task)
                changed += [one for one in read if self._loader.differs([one]) or one.truncated]
                if len(changed) >= self._loader.slice_units:
                    self._loader.commit(changed)
                    changed = []
        if changed:
            self._loader.commit(changed)
        unsettled = self._unsettled()
        for task, known in before.values():
            self._journal.learned(task, known, self._ledger.behaviour(task, grain), self._advice)
            if self._loader.commits and (task.endpoint, task.variant) not in unsettled:
                self._ledger.close_check(task, grain)

    def _unsettled(self) -> set[tuple[Endpoint, tuple[tuple[str, str], ...]]]:
        """Variants that were not looked at whole."""
        outcome = self._journal.outcome
        failed = (failure.task for failure in outcome.failures)
        return {(task.endpoint, task.variant) for task in (*outcome.skipped, *failed, *self._journal.unsettled)}

    def _lengthen(self, answers: Sequence[Answer]) -> None:
        """Ask for ranges of twice the length from the next time on, where no list was half as long as it may be."""
        for alike in by_variant(answers):
            task, grain = alike[0].task, self._policy.grain
            known, cap = self._ledger.behaviour(task, grain), task.endpoint.cap
            days = self._believed(task, known).whole_days
            if days and cap and 2 * max(answer.rows for answer in alike) < cap:
                days = 2 * days if 2 * days < MAX_DAYS else None  # no call asks for more: nothing is cut off any more
            self._ledger.learn(task, grain, replace(known, whole_days=days))

    def _uncut(self, whole: Answer) -> Iterator[Answer]:
        """Ask for shorter ranges where a list is cut off; what is left then is a single window, and proves nothing."""
        grain, task = self._policy.grain, whole.task
        windows = self._windows(task)
        if not whole.truncated or task.window is None or len(windows) == 1:
            yield whole
            return
        known = self._ledger.behaviour(task, grain).cut_off(task.window)
        self._ledger.learn(task, grain, known)
        first = spans(windows, known.whole_days or 1)[0]
        for part in list(self._loader.answers([replace(task, window=first)])):
            yield from self._uncut(part)
        later = [one for one in windows if one.start > first.end]
        known = self._ledger.behaviour(task, grain)  # the first part has shown how long ranges may be
        parts = spans(later, known.whole_days or 1)
        for part in list(self._loader.answers([replace(task, window=one) for one in reversed(parts)])):
            yield from self._uncut(part)

    def _go_on(self, check: Task) -> None:
        """Go on with a search that was broken off, by halves, so that it gets on with whatever may be spent.

        Nothing is claimed of days that were not read: the whole range has to add up afterwards.
        """
        grain, windows, goes_on = self._policy.grain, self._windows(check), True
        while goes_on and (differs := self._ledger.suspect(check, grain).differs):
            inside = [one for one in windows if overlap(one, differs)]
            left = self._ledger.suspect(check, grain).left(inside)
            # all were read, and yet they differ: two windows tell whether a metric does not add up
            newer, older = left[: (len(left) + 1) // 2] or inside[:ASKED_AGAIN], left[(len(left) + 1) // 2 :]
            if not inside or (read := self._narrowed(check, newer, older)) is None:
                return
            goes_on = bool(older) or read or not left
            if not goes_on:  # a pair is asked about with all that the next run may spend
                pair = windows[max(0, windows.index(newer[0]) - 1) :][:ASKED_AGAIN]
                self._ledger.note_suspect(check, grain, self._ledger.suspect(check, grain).narrowed(_span(pair)))

    def _narrowed(self, check: Task, newer: Sequence[Window], older: Sequence[Window]) -> bool | None:
        """Search the newer windows of what differs; return whether any has changed, None if they were not searched."""
        grain, task = self._policy.grain, replace(check, window=_span(newer))
        answers = list(self._loader.answers([task]))
        if not answers or answers[0].truncated:
            return None
        finding = self._searched(answers[0], self._believed(task, self._ledger.behaviour(task, grain)))
        changed = [one for one in finding.answers.values() if self._loader.differs([one])]
        suspect = self._ledger.suspect(check, grain)
        if self._is_broken_off(finding):
            later = suspect.broken_off(newer, finding.answers, finding.unexplained)
        else:
            later = suspect.narrowed(_span(older) if older and not changed else None, newer).with_read(finding.answers)
        self._ledger.note_suspect(check, grain, later)
        if changed:
            self._loader.commit(changed)
        return None if self._is_broken_off(finding) else bool(changed)

    def _is_broken_off(self, finding: Finding) -> bool:
        return self._loader.commits and self._budget.closed and not finding.complete

    def _note_end(self, task: Task, finding: Finding) -> None:
        """Note that a range was proved today, or where its search goes on."""
        grain, windows = self._policy.grain, self._windows(task)
        if not self._is_broken_off(finding):
            self._ledger.note_read(task, grain, self._policy.today, proved=True)
            self._ledger.note_suspect(task, grain, Suspect())
            return
        suspect = self._ledger.suspect(task, grain)
        found = suspect.broken_off(windows, finding.answers, finding.unexplained)
        if not finding.unexplained:
            found = suspect.narrowed(None).with_read(finding.answers)
        elif suspect.differs:  # what is to be asked first is known
            found = replace(found, differs=suspect.differs)
        elif not found.differs:  # everything was read since, and yet something differs: begin anew
            found = Suspect().broken_off(windows, finding.answers, finding.unexplained)
            found = replace(found, differs=found.differs or finding.unexplained[0])
        self._ledger.note_suspect(task, grain, found)

    def _examined(self, whole: Answer) -> Collection[Answer]:
        """Search a range for what has changed; return the windows that were read again."""
        outcome, task, grain = self._journal.outcome, whole.task, self._policy.grain
        finding = self._searched(whole, self._still_believed(task, self._ledger.behaviour(task, grain)))
        self._note_end(task, finding)
        not_additive = finding.behaviour.not_additive
        if not not_additive.issuperset(task.endpoint.additive):
            outcome.compared.add(task.endpoint.name)
        if finding.behaviour.rounded:
            outcome.rounded.add(task.endpoint.name)
        outcome.not_summed |= {(task.endpoint.name, task.variant_text, metric) for metric in not_additive}
        if not finding.proved:
            self._journal.unsettled.append(task)
            outcome.unproved.append(task)
        return finding.answers.values()

    def _searched(self, whole: Answer, known: ServerBehaviour) -> Finding:
        """Search a range for what has changed, and keep what that tells of the server."""
        task, grain = whole.task, self._policy.grain
        before = self._ledger.behaviour(task, grain)
        finding = self._search(task, known).run(whole)
        found = finding.behaviour
        now = replace(before, rounded=found.rounded, not_additive=found.not_additive)
        if len(self._windows(task)) == 1:  # it says nothing of what adds up over several
            now = replace(now, not_additive=self._believed(task, before).not_additive)
        elif not self._is_broken_off(finding):
            now = self._dated(before, now)
            self._asked.add((task.endpoint.name, task.variant))
        self._ledger.learn(task, grain, now)
        if now.not_additive - before.not_additive:
            self._ledger.range_ends = ("", None)  # the server may read ranges otherwise than it did
        return finding

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
        grain, unsettled = self._policy.grain, self._unsettled()
        for whole in ranges:
            if (whole.endpoint, whole.variant) not in unsettled:
                behaviour = replace(
                    self._ledger.behaviour(whole, grain),
                    checked=self._policy.today,
                    asked_as=self._policy.asked_as(whole.endpoint),
                    left_out=frozenset(whole.endpoint.left_out),
                )
                self._ledger.learn(whole, grain, behaviour)

    def _counted(self) -> list[Answer]:
        """Ask how many rows there must be; where the API does not tell, that is no failure of what was loaded."""
        counts = self._loader.counts
        results = self._loader.read_aside(counts.questions(self._catalogue))
        untold = [f"nobody has counted its rows: {one.error}" for one in results if isinstance(one, Failure)]
        names = {task.endpoint.name for task in counts.listed}
        self._journal.outcome.notes += [f"{name}: {text}" for text in untold for name in sorted(names)]
        return [one for one in results if isinstance(one, Answer)]

    def _windows(self, check: Task) -> list[Window]:
        """Windows of a range, newest first."""
        return list(by_grain(check.window, self._policy.grain)) if check.window else []

    def _believed(self, check: Task, known: ServerBehaviour) -> ServerBehaviour:
        """Return what is believed of the server; what this run has found out was asked as it asks now."""
        is_new = (check.endpoint.name, check.variant) in self._asked
        return known if is_new else self._policy.believed(check.endpoint, known)

    def _still_believed(self, check: Task, before: ServerBehaviour) -> ServerBehaviour:
        """Return what is known of the server; an old verdict is asked again of two windows, before all are read.

        Of a range that is proved in parts the first one asks for all of them.
        """
        known = self._believed(check, before)
        window = check.window
        is_new = (check.endpoint.name, check.variant) in self._asked
        if window is None or is_new or not (self._policy.doubts(known) or self._asks_again):
            return known
        known, verdict = replace(known, not_additive=frozenset()), known.not_additive
        newest = self._windows(check)[:ASKED_AGAIN]
        if not verdict or len(newest) < ASKED_AGAIN:
            return known
        pair = replace(check, window=_span(newest))
        for answer in self._loader.answers([pair]):
            finding = self._search(pair, known).run(answer)
            return replace(known, not_additive=verdict) if self._is_broken_off(finding) else finding.behaviour
        return known

    def _dated(self, before: ServerBehaviour, now: ServerBehaviour) -> ServerBehaviour:
        """Note today as the day of a verdict that has just been found out."""
        if not now.not_additive:
            return replace(now, learned=None)
        is_old = now.not_additive == before.not_additive and before.learned is not None
        asked = self._policy.doubts(before) or self._asks_again
        return now if is_old and not asked else replace(now, learned=self._policy.today)

    def _search(self, check: Task, known: ServerBehaviour) -> RestatementSearch:
        window = check.window
        if window is None:
            raise ValueError(f"{check} has no days to check")
        grain, detector = self._policy.grain, self._loader.detector
        windows, suspect = self._windows(check)[::-1], self._ledger.suspect(check, grain)
        changed_days = detector.changed_since(self._ledger.opened(check, grain))
        return RestatementSearch(
            check,
            windows,
            ask=lambda tasks: {
                answer.task: answer
                for answer in self._loader.answers([replace(one, reason=Reason.RESTATED) for one in tasks])
            },
            loaded=Loaded(whole=lambda: self._warehouse.sums(check), by_day=lambda: self._warehouse.sums_by_day(check)),
            expectation=lambda: Expectation(self._policy.today, changed_days.amounts, changed_days.totals),
            cancelling=changed_days.cancelling,
            read_before=[one for one in windows if suspect.was_read(one)],
            behaviour=known,
            tolerance=self._policy.tolerance,
        )


def _span(windows: Sequence[Window]) -> Window:
    """Days of windows that are newest first."""
    return Window(windows[-1].start, windows[0].end)
