"""What `elt config` prints: options with their values and origins, as a table or as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.telling.console import print_table, write_json

if TYPE_CHECKING:
    from pipelines.commands.settings import Setting
    from pipelines.running.profiles import Done


def print_settings(done: "Sequence[Done[Sequence[Setting]]]", *, as_json: bool) -> None:
    """Print the settings of each profile; as JSON, those of several under their names."""
    found = {one.name: one.result for one in done if one.result is not None}
    if as_json and found:
        documents = {name: [asdict(one) for one in settings] for name, settings in found.items()}
        write_json(documents if len(done) > 1 else next(iter(documents.values())))
        return
    for name, settings in found.items():
        rows = [[f"{name}: {one.name}" if len(done) > 1 else one.name, _text(one), one.origin] for one in settings]
        print_table(("option", "is", "from"), rows)


def _text(one: "Setting") -> str:
    if one.secret:
        return "(secret)" if one.is_set else ""
    if isinstance(one.value, tuple):
        return ", ".join(str(part.get("name", "?") if isinstance(part, Mapping) else part) for part in one.value)
    return _word(one.value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
