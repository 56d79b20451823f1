"""Calls that tell how runs end: once when one has not ended well, daily while none does, once when one does again.

What is sent is made of numbers and names that the configuration or the catalogue has: nothing of what a server or a
database has said, and no key.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests

from pipelines.destinations.whole_file import write_whole
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

FOLDER: Final = "elt-notices"
"""Beside the working folders of dlt's pipelines."""

REMEMBERED: Final = ("exit_code", "since", "runs", "told")
"""What is remembered of a profile whose runs do not end well."""

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
    ExitCode.TERMINATED: "somebody or something has ended it; the next run goes on from there",
}


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in the place of a `.netrc`, which would add one."""
    return request


class Notices:
    """Tells by calls how runs end, and remembers in a private file what was told.

    Args:
        options: whom to call.
        command: what was run, such as `sync`.
        source: name of the source.
        destination: name of the destination.
        now: the present moment.
    """

    def __init__(
        self,
        options: Operating,
        command: str,
        source: str,
        destination: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._about = {"command": command, "source": source, "destination": destination}
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
        if not self._options.notify_url or total.exit_code in OF_SOMEBODY:
            return
        before = self._remembered()
        if total.exit_code in WELL and "" in before and all(one.profile for one in ended):
            ended = [*ended, Ended(profile="", verdict=total)]  # the profiles can be read again
        states = {one.profile: self._state(one, before.get(one.profile)) for one in ended}
        due = [one for one in ended if self._is_due(states[one.profile], before.get(one.profile))]
        told = bool(due) and self._call("notify_url", self._options.notify_url, self._message(due, states))
        after = dict(before)
        for one in ended:
            state = states[one.profile]
            if told and one in due:
                state["told"] = self._now().isoformat(timespec="seconds")
            if one.verdict.exit_code not in WELL:
                after[one.profile] = state
            elif told or one not in due:  # else it is tried again after the next run
                after.pop(one.profile, None)
        if after != before:
            self._remember(after)

    def _state(self, one: Ended, before: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is remembered of a profile: how its runs end, since when, how many, and when that was told."""
        code = int(one.verdict.exit_code)
        if before is not None and before["exit_code"] == code:
            return {**before, "runs": before["runs"] + 1}
        return {"exit_code": code, "since": self._now().isoformat(timespec="seconds"), "runs": 1, "told": None}

    def _is_due(self, state: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
        if state["exit_code"] in WELL:
            return before is not None
        told = state["told"] and datetime.fromisoformat(state["told"])
        return not told or self._now() >= told + timedelta(hours=AGAIN_HOURS)

    def _message(self, due: Sequence[Ended], states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        lines = [self._sentence(one, states[one.profile]) for one in due]
        text = "\n".join(lines)
        if self._options.notify_format is NotifyFormat.SLACK:
            return {"text": text}
        profiles = [
            {
                "profile": one.profile,
                **one.verdict.fields,
                "failed_resources": list(one.failed),
                "since": states[one.profile]["since"],
                "runs": states[one.profile]["runs"],
            }
            for one in due
        ]
        return {"text": text, **self._about, "profiles": profiles}

    def _sentence(self, one: Ended, state: Mapping[str, Any]) -> str:
        about = self._about
        profile = f" of {one.profile}" if one.profile else ""
        head = f"elt {about['command']} {about['source']}{profile} into {about['destination']}"
        if one.verdict.exit_code in WELL:
            return f"{head} ends well again: {one.verdict}"
        failed = f"; failed: {', '.join(one.failed)}" if one.failed else ""
        runs = f", {state['runs']} runs since {state['since']}" if state["runs"] > 1 else ""
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

    def _file(self) -> Path:
        from dlt.common.pipeline import get_dlt_pipelines_dir  # noqa: PLC0415 - it takes long

        about = orjson.dumps([*self._about.values(), os.getcwd(), self._options.notify_url])  # noqa: PTH109 - a text
        name = hashlib.blake2b(about, digest_size=8).hexdigest()
        return Path(get_dlt_pipelines_dir()) / FOLDER / f"{name}.json"

    def _remembered(self) -> dict[str, dict[str, Any]]:
        """What was told, by profile; nothing where nobody remembers, so that it is told once more."""
        try:
            found = orjson.loads(self._file().read_bytes())
            return {name: {one: state[one] for one in REMEMBERED} for name, state in found.items()}
        except (OSError, ValueError, AttributeError, TypeError, KeyError):  # nothing, or what no run has written
            return {}

    def _remember(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        file = self._file()
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(file, orjson.dumps(states))
        except OSError as error:
            warn(f"what was told to notify_url cannot be remembered: {error.strerror}")
