"""JSON of the settings, read so that nothing of it is dropped."""

from __future__ import annotations

from collections import Counter
from typing import Any


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object's members, for json.loads. Raises ValueError where one stands twice, of which JSON would drop one."""
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there more than once")
    return dict(pairs)
