"""Finds the windows that the API has restated, by making the API add up: a check of the whole range, then halves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Final

from pipelines.planning.ledger import ServerBehaviour
from pipelines.proving.sums import CENT, Gap, gaps, rows_of, sums_of
from pipelines.storing.sums import Sums
from sources.rest.catalogue.columns import Measure
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

ATTEMPTS: Final = 2
"""Times that sums may contradict themselves before a metric counts as not additive: the world may move meanwhile."""

CHANGED_DAYS_AT_ONCE: Final = 4
"""Windows read between two looks at the sums, where not all may be needed."""

Ask = Callable[[Sequence[Task]], Mapping[Task, Answer]]
"""Reads tasks; those that failed or were not asked for are absent."""

Loaded = Callable[[Window, frozenset[Window]], Sums]
"""Sums of what is loaded for a range, leaving some of its windows out."""


@dataclass
class Finding:
    """What a search has found.

    Attributes:
        proved: what is loaded adds up as soon as the answers are loaded.
        answers: windows that were read again; those that had not changed are among them.
        behaviour: what is known of the server now.
        complete: every call that was needed was answered.
    """

    behaviour: ServerBehaviour
    proved: bool = False
    complete: bool = True
    answers: dict[Window, Answer] = field(default_factory=dict)


class RestatementSearch:
    """Searches contiguous loaded windows of one variant of an endpoint for those that were restated.

    Args:
        subject: endpoint and variant.
        windows: what is loaded, oldest first, without gaps between.
        ask: reads from the API.
        loaded: sums from the warehouse.
        changed_days: days that have changed at other endpoints, by measure, largest change first.
        behaviour: what earlier checks have learned.
        cancelling: measures that moved both up and down, so that sums may agree although days do not.
        tolerance: share by which the sum of a value may be out over the range.
    """

    def __init__(
        self,
        subject: Task,
        windows: Sequence[Window],
        *,
        ask: Ask,
        loaded: Loaded,
        changed_days: Mapping[Measure, Sequence[date]],
        behaviour: ServerBehaviour,
        cancelling: frozenset[Measure] = frozenset(),
        tolerance: float = 0.0,
    ) -> None:
        self._cancelling = cancelling
        self._tolerance = tolerance
        self._subject = subject
        self._windows = list(windows)
        self._ask = ask
        self._loaded = cache(loaded)  # nothing is loaded before the examination is over
        self._changed_days = changed_days
        self._finding = Finding(behaviour)

    def run(self, first: Answer) -> Finding:
        """Find the windows that changed, where a range does not add up to what is loaded.

        Args:
            first: the API's answer over the whole range.
        """
        whole = (0, len(self._windows))
        before: list[Gap] = []
        for attempt in range(ATTEMPTS):
            truth = self._judged({whole: first} if attempt == 0 else self._read_anew(whole)).get(whole)
            if truth is None:
                return self._finding
            found = self._gaps(whole, truth)
            if attempt == 0:
                self._read_first(whole, truth, self._changed_windows(found))
            contradictions = self._bisect(whole, truth)
            if not contradictions or not self._finding.complete:
                break
            # of a metric that does not add up the same is missing twice; if not, the world moves while it is asked
            now = self._gaps(whole, truth)
            if attempt == ATTEMPTS - 1:
                steady = {gap.metric for gap in now for one in before if _is_same(gap, one)}
                self._learn([gap for gap in contradictions if gap.metric in steady])
                self._finding.proved = steady.issuperset(gap.metric for gap in contradictions)
                return self._finding
            before = now
        self._finding.proved = self._finding.complete
        return self._finding

    def _read_anew(self, whole: tuple[int, int]) -> dict[tuple[int, int], Answer]:
        """Ask again for everything that contradicts itself: the world may have moved between two calls."""
        stale = list(self._finding.answers)
        self._finding.answers.clear()
        self._read(stale)
        answers = list(self._call([self._task(self._span(whole))]).values())
        return dict(zip([whole], answers, strict=False))

    def _read_first(self, whole: tuple[int, int], truth: Sums, windows: Sequence[Window]) -> None:
        """Read windows, largest change first; all of them, unless fewer are enough to come within the tolerance."""
        step = CHANGED_DAYS_AT_ONCE if self._tolerance else len(windows)
        while windows and not (self._tolerance and not self._gaps(whole, truth)):
            self._read(windows[:step])
            windows = windows[step:]

    def _bisect(self, whole: tuple[int, int], truth: Sums) -> list[Gap]:
        """Read the windows that explain the gaps of a range; return the gaps that no window explains."""
        contradictions: list[Gap] = []
        pending = [(whole, truth)]
        while pending and self._finding.complete and not (self._tolerance and not self._gaps(whole, truth)):
            split = []
            for (low, high), sums in pending:
                found = self._gaps((low, high), sums)
                unread = [place for place in range(low, high) if self._windows[place] not in self._finding.answers]
                if found and unread:
                    split.append((low, unread[len(unread) // 2], high, sums))
                elif found:
                    contradictions += found
            newer = self._truths([(middle, high) for _, middle, high, _ in split])
            pending = []
            for low, middle, high, sums in split:
                half = newer.get((middle, high))
                if half is not None and low < middle:
                    # what the newer half does not hold, the older one does: no call is needed for it
                    pending += [((middle, high), half), ((low, middle), sums - half)]
                elif half is not None:
                    contradictions += self._gaps((middle, high), sums)
            self._learn([gap for gap in contradictions if gap.rounding])
        return [gap for gap in contradictions if not gap.rounding]

    def _truths(self, ranges: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Sums]:
        """Ask for the sums of several ranges; a range with one unread window is asked for as that window."""
        single = {bounds: unread[0] for bounds in ranges if len(unread := self._unread(bounds)) == 1}
        asked = [bounds for bounds in ranges if bounds not in single]
        tasks = {bounds: self._task(self._span(bounds)) for bounds in asked}
        self._read(single.values())
        answers = self._call(list(tasks.values()))
        direct = {bounds: answers[tasks[bounds]] for bounds in asked if tasks[bounds] in answers}
        read = {bounds: self._answered(bounds) for bounds in single if not self._unread(bounds)}
        return {**self._judged(direct), **read}

    def _judged(self, answers: Mapping[tuple[int, int], Answer]) -> dict[tuple[int, int], Sums]:
        """Sums of answers over ranges; a list that is cut off proves nothing."""
        truths = {}
        for bounds, answer in answers.items():
            if answer.truncated:
                self._finding.behaviour = replace(self._finding.behaviour, capped=True)
                self._finding.complete = False
                continue
            truths[bounds] = _sums(answer)
            if bounds[1] - bounds[0] == 1:
                self._finding.answers[self._windows[bounds[0]]] = answer
        return truths

    def _read(self, windows: Iterable[Window]) -> None:
        """Read single windows anew; from then on they count as they were answered."""
        tasks = {self._task(window): window for window in windows if window not in self._finding.answers}
        for task, answer in self._call(list(tasks)).items():
            self._finding.answers[tasks[task]] = answer

    def _call(self, tasks: Sequence[Task]) -> Mapping[Task, Answer]:
        answers = self._ask(tasks) if tasks else {}
        if len(answers) < len(tasks):
            self._finding.complete = False
        return answers

    def _gaps(self, bounds: tuple[int, int], truth: Sums) -> list[Gap]:
        low, high = bounds
        read = frozenset(window for window in self._windows[low:high] if window in self._finding.answers)
        here = self._answered(bounds)
        if len(read) < high - low:
            here = here + self._loaded(self._span(bounds), read)
        known = self._finding.behaviour
        found = gaps(self._subject.endpoint, truth, here, known.not_additive)
        return [gap for gap in found if not (known.rounded and gap.rounding) and not self._tolerates(gap, truth)]

    def _tolerates(self, gap: Gap, truth: Sums) -> bool:
        return abs(gap.size) <= self._tolerance * abs(truth.values.get(gap.key, {}).get(gap.metric, 0.0))

    def _answered(self, bounds: tuple[int, int]) -> Sums:
        total = Sums()
        for window in self._windows[bounds[0] : bounds[1]]:
            if window in self._finding.answers:
                total = total + _sums(self._finding.answers[window])
        return total

    def _learn(self, contradictions: Sequence[Gap]) -> None:
        """All windows of a range were read and the range still differs: the metric does not add up on this server.

        Rounding is learned from the first such window, because it makes every range of a server disagree.
        """
        known = self._finding.behaviour
        broken = frozenset(gap.metric for gap in contradictions if not gap.rounding)
        rounded = known.rounded or any(gap.rounding for gap in contradictions)
        self._finding.behaviour = replace(known, rounded=rounded, not_additive=known.not_additive | broken)

    def _changed_windows(self, found: Sequence[Gap]) -> list[Window]:
        """Windows that changed at other endpoints which measure what shows a gap, or what may cancel itself out."""
        measures = {self._subject.endpoint.additive[gap.metric] for gap in found}
        measures |= self._cancelling & set(self._subject.endpoint.additive.values())
        days = [day for measure in sorted(measures) for day in self._changed_days.get(measure, ())]
        holders = (next((window for window in self._windows if day in window), None) for day in days)
        return list(dict.fromkeys(window for window in holders if window))

    def _unread(self, bounds: tuple[int, int]) -> list[Window]:
        return [window for window in self._windows[bounds[0] : bounds[1]] if window not in self._finding.answers]

    def _span(self, bounds: tuple[int, int]) -> Window:
        return Window(self._windows[bounds[0]].start, self._windows[bounds[1] - 1].end)

    def _task(self, window: Window) -> Task:
        return replace(self._subject, window=window)


def _is_same(one: Gap, other: Gap) -> bool:
    return (one.key, one.metric) == (other.key, other.metric) and abs(one.size - other.size) < CENT / 2


def _sums(answer: Answer) -> Sums:
    return sums_of(answer.task.endpoint, rows_of(answer))
