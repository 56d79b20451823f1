"""Finds the windows that the API has restated, by making the API add up: a check of the range, then of its parts."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Final

from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.proving.likelihood import Expectation, Likelihood
from pipelines.proving.sums import CENT, Gap, gaps, rows_of, sums_of
from pipelines.storing.sums import Sums
from sources.rest.catalogue.columns import Measure
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

ATTEMPTS: Final = 2
"""Times that sums may contradict themselves before a metric counts as not additive: the world may move meanwhile."""

AT_ONCE: Final = 4
"""Windows read between two looks at the sums, where not all may be needed."""

SURE: Final = 0.6
"""Chance from which on windows are read together, without a look at the sums between."""

LIKELY: Final = 0.3
"""Chance from which on the likeliest window is read; below, a question about half of the range tells more."""

Ask = Callable[[Sequence[Task]], Mapping[Task, Answer]]
"""Reads tasks; those that failed or were not asked for are absent."""

Bounds = tuple[int, int]
"""First window of a range, and the one after its last."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Sums of what is loaded of a range.

    Attributes:
        whole: of all windows.
        by_day: of each window, by its first day; asked for only if the whole does not agree.
    """

    whole: Callable[[], Sums]
    by_day: Callable[[], Mapping[date | None, Sums]]


@dataclass
class Finding:
    """What a search has found.

    Attributes:
        proved: what is loaded adds up as soon as the answers are loaded.
        answers: windows that were read again; those that had not changed are among them.
        behaviour: what is known of the server now.
        complete: every call that was needed was answered.
        unexplained: if it is not complete, ranges that differ and to which the search had not come, shortest first;
            where all windows were read and contradict the range, the newest two, which tell as much as all of them;
            empty if everything adds up, and not all windows were read that may cancel each other out.
    """

    behaviour: ServerBehaviour
    proved: bool = False
    complete: bool = True
    answers: dict[Window, Answer] = field(default_factory=dict)
    unexplained: list[Window] = field(default_factory=list)


class RestatementSearch:
    """Searches contiguous loaded windows of one variant of an endpoint for those that were restated.

    Args:
        subject: endpoint and variant.
        windows: what is loaded, oldest first, without gaps between.
        ask: reads from the API.
        loaded: sums from the warehouse.
        expectation: where changes are likely to lie; asked for only if the range does not agree.
        behaviour: what earlier checks have learned.
        cancelling: days on which what has changed elsewhere may cancel itself out here, by measure.
        read_before: windows that an earlier part of this search has read, and that have not changed elsewhere since.
        tolerance: share by which the sum of a value may be out over the range.
    """

    def __init__(
        self,
        subject: Task,
        windows: Sequence[Window],
        *,
        ask: Ask,
        loaded: Loaded,
        expectation: Callable[[], Expectation],
        behaviour: ServerBehaviour,
        cancelling: Mapping[Measure, frozenset[date]],
        read_before: Collection[Window] = (),
        tolerance: float = 0.0,
    ) -> None:
        self._subject = subject
        self._windows = list(windows)
        self._ask = ask
        # nothing is loaded before the search is over
        self._whole, self._by_day, self._expectation = cache(loaded.whole), cache(loaded.by_day), cache(expectation)
        self._cancelling = cancelling
        self._read_before = read_before
        self._tolerance = tolerance
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
            contradictions = self._search(whole, truth)
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
            self._finding.unexplained = [self._span((max(0, whole[1] - 2), whole[1]))]
        self._finding.proved = self._finding.complete
        if self._finding.complete:
            self._finding.unexplained = []
        return self._finding

    def _read_anew(self, whole: Bounds) -> dict[Bounds, Answer]:
        """Ask again for everything that contradicts itself: the world may have moved between two calls."""
        self._read(list(self._finding.answers))
        answers = list(self._call([self._task(self._span(whole))]).values())
        return dict(zip([whole], answers, strict=False))

    def _search(self, whole: Bounds, truth: Sums) -> list[Gap]:
        """Read the windows that explain the gaps of a range; return the gaps that no window explains."""
        contradictions: list[Gap] = []
        pending, settled = {whole: truth}, dict[Bounds, Sums]()
        while self._finding.complete and not (self._tolerance and not self._gaps(whole, truth)):
            questions, read = list[Bounds](), list[Window]()
            for bounds, sums in list(pending.items()):
                found, unread = self._gaps(bounds, sums), self._unread(bounds)
                if found and unread:
                    places, middle = self._next(unread, found)
                    read += [self._windows[place] for place in places]
                    questions += [(middle, bounds[1])] if middle else []
                else:
                    contradictions += found
                    settled[bounds] = pending.pop(bounds)
            self._learn([gap for gap in contradictions if gap.rounding])
            if not pending:
                read = self._hidden()
                pending, settled = settled if read else {}, {}
            if not read and not questions:
                break
            truths = self._answers(read, questions)
            for part, sums in truths.items():
                bounds = next(one for one in pending if one[0] < part[0] and one[1] == part[1])
                rest = pending.pop(bounds)
                # what the newer part does not hold, the older one does: no call is needed for it
                pending |= {part: sums, (bounds[0], part[0]): rest - sums}
        if not self._finding.complete:
            left = [one for one, sums in pending.items() if self._unread(one) and self._gaps(one, sums)]
            # of equal length the newer one: what has changed is likelier young
            left.sort(key=lambda one: (one[1] - one[0], -one[0]))
            self._finding.unexplained = [self._span(one) for one in left] or self._finding.unexplained
        return [gap for gap in contradictions if not gap.rounding]

    def _next(self, unread: Sequence[int], found: Sequence[Gap]) -> tuple[Sequence[int], int | None]:
        """What tells most of a range with gaps: windows to read, or the first window of its newer part to ask about."""
        likely = self._likelihood(unread, found)
        sure = likely.best(SURE) or likely.best(LIKELY)[:1]
        if sure:
            return [unread[place] for place in (sure[:AT_ONCE] if self._tolerance else sure)], None
        middle = _middle(likely.weights)
        if middle == 1:
            return unread[:1], None
        if middle == len(unread) - 1:
            return unread[-1:], None
        return (), unread[middle]

    def _likelihood(self, unread: Sequence[int], found: Sequence[Gap]) -> Likelihood:
        """Which of the windows that were not read are likely to explain gaps."""
        measures = self._subject.endpoint.additive
        windows = [self._windows[place] for place in unread]
        held = [self._loaded(window) for window in windows]
        return Likelihood([(gap, measures[gap.metric]) for gap in found], windows, held, self._expectation())

    def _hidden(self) -> list[Window]:
        """Windows whose changes may cancel themselves out, all but one: what that holds, the others tell."""
        measures = set(self._subject.endpoint.additive.values())
        days = sorted({day for measure in measures for day in self._cancelling.get(measure, ())}, reverse=True)
        holders = dict.fromkeys(window for day in days for window in self._windows if day in window)
        known = {*self._finding.answers, *self._read_before}
        return [window for window in holders if window not in known][:-1]

    def _answers(self, read: Sequence[Window], questions: Sequence[Bounds]) -> dict[Bounds, Sums]:
        """Read windows and ask about ranges, all at once; return the sums of the ranges."""
        tasks = {bounds: self._task(self._span(bounds)) for bounds in questions}
        windows = {self._task(window): window for window in read}
        answers = self._call([*windows, *tasks.values()])
        self._finding.answers |= {window: answers[task] for task, window in windows.items() if task in answers}
        return self._judged({bounds: answers[task] for bounds, task in tasks.items() if task in answers})

    def _judged(self, answers: Mapping[Bounds, Answer]) -> dict[Bounds, Sums]:
        """Sums of answers over ranges; a list that is cut off proves nothing."""
        truths = {}
        for bounds, answer in answers.items():
            if answer.truncated:
                self._finding.complete = False
                continue
            truths[bounds] = _sums(answer)
            if bounds[1] - bounds[0] == 1:
                self._finding.answers[self._windows[bounds[0]]] = answer
        return truths

    def _read(self, windows: Iterable[Window]) -> None:
        """Read single windows anew; from then on they count as they were answered."""
        self._answers(list(windows), [])

    def _call(self, tasks: Sequence[Task]) -> Mapping[Task, Answer]:
        answers = self._ask(tasks) if tasks else {}
        if len(answers) < len(tasks):
            self._finding.complete = False
        return answers

    def _gaps(self, bounds: Bounds, truth: Sums) -> list[Gap]:
        known = self._finding.behaviour
        found = gaps(self._subject.endpoint, truth, self._here(bounds), known.not_additive)
        return [gap for gap in found if not (known.rounded and gap.rounding) and not self._tolerates(gap, truth)]

    def _here(self, bounds: Bounds) -> Sums:
        """Sums of a range as it will be once the answers are loaded."""
        if not self._finding.answers and bounds == (0, len(self._windows)):
            return self._whole()
        return Sums.total(
            _sums(self._finding.answers[window]) if window in self._finding.answers else self._loaded(window)
            for window in self._windows[bounds[0] : bounds[1]]
        )

    def _loaded(self, window: Window) -> Sums:
        return self._by_day().get(window.start, Sums())

    def _tolerates(self, gap: Gap, truth: Sums) -> bool:
        return abs(gap.size) <= self._tolerance * abs(truth.values.get(gap.key, {}).get(gap.metric, 0.0))

    def _learn(self, contradictions: Sequence[Gap]) -> None:
        """All windows of a range were read and the range still differs: the metric does not add up on this server.

        Rounding is learned from the first such window, because it makes every range of a server disagree.
        """
        known = self._finding.behaviour
        broken = frozenset(gap.metric for gap in contradictions if not gap.rounding)
        rounded = known.rounded or any(gap.rounding for gap in contradictions)
        self._finding.behaviour = replace(known, rounded=rounded, not_additive=known.not_additive | broken)

    def _unread(self, bounds: Bounds) -> list[int]:
        return [place for place in range(*bounds) if self._windows[place] not in self._finding.answers]

    def _span(self, bounds: Bounds) -> Window:
        return Window(self._windows[bounds[0]].start, self._windows[bounds[1] - 1].end)

    def _task(self, window: Window) -> Task:
        return replace(self._subject, window=window)


def _is_same(one: Gap, other: Gap) -> bool:
    return (one.key, one.metric) == (other.key, other.metric) and abs(one.size - other.size) < CENT / 2


def _middle(weights: Sequence[float]) -> int:
    """Where to cut a sequence so that both parts weigh about the same, and none is empty."""
    before = list(accumulate(weights))
    return min(range(1, len(weights)), key=lambda place: abs(2 * before[place - 1] - before[-1]))


def _sums(answer: Answer) -> Sums:
    return sums_of(answer.task.endpoint, rows_of(answer))
