"""Options of `[elt]`: how a run tells what it does, and whom it calls when it has ended."""

from dataclasses import dataclass, field
from enum import StrEnum

from pipelines.telling.log import LogFormat
from sources.rest.calling.address import checked_hook


class NotifyFormat(StrEnum):
    """What is sent to `notify_url`."""

    JSON = "json"
    SLACK = "slack"


@dataclass(frozen=True, kw_only=True)
class Operating:
    """Options of no source.

    Args:
        log_format: how lines of standard error look; without it, sentences on a terminal and text elsewhere.
        notify_url: address that is called when a run has not ended well, and when one does again.
        notify_format: what is sent there: `json`, every field of it, or `slack`, a text alone.
        heartbeat_url: address that is called when a sync has ended well.

    Raises:
        ConfigurationError: an address cannot work, or would be called in plain text.
    """

    log_format: LogFormat | None = None
    notify_url: str | None = field(default=None, repr=False, metadata={"secret": True})
    notify_format: NotifyFormat = NotifyFormat.JSON
    heartbeat_url: str | None = field(default=None, repr=False, metadata={"secret": True})

    def __post_init__(self) -> None:
        for name in ("notify_url", "heartbeat_url"):
            checked_hook(name, getattr(self, name))
