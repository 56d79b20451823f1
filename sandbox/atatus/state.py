"""The part of the sandbox that knows no HTTP: its world, its limits, its log and its truth."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.atatus.answers import Answers
from sandbox.atatus.figures import Row
from sandbox.atatus.keys import KeyFrom
from sandbox.atatus.refusals import Refusal
from sandbox.atatus.resources import Resource, find
from sandbox.atatus.settings import Settings
from sandbox.atatus.timing import Parameter, Span, midnight, read_span
from sandbox.atatus.world import World
from sandbox.faults import Fault
from sandbox.limiter import Limiter, Limiters


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it; `path` is below `/v2/`, `at` is seconds of the sandbox's clock.

    `query` never holds the key, `key_from` tells where it was found. `status` is 0 when the connection was reset.
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    units: int
    at: float
    key: str | None
    key_from: KeyFrom | None


class Sandbox:
    """Everything a test may look at or change while the server runs.

    `faults` is a list to append to; `log` holds every request in order of arrival, `deployments` what was created.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.world = World(settings)
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.deployments: list[Row] = []
        self._limiters = Limiters()
        # The server answers in its own thread while a test asks for the truth in another.
        self._lock = threading.Lock()

    @property
    def units_spent(self) -> int:
        """Count the calls charged so far, over all keys."""
        return sum(asked.units for asked in self.log)

    @property
    def rejections(self) -> int:
        """Count the answers with status 429 so far."""
        return sum(asked.status == 429 for asked in self.log)  # noqa: PLR2004 - the status is its own name

    def answer(self, path: str, **query: object) -> object:
        """Give the body that a GET of `path` below `/v2/` would answer, to an administrator, free and unlogged.

        Times are written with a space or a `+`. Refuses what the server would refuse with `Refusal`.
        """
        found = self.find(path)
        if found is None or found.method != "GET":
            raise Refusal(404)
        texts = {name: str(value) for name, value in query.items()}
        parameters = [Parameter(name, text, text.replace(" ", "+")) for name, text in texts.items()]
        self.check(found, administrator=True)
        return self.ask(found, path, parameters, administrator=True)

    def rows(self, project: str, day: date) -> list[Row]:
        """Give every row of one day on the server's clock, as known at the end of `settings.as_of`."""
        self.check(Resource("transactions", project), administrator=True)
        span = Span(midnight(day, self.settings), midnight(day + timedelta(1), self.settings))
        with self._lock:
            return self._answers(administrator=True).rows(project, span)

    def find(self, path: str) -> Resource | None:
        """Find what a path below `/v2/` names."""
        return find(path, frozenset(self.settings.extra))

    def check(self, found: Resource, *, administrator: bool) -> None:
        """Refuse what does not exist or is hidden from this caller."""
        if found.kind != "extra" and found.project not in self.settings.projects:
            raise Refusal(404)
        with self._lock:
            names = self._answers(administrator=True).names(found.project) if found.transaction else {}
        if found.transaction and found.transaction not in names:
            raise Refusal(404)
        items = {found.project, found.transaction, names.get(found.transaction, "")}
        if not administrator and items & self.settings.admin_only:
            raise Refusal(403)

    def ask(self, found: Resource, path: str, parameters: Sequence[Parameter], *, administrator: bool) -> object:
        """Answer a call that may be made."""
        if found.kind == "extra":
            body = self.settings.extra[path]
            return body({name: value for name, value, _ in parameters}) if callable(body) else body
        span = read_span(parameters, self.settings)
        with self._lock:
            answers = self._answers(administrator=administrator)
            if found.kind == "transaction":
                return answers.one(found.project, found.transaction, span)
            return answers.listed(found.project, span)

    def _answers(self, *, administrator: bool) -> Answers:
        return Answers(self.world, self.settings, administrator=administrator)

    def limiter(self, key: str) -> Limiter:
        """Give the limiter of a key; it starts counting at the key's first request."""
        settings = self.settings
        return self._limiters.of(key, settings.algorithm, settings.limit, settings.period)
