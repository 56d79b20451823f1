"""What the key may read of personal data, found out before any data is read, and remembered: afterwards data tells."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pendulum import Date

from pipelines.people.scope_probes import missing_scopes, probe, probes_of, scopes_of
from pipelines.planning.ledger import Granted, Ledger
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import VariantValues

BELIEVED_DAYS: Final = 30
"""Days after which it is not believed any more that a key has a scope; until then the first call for data tells."""


class GrantedScopes:
    """Scopes for personal data of one key.

    Other scopes need no call of their own: the first call of a run that needs one is the check, it costs nothing and is
    never out of date.

    Attributes:
        missing: scope that the key lacks -> resources that are left out.
        notes: what there is to say of the key.

    Args:
        reader: the way to the API.
        ledgers: of the datasets of this run; they remember what was found out.
        today: the day of the run.
    """

    def __init__(self, reader: Reader, ledgers: Sequence[Ledger], today: Date) -> None:
        self.missing: dict[str, set[str]] = {}
        self.notes: list[str] = []
        self._reader = reader
        self._ledgers = ledgers
        self._today = today

    def readable(self, endpoints: Sequence[Endpoint], values: VariantValues) -> list[Endpoint]:
        """Return the endpoints that the key may read; asks for the scopes that it was not found to have of late.

        Raises:
            UnauthorizedError: the key is not accepted at all.
        """
        wanted = scopes_of(endpoints)
        known = self._granted()
        asked = not_known(wanted, known, self._today)
        answers = probe(self._reader, probes_of(asked, values, self._today))
        missing = missing_scopes(answers)
        known = self._granted()  # of the other key, if the first one was refused meanwhile
        found = {**known, **{scope: str(self._today) for scope, error in answers.items() if error is None}}
        granted = Granted(self._reader.session.keys.fingerprint, {scope: found[scope] for scope in sorted(found)})
        for ledger in self._ledgers:
            ledger.granted = granted
        self.missing = {scope: {row.name for row in wanted[scope]} for scope in missing}
        return [row for row in endpoints if row.scope not in missing]

    def warn_unused(self, *, include_pii: bool) -> None:
        """Warn where the key is known to read personal data that nobody asked for."""
        scopes = [scope for scope, day in self._granted().items() if _is_believed(day, self._today)]
        if scopes and not include_pii:
            self.notes.append(
                f"the key can read personal data ({', '.join(scopes)}) that this configuration does not use; a key"
                " without these scopes is safer"
            )

    def _granted(self) -> dict[str, str]:
        return granted_to(self._reader.session.keys.fingerprint, self._ledgers)


def granted_to(fingerprint: str, ledgers: Iterable[Ledger]) -> dict[str, str]:
    """Scopes that a key was found to have, and when."""
    return {
        scope: day
        for ledger in ledgers
        if ledger.granted.key == fingerprint
        for scope, day in ledger.granted.days.items()
    }


def not_known(
    wanted: Mapping[str, list[Endpoint]], granted: Mapping[str, str], today: Date
) -> dict[str, list[Endpoint]]:
    """Return the scopes that were not found of late, with the endpoints that need them."""
    return {scope: rows for scope, rows in wanted.items() if not _is_believed(granted.get(scope, ""), today)}


def _is_believed(day: str, today: Date) -> bool:
    return str(today.subtract(days=BELIEVED_DAYS)) <= day <= str(today)
