"""Where the values come from that decide what is sent where."""

from dataclasses import dataclass

from dlt.common.pipeline import get_dlt_pipelines_dir

from pipelines.destinations.named import PUBLISH_TO, file_of_destinations, publish_to
from pipelines.running.config import RunConfig
from sources.rest.options.origin import DEFAULT, origin_of
from sources.rest.options.sections import Section


@dataclass(frozen=True)
class Origin:
    """A value that matters, and the file or variable that it comes from; of secrets the value is never told."""

    name: str
    value: str
    origin: str


def origins_of(config: RunConfig) -> list[Origin]:
    """Return where key, address, destination and working folder come from, in this order."""
    section, options, place = (
        Section(config.source.name, config.profile.name),
        config.options,
        config.request.destination,
    )
    keys = [name for name in ("api_key", "next_api_key") if getattr(options, name)]
    credentials = origin_of(f"destination.{place}.credentials")
    folder = origin_of("dlt_data_dir")
    readers = publish_to(place)
    return [
        *(Origin(name, "", found_in(section, name)) for name in keys),
        Origin("base_url", options.base_url, found_in(section, "base_url")),
        Origin("destination", place, str(file_of_destinations().absolute())),
        Origin("credentials", "", credentials),
        *([Origin(PUBLISH_TO, readers, origin_of(f"destination.{place}.{PUBLISH_TO}"))] if readers else []),
        Origin("working folder", get_dlt_pipelines_dir(), "home folder" if folder == DEFAULT else folder),
    ]


def found_in(section: Section, option: str) -> str:
    """Where an option of a profile comes from: its own section, or that of the source."""
    origins = [origin_of(f"{part.path}.{option}") for part in section.parts]
    return next((one for one in origins if one != DEFAULT), DEFAULT)
