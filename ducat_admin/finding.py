"""What `ducat doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["problem", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing. `area`: what it is about. `clause`: the tag of the clause that it breaks, if it breaks one."""

    area: str
    level: Level
    finding: str
    clause: str = ""
