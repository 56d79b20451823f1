"""Where the rows of a source go."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Self

PERSONAL: Final = "_pii"
"""End of the names of a dataset and a pipeline for personal data, so that grants can follow the schema."""

MODELS: Final = "_models"
"""End of the name of the schema of views, which begins with that of the dataset."""

_DIGITS: Final = 12
"""Hexadecimal digits that tell the ledgers of a dataset apart."""


@dataclass(frozen=True)
class Target:
    """Where the rows of a source go.

    Args:
        source: name of the source.
        destination: a name in `destinations.toml`.
        dataset: schema in the destination; personal data go beside it.
        wait: seconds to wait for a DuckDB file that another process holds.
        personal: the dataset and the pipeline for personal data, whose names end with `_pii`.
        ledger_id: which of the dataset's ledgers; empty for that of a profile that was loaded without a name.
        profile_id: the profile whose ledger it is; None where nobody has told it yet.
        shared: other profiles have ledgers in the dataset, too.
        key: fingerprint of the key with which it was last loaded; empty where nobody knows.
    """

    source: str
    destination: str
    dataset: str
    wait: float = 0.0
    personal: bool = False
    ledger_id: str = ""
    profile_id: str | None = None
    shared: bool = False
    key: str = ""

    def for_personal_data(self) -> "Target":
        """Return where personal rows of the same source go."""
        return replace(self, personal=True)

    def with_ledger_of(self, profile_id: str) -> Self:
        """Return the same with the ledger of a profile that has none in the dataset yet."""
        digest = hashlib.sha256(profile_id.encode()).hexdigest()
        return replace(self, ledger_id=digest[:_DIGITS], profile_id=profile_id)

    @property
    def dataset_name(self) -> str:
        """Schema in the destination."""
        return f"{self.dataset}{PERSONAL}" if self.personal else self.dataset

    @property
    def places(self) -> dict[str, str]:
        """The schema that each place is that models read: the source's, and that of its personal data."""
        return {self.source: self.dataset_name, f"{self.source}{PERSONAL}": self.for_personal_data().dataset_name}

    @property
    def staging_layout(self) -> str:
        """Name of the schema that rows pass through, for dlt; each ledger has its own, so that two may load at once."""
        return f"%s_staging{self._suffix}"

    @property
    def pipeline_name(self) -> str:
        """Name of the dlt pipeline; the same everywhere, so that its state comes back on any machine."""
        return f"{self.source}{PERSONAL if self.personal else ''}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return f"_{self.ledger_id}" if self.ledger_id else ""
