"""What is asked for on the command line, and which days that means."""

from dataclasses import dataclass

from pendulum import Date

from sources.rest.errors import ConfigurationError
from sources.rest.options.common import CommonOptions
from sources.rest.windows import Window


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for on the command line.

    Attributes:
        dataset: schema in the destination; empty for the one of the options, or of the source's name.
        resources: names of resources; none means the default ones.
        since: first day; without it, the configured start.
        until: last day; without it, today.
        today: the day that is still changing; without it, today in the profile's time zone.
        destination: a name in `destinations.toml`.
        full: read the whole horizon again.
    """

    dataset: str = ""
    resources: tuple[str, ...] = ()
    since: Date | None = None
    until: Date | None = None
    today: Date | None = None
    destination: str = "local"
    full: bool = False

    def day(self, options: CommonOptions) -> Date:
        """The day that is still changing."""
        return options.last_day(self.today)

    def days(self, options: CommonOptions) -> Window:
        """Return the range of days that a sync is about.

        Raises:
            ConfigurationError: it is empty or lies in the future.
        """
        today = self.day(options)
        start = self.since or options.first_day(today)
        if self.until and start > self.until:
            raise ConfigurationError(f"the first day, {start}, lies after the last, {self.until}")
        if start > today:
            raise ConfigurationError(f"the first day to load, {start}, lies after today, {today}")
        return Window(start, min(self.until or today, today))
