"""Bringing what was loaded under a laxer policy under the present one."""

from pipelines.people.personal_tables import PersonalTables
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.privacy.policies import SUSPECT, PiiPolicy, Privacy


class PolicyEnforcement:
    """Takes out of the personal tables what the policy does not load any more.

    Args:
        tables: what was loaded.
        privacy: the policy.
    """

    def __init__(self, tables: PersonalTables, privacy: Privacy) -> None:
        self._tables = tables
        self._privacy = privacy

    def enforce(self) -> bool:
        """Empty the columns that the policy does not load, and cut what it cuts out of the others.

        Return whether there was anything to take out.
        """
        loaded = self._privacy.loaded_catalogue()
        found = [
            self._emptied(table, self._unwanted(table, row, loaded[row.name])) | self._redacted(table, row)
            for row in self._tables.endpoints
            for table in row.tables
        ]
        return any(found)

    def _unwanted(self, table: str, row: Endpoint, loaded: Endpoint) -> set[str]:
        """Columns that are not loaded any more; with `keep`, fields that nobody knows are."""
        found = {name for name in self._tables.columns(table) if not name.startswith("_dlt")}
        if self._privacy.policy is PiiPolicy.KEEP:
            found &= {name for column in row.columns for name in (column.name, f"{column.name}_hash") if column.pii}
        return found - {column.name for column in loaded.tables[table]}

    def _emptied(self, table: str, columns: set[str]) -> bool:
        filled = [name for name in sorted(columns) if self._tables.is_filled(table, name)]
        if filled:
            self._tables.empty(table, filled)
        return bool(filled)

    def _redacted(self, table: str, row: Endpoint) -> bool:
        """Treat texts that were loaded under a laxer policy as the policy has it now."""
        redacted = False
        names = self._tables.columns(table)
        for column in row.tables[table]:
            if column.name in names and self._privacy.redacts(row.name, column):
                for text in self._tables.texts(table, column.name, SUSPECT):
                    now = self._privacy.redact(column, text)
                    if now != text:
                        self._tables.replace(table, column.name, text, now)
                        redacted = True
        return redacted
