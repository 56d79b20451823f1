"""Where the rows of a source go."""

from dataclasses import dataclass, replace
from typing import Final

PERSONAL: Final = "_pii"
"""End of the names of a dataset and a pipeline for personal data, so that grants can follow the schema."""


@dataclass(frozen=True)
class Target:
    """Where the rows of a source go.

    Args:
        source: name of the source.
        destination: a name in `destinations.toml`.
        dataset: schema in the destination; personal data go beside it.
        wait: seconds to wait for a DuckDB file that another process holds.
        personal: the dataset and the pipeline for personal data, whose names end with `_pii`.
    """

    source: str
    destination: str
    dataset: str
    wait: float = 0.0
    personal: bool = False

    def for_personal_data(self) -> "Target":
        """Return where personal rows of the same source go."""
        return replace(self, personal=True)

    @property
    def dataset_name(self) -> str:
        """Schema in the destination."""
        return f"{self.dataset}{PERSONAL}" if self.personal else self.dataset

    @property
    def pipeline_name(self) -> str:
        """Name of the dlt pipeline; the same everywhere, so that its state comes back on any machine."""
        return f"{self.source}{PERSONAL}" if self.personal else self.source
