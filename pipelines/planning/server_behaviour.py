"""What checks have learned about one variant of an endpoint on a server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from pendulum import Date

from pipelines.planning.ranges import from_state, to_state
from sources.rest.windows import Window, merged, overlap, without

FIRST_TRIED: Final = 32
"""Days over which a list is asked for where it is known only that it is cut off over the horizon."""


@dataclass(frozen=True, kw_only=True)
class ServerBehaviour:
    """What earlier checks have learned about one variant of an endpoint on this server.

    Attributes:
        rounded: sums differ by rounding, so that differences of half a cent per row mean nothing.
        not_additive: metrics whose days do not add up to the range.
        whole_days: days over which a list is not cut off, so that longer ranges are proved in such pieces; None where
            none was.
        cut: windows whose own list is cut off, so that nothing proves it; as ranges, oldest first.
        moved: those of them that have changed elsewhere since they were read.
        counted: rows of entities were as many as another endpoint counts; from then on they have to be.
        checked: day on which everything that could still change was compared with the API; nothing loaded is older.
        learned: day on which `not_additive` was last found out; None if an earlier version did.
        asked_as: how the days were asked for that everything loaded was last compared under; empty if not known.
        left_out: columns that what is loaded lacks, because it was loaded without them.
    """

    rounded: bool = False
    not_additive: frozenset[str] = frozenset()
    whole_days: int | None = None
    cut: tuple[Window, ...] = ()
    moved: tuple[Window, ...] = ()
    counted: bool = False
    checked: Date | None = None
    learned: Date | None = None
    asked_as: str = ""
    left_out: frozenset[str] = frozenset()

    def contradicts(self, additive: Collection[str]) -> bool:
        """Whether nothing of what the catalogue calls additive adds up on this server."""
        return bool(additive) and self.not_additive.issuperset(additive)

    def cut_off(self, window: Window) -> Self:
        """Take note that the list over a range of several windows is cut off: half of it may not be."""
        return replace(self, whole_days=max(1, min(self.whole_days or window.days, window.days // 2)))

    def is_cut(self, window: Window) -> bool:
        """Whether the list of a window is known to be cut off."""
        return any(overlap(window, one) for one in self.cut)

    def read(self, window: Window, *, cut: bool) -> Self:
        """Take note that a window was read, and whether its list is cut off."""
        others, moved = ([part for one in known for part in without(one, [window])] for known in (self.cut, self.moved))
        return replace(self, cut=tuple(merged([*others, window] if cut else others)), moved=tuple(merged(moved)))

    def with_moved(self, window: Window) -> Self:
        """Take note that a window that nothing proves has changed elsewhere."""
        return replace(self, moved=tuple(merged([*self.moved, window])))

    def has_moved(self, window: Window) -> bool:
        """Whether a window has changed elsewhere since it was read."""
        return any(overlap(window, one) for one in self.moved)

    @classmethod
    def from_state(cls, facts: Mapping[str, Any]) -> Self:
        """Read what `to_state` has written, or an earlier version."""
        checked, learned = facts.get("checked"), facts.get("learned")
        return cls(
            rounded=facts.get("rounded", False),
            not_additive=frozenset(facts.get("not_additive", ())),
            # an earlier version knew only that a list over the horizon was cut off
            whole_days=facts.get("whole_days", FIRST_TRIED if facts.get("capped") else None),
            cut=tuple(from_state(facts.get("cut", ()))),
            moved=tuple(from_state(facts.get("moved", ()))),
            counted=facts.get("counted", False),
            checked=Date.fromisoformat(checked) if checked else None,
            learned=Date.fromisoformat(learned) if learned else None,
            asked_as=facts.get("asked_as", ""),
            left_out=frozenset(facts.get("left_out", ())),
        )

    def to_state(self) -> dict[str, Any]:
        """Write it as JSON has it; what is as at the beginning is left out."""
        facts = {
            "rounded": self.rounded,
            "not_additive": sorted(self.not_additive),
            "capped": self.whole_days is not None,
            "whole_days": self.whole_days,
            "cut": to_state(self.cut),
            "moved": to_state(self.moved),
            "counted": self.counted,
            "checked": str(self.checked) if self.checked else None,
            "learned": str(self.learned) if self.learned else None,
            "asked_as": self.asked_as,
            "left_out": sorted(self.left_out),
        }
        return {name: value for name, value in facts.items() if value}
