"""What profiles that are loaded at once share: whether they are to stop, and which ledger is whose."""

import threading

from pipelines.destinations.target import Target
from pipelines.running.exit_codes import ExitCode
from sources.rest.errors import ConfigurationError
from sources.rest.reading.reader import Reader


class Together:
    """What the runs of one command share; one run alone has it, too.

    Attributes:
        stopped_by: exit code of the signal that has come.
    """

    def __init__(self) -> None:
        self.stopped_by: ExitCode | None = None
        self._readers: list[Reader] = []
        self._claimed: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def stop(self, code: ExitCode) -> None:
        """Let everybody come to an end; meant for a signal handler, so that it waits for nobody."""
        self.stopped_by = code
        for reader in list(self._readers):
            _end(reader)

    def watch(self, reader: Reader) -> None:
        """Stop a reader, too, when it comes to that."""
        self._readers.append(reader)
        if self.stopped_by is not None:
            _end(reader)

    def claim(self, target: Target, name: str) -> None:
        """Note whose a ledger is.

        Raises:
            ConfigurationError: another profile of this command has it: the keys of both belong to the same profile.
        """
        with self._lock:
            owner = self._claimed.setdefault((target.dataset_name, target.ledger_id), name)
        if owner != name:
            raise ConfigurationError(
                f"the keys of the profiles {owner} and {name} belong to the same profile"
                f"{f', {target.profile_id}' if target.profile_id else ''}; remove one of them"
            )


def _end(reader: Reader) -> None:
    reader.abandoned = True
    reader.session.budget.close()
