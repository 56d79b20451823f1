"""Destinations of dlt whose configuration is made out once a run.

dlt looks all of it up again for each client, and it makes a client for each file of a package: a quarter of the CPU of
a small sync into PostgreSQL went there.
"""

from typing import Any


class ConfiguredOnce:
    """Mixed in before a destination of dlt.

    Attributes:
        credentials_stay: what is made out of the credentials holds for the whole run; those that run out are looked up
            each time.
    """

    credentials_stay = True
    _made: dict[str, Any] | None = None

    def configuration(
        self,
        initial_config: Any,
        accept_partial: bool = False,  # noqa: FBT001, FBT002 - as in dlt
    ) -> Any:
        """Return the configuration; what a question leads to is made out once, and each client has its own copy."""
        if not (accept_partial or self.credentials_stay):
            return super().configuration(initial_config)  # type: ignore[misc] # that of the destination
        # without credentials dlt asks for what does not depend on them
        asked = "" if accept_partial else str(initial_config and dict(initial_config))
        made = self._made = {} if self._made is None else self._made
        if asked not in made:
            made[asked] = super().configuration(initial_config, accept_partial)  # type: ignore[misc] # as above
        return made[asked] if accept_partial else made[asked].copy()
