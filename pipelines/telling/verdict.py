"""The last line of a run: what it has come to, in numbers and with its exit code."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pipelines.running.exit_codes import ExitCode
from pipelines.telling.boundary import sentence, shown
from pipelines.telling.log import about, level_of, note
from pipelines.telling.profiles import counted

if TYPE_CHECKING:
    from pipelines.running.outcome import Outcome
    from pipelines.running.profiles import Done
    from pipelines.telling.notices import Notices
    from pipelines.telling.otel import Telemetry


NOTHING_COMPARED: Final = "nothing was compared, so that nothing is proved"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a run has ended.

    Of windows it counts those that are loaded, those that were asked for and gave no rows (`failed`), and those that
    were planned and not asked for. `restated` counts the values that the API has changed, or those that differ in a
    proof; `word` says which of both.
    """

    exit_code: ExitCode
    rows: int = 0
    windows: int = 0
    failed: int = 0
    not_asked: int = 0
    units: int = 0
    minutes: float = 0.0
    restated: int = 0
    word: str = "restated"

    @classmethod
    def of(cls, result: "Outcome | None", code: ExitCode, seconds: float, word: str = "restated") -> "Verdict":
        """Make that of one profile."""
        minutes = round(seconds / 60, 1)
        if result is None:
            return cls(exit_code=code, minutes=minutes, word=word)
        return cls(
            exit_code=code,
            rows=result.rows.total(),
            windows=result.windows.total(),
            failed=len(result.failures),
            not_asked=len(result.skipped),
            units=sum(result.units.values()),
            minutes=minutes,
            restated=len(result.changes),
            word=word,
        )

    @classmethod
    def of_all(cls, verdicts: "Sequence[Verdict]", seconds: float) -> "Verdict":
        """Make that of several profiles; they ran side by side, so that minutes do not add up."""
        names = ("rows", "windows", "failed", "not_asked", "units", "restated")
        sums = {name: sum(getattr(one, name) for one in verdicts) for name in names}
        return cls(
            exit_code=max(one.exit_code for one in verdicts),
            minutes=round(seconds / 60, 1),
            word=verdicts[0].word,
            **sums,
        )

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"{self.outcome}: {self.numbers}"

    @property
    def outcome(self) -> str:
        """Return the name of its exit code, as the history has it."""
        return self.exit_code.name.lower()

    @property
    def numbers(self) -> str:
        """What was done, and the exit code."""
        lacking = "".join(f", {count} {what}" for count, what in self._lacking if count)
        return (
            f"{self.rows} rows, {self.windows} windows{lacking}, {self.units} units, {self.minutes} min,"
            f" {self.restated} {self.word}; exit code {self.exit_code}"
        )

    @property
    def _lacking(self) -> Sequence[tuple[int, str]]:
        return (self.failed, "failed"), (self.not_asked, "not asked")

    @property
    def fields(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit_code),
            "rows": self.rows,
            "windows": self.windows,
            "failed_windows": self.failed,
            "not_asked_windows": self.not_asked,
            "units": self.units,
            "minutes": self.minutes,
            "restated_values": self.restated,
        }


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run of one profile has ended; `failed` names the resources of which windows failed, `error` says why."""

    profile: str
    verdict: Verdict
    failed: Sequence[str] = ()
    error: str = ""


class Ending:
    """Says how a run ends.

    Attributes:
        notices: calls whoever wants to know; None before it is known whom.
        telemetry: sends spans and metrics to whoever wants them; None where nobody is told.

    Args:
        word: what values are that the verdict counts: `restated`, or `differing` in a proof.
    """

    def __init__(self, word: str = "restated") -> None:
        self._word = word
        self.notices: Notices | None = None
        self.telemetry: Telemetry | None = None
        self._began, self._began_at = time.monotonic(), time.time()

    def early(self, code: ExitCode, error: Exception | None) -> None:
        """Say that it has not even begun, and why."""
        verdict = Verdict.of(None, code, self._seconds, self._word)
        if self.notices:
            ended = Ended(profile="", verdict=verdict, error=sentence(error) if error else "")
            self.notices.tell([ended], verdict)
        if self.telemetry:
            self.telemetry.tell([], [], verdict, self._began_at)
        self._say(verdict)

    def ended(self, done: "Sequence[Done[Outcome]]", codes: Sequence[ExitCode], least: ExitCode) -> None:
        """Say how it has ended: a line for each profile where there are several, and the last one for all.

        Args:
            done: the profiles.
            codes: exit code of each.
            least: code of what was done for all of them afterwards.
        """
        if len(done) == 1:
            codes = [max(*codes, least)]
        verdicts = [
            Verdict.of(one.result, code, one.seconds, self._word) for one, code in zip(done, codes, strict=True)
        ]
        total = Verdict.of_all(verdicts, self._seconds)
        total = replace(total, exit_code=max(total.exit_code, least))
        if self.notices:
            told = [_told(one, verdict) for one, verdict in zip(done, verdicts, strict=True)]
            everybody = [Ended(profile="", verdict=replace(total, exit_code=least))]
            self.notices.tell([*told, *(everybody if len(done) > 1 and least else [])], total)
        if self.telemetry:
            self.telemetry.tell(done, verdicts, total, self._began_at)
        if len(done) == 1:
            with about(done[0].name, among=False):
                self._say(verdicts[0])
            return
        for one, verdict in zip(done, verdicts, strict=True):
            with about(one.name, among=True):
                self._say(verdict)
        self._say(total, f"{counted(codes)}; {total.numbers}")

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _say(self, verdict: Verdict, text: str = "") -> None:
        note(text or str(verdict), {"event": "verdict", **verdict.fields}, level_of(verdict.exit_code))


def _told(one: "Done[Outcome]", verdict: Verdict) -> Ended:
    failed = {failure.task.endpoint.name for failure in one.result.own_failures} if one.result else set()
    error = sentence(one.error) if one.error else _why(one.result) if one.result else ""
    return Ended(profile=one.name, verdict=verdict, failed=sorted(failed), error=error)


def _why(result: "Outcome") -> str:
    """What has gone wrong in a run, in words: what has ended it, or the first of what failed."""
    if result.stopped:
        return shown(str(result.stopped))
    if result.missing:
        return shown(f"the key lacks {', '.join(sorted(result.missing))}")
    if not result.failures:
        return NOTHING_COMPARED if result.proves_nothing else ""
    first, others = result.failures[0], len(result.failures) - 1
    return shown(f"{first.task}: {first.error}") + (f"; and {others} more windows" if others else "")
