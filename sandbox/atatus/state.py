"""The part of the sandbox that knows no HTTP: what exists, who may see it, and what is answered."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sandbox.atatus.answers import Answers
from sandbox.atatus.resources import Resource, find
from sandbox.atatus.settings import Settings
from sandbox.atatus.timing import Parameter, Span, read_span, start_of
from sandbox.atatus.world import World
from sandbox.server.replies import Refusal, Row
from sandbox.server.state import BaseSandbox

NOT_FOUND = "The item could not be found"


class Sandbox(BaseSandbox[Settings]):
    """The Atatus sandbox; `deployments` holds what was created."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(settings, clock)
        self.world = World(settings)
        self.deployments: list[Row] = []

    def answer(self, path: str, **query: object) -> object:
        """Give the body that a GET of `path` below `/v2/` would answer, to an administrator, free and unlogged.

        Times are written with a space or a `+`. Refuses what the server would refuse with `Refusal`.
        """
        found = self.find(path)
        if found.method != "GET":
            raise Refusal(404, NOT_FOUND)
        texts = {name: str(value) for name, value in query.items()}
        parameters = [Parameter(name, text, text.replace(" ", "+")) for name, text in texts.items()]
        self.check(found, administrator=True)
        return self.ask(found, path, parameters, administrator=True)

    def rows(self, project: str, day: date) -> list[Row]:
        """Give every row of one day on the server's clock, as known at the end of `settings.as_of`."""
        self.check(Resource("transactions", project), administrator=True)
        span = Span(start_of(day, self.settings), start_of(day + timedelta(1), self.settings))
        with self._lock:
            return self._answers(administrator=True).rows(project, span)

    def find(self, path: str) -> Resource:
        """Find what a path below `/v2/` names."""
        found = find(path, frozenset(self.settings.extra))
        if found is None:
            raise Refusal(404, NOT_FOUND)
        return found

    def check(self, found: Resource, *, administrator: bool) -> None:
        """Refuse what does not exist or is hidden from this caller."""
        if found.kind != "extra" and found.project not in self.settings.projects:
            raise Refusal(404, NOT_FOUND)
        with self._lock:
            names = self._answers(administrator=True).names(found.project) if found.transaction else {}
        if found.transaction and found.transaction not in names:
            raise Refusal(404, NOT_FOUND)
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
