"""Calls that tell how runs end: once when one has not ended well, daily while none does, once when one does again.

What is sent is made of numbers and names that the configuration or the catalogue has: nothing of what a server or a
database has said, and no key.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from pipelines.running.endings import ERROR_MAX, LastEnd, LastEnds
from pipelines.running.exit_codes import WELL, ExitCode
from pipelines.telling.log import warn
from pipelines.telling.operating import NotifyFormat, Operating
from pipelines.telling.verdict import Ended, Verdict
from sources.rest.calling.address import is_loopback
from sources.rest.calling.deadline import within

SECONDS: Final = 10.0
"""Longest time that one call may take; the run has ended by then and only waits for it."""

AGAIN_HOURS: Final = 24
"""Hours after which it is said once more that runs do not end well."""

OF_SOMEBODY: Final = frozenset({ExitCode.INTERRUPTED, ExitCode.USAGE})
"""Exit codes that somebody has brought about who sits there and knows."""

ADVICE: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "",
    ExitCode.ALLOWANCE: "",
    ExitCode.FAILED_WINDOWS: "the next run asks for what failed again; if it stays, see elt status and the log",
    ExitCode.INTERNAL: "nobody foresaw this: see the log, which names a private file",
    ExitCode.LATER: "the server or the destination is away, full or held: the next run tries again; see the log if it"
    " stays",
    ExitCode.REFUSED: "the key is refused or lacks a scope: run elt check, and give the configuration a key that works",
    ExitCode.CONFIGURATION: "it cannot work before somebody changes the configuration: the log says what",
    ExitCode.TERMINATED: "somebody or something has ended it; the same command goes on from there",
}


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in the place of a `.netrc`, which would add one."""
    return request


class Notices:
    """Tells by calls how runs end, and remembers how they end and what was told.

    Args:
        options: whom to call.
        command: what was run, such as `sync`.
        source: name of the source.
        destination: name of the destination.
        dataset: schema there; empty for the source's own.
        now: the present moment.
    """

    def __init__(
        self,
        options: Operating,
        command: str,
        source: str,
        destination: str,
        dataset: str = "",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._about = {"command": command, "source": source, "destination": destination}
        self._ends = LastEnds(command, source, destination, dataset)
        self._now = now

    def tell(self, ended: Sequence[Ended], total: Verdict) -> None:
        """Make the calls that are due; none that fails is an error.

        Args:
            ended: how each profile has ended; one without a name, where not even the profiles could be read.
            total: how the command has ended.
        """
        # a proof that goes well says nothing of syncs that do not happen any more
        if total.exit_code in WELL and self._options.heartbeat_url and self._about["command"] == "sync":
            self._call("heartbeat_url", self._options.heartbeat_url, None)
        if total.exit_code in OF_SOMEBODY:
            return
        url = self._options.notify_url
        told_to = hashlib.blake2b(url.encode(), digest_size=8).hexdigest() if url else ""
        before, told_before = self._ends.read()
        if told_to != told_before:  # whoever is to be told now knows nothing yet
            before = {name: replace(one, told=None) for name, one in before.items()}
        if total.exit_code in WELL and "" in before and all(one.profile for one in ended):
            ended = [*ended, Ended(profile="", verdict=total)]  # the profiles can be read again
        ends = {one.profile: self._end(one, before.get(one.profile)) for one in ended}
        due = [one for one in ended if url and self._is_due(ends[one.profile], before.get(one.profile))]
        told = url is not None and bool(due) and self._call("notify_url", url, self._message(due, ends))
        after = dict(before)
        for one in ended:
            if one.verdict.exit_code not in WELL:
                now = self._moment if told and one in due else ends[one.profile].told
                after[one.profile] = replace(ends[one.profile], told=now)
            elif told or one not in due:  # else it is tried again after the next run
                after.pop(one.profile, None)
        self._remember(after, told_to, changed=after != before or told_to != told_before)

    @property
    def _moment(self) -> str:
        return self._now().isoformat(timespec="seconds")

    def _end(self, one: Ended, before: LastEnd | None) -> LastEnd:
        """How the runs of a profile end, since when, how many of them, and when that was told."""
        code, error = int(one.verdict.exit_code), one.error[:ERROR_MAX]
        if before is not None and before.exit_code == code:
            return replace(before, runs=before.runs + 1, at=self._moment, error=error)
        return LastEnd(exit_code=code, since=self._moment, at=self._moment, runs=1, error=error)

    def _is_due(self, end: LastEnd, before: LastEnd | None) -> bool:
        if end.exit_code in WELL:
            return before is not None
        return end.told is None or self._now() >= datetime.fromisoformat(end.told) + timedelta(hours=AGAIN_HOURS)

    def _message(self, due: Sequence[Ended], ends: Mapping[str, LastEnd]) -> dict[str, Any]:
        lines = [self._sentence(one, ends[one.profile]) for one in due]
        text = "\n".join(lines)
        if self._options.notify_format is NotifyFormat.SLACK:
            return {"text": text}
        profiles = [
            {
                "profile": one.profile,
                **one.verdict.fields,
                "failed_resources": list(one.failed),
                "since": ends[one.profile].since,
                "runs": ends[one.profile].runs,
            }
            for one in due
        ]
        return {"text": text, **self._about, "profiles": profiles}

    def _sentence(self, one: Ended, end: LastEnd) -> str:
        about = self._about
        profile = f" of {one.profile}" if one.profile else ""
        head = f"elt {about['command']} {about['source']}{profile} into {about['destination']}"
        if one.verdict.exit_code in WELL:
            return f"{head} ends well again: {one.verdict}"
        failed = f"; failed: {', '.join(one.failed)}" if one.failed else ""
        runs = f", {end.runs} runs since {end.since}" if end.runs > 1 else ""
        return f"{head}: {one.verdict}{failed}{runs}; {ADVICE.get(one.verdict.exit_code, 'see the log')}"

    def _call(self, option: str, url: str, document: Mapping[str, Any] | None) -> bool:
        """Make a call; say in a line if it fails, without the address, which is a secret."""

        def call() -> int:
            with requests.Session() as session:
                session.trust_env = not is_loopback(url)  # a proxy is for other machines
                session.auth = _no_password
                method = "GET" if document is None else "POST"
                how: dict[str, Any] = {"timeout": SECONDS, "allow_redirects": False, "stream": True}
                with session.request(method, url, json=document, **how) as answer:
                    return answer.status_code

        try:
            status = within(SECONDS, call)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has ended as it has
            warn(f"{option}, {urlsplit(url).hostname}, cannot be called ({type(error).__name__}); the run is as it is")
            return False
        if status >= requests.codes.multiple_choices:
            warn(f"{option}, {urlsplit(url).hostname}, has answered {status}; the run is as it is")
            return False
        return True

    def _remember(self, ends: Mapping[str, LastEnd], told_to: str, *, changed: bool) -> None:
        try:
            if changed or not self._ends.exists:  # while there is room for it
                self._ends.write(ends, told_to)
        except OSError as error:
            warn(f"how runs end, and what was told to notify_url, cannot be remembered: {error.strerror}")
