"""`elt config`: every option, what it is set to and where; asks nobody, and never tells a secret."""

from dataclasses import Field, dataclass, fields
from typing import Any

from pipelines.commands.origins import found_in, origins_of
from pipelines.running.config import RunConfig
from sources.rest.options.origin import DEFAULT
from sources.rest.options.sections import ProgramSection, Section


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An option, or another value that decides what is sent where.

    Attributes:
        section: under which it stands; empty for what is no option.
        name: of the option.
        value: in force; None where it is not set, and for a secret.
        secret: its value is never told.
        origin: file or variable that it comes from, or `default`.
    """

    section: str
    name: str
    value: Any
    secret: bool
    origin: str

    @property
    def is_set(self) -> bool:
        """Somebody has set it."""
        return self.origin != DEFAULT


def settings_of(config: RunConfig, operating: Any) -> list[Setting]:
    """Return every option of a profile and of the program, then destination, credentials and working folder.

    Args:
        config: options of the profile, as they are in force.
        operating: those of the program.
    """
    section = Section(config.source.name, config.profile.name)
    return [
        *(_setting(section, field, config.options) for field in fields(config.options)),
        *(_setting(ProgramSection(""), field, operating) for field in fields(operating)),
        *(
            Setting(section="", name=one.name, value=one.value or None, secret=not one.value, origin=one.origin)
            for one in origins_of(config)
            if one.name not in {field.name for field in fields(config.options)}
        ),
    ]


def _setting(section: Section, field: Field[Any], options: Any) -> Setting:
    secret = bool(field.metadata.get("secret"))
    return Setting(
        section=section.path,
        name=field.name,
        value=None if secret else getattr(options, field.name),
        secret=secret,
        origin=found_in(section, field.name),
    )
