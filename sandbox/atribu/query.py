"""What one request asks for, after its parameters were checked."""

from dataclasses import dataclass
from datetime import date

from sandbox.atribu.settings import Generation, Paging


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Checked parameters with the defaults of the contract, and the readings the server was set to."""

    generation: Generation
    paging: Paging
    zero_fill: bool
    capped: bool = True
    parent: str = ""
    date_from: date = date.min
    date_to: date = date.min
    limit: int = 10
    model: str = "last_touch"
    level: str = "campaign"
    goal: str = ""
    search: str = ""
    entity_ids: tuple[str, ...] = ()
    cursor_time: int | None = None
    cursor_id: str | None = None
    cursor: tuple[int, str] | None = None
    window: str = "28d"
    ad_external_id: str = ""
    ad_a: str = ""
    ad_b: str = ""
    top_n: int = 10
    top: int = 20
    days_back: int = 60
    min_cluster_size: int = 3
    min_spend: float = 0.0
    objectives: tuple[str, ...] = ()
    truth_grades: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    has_video: bool | None = None

    @property
    def first(self) -> int:
        """Give the first day asked for, as an ordinal."""
        return self.date_from.toordinal()

    @property
    def last(self) -> int:
        """Give the last day asked for, as an ordinal."""
        return self.date_to.toordinal()

    @property
    def is_old(self) -> bool:
        """Tell whether the web-traffic fields of the older generation are sent."""
        return self.generation == "old"

    def cut(self, rows: list[dict[str, object]]) -> list[dict[str, object]]:
        """Keep the first `limit` rows, as the API does; the whole list when the truth is asked for uncapped."""
        return rows[: self.limit] if self.capped else rows
