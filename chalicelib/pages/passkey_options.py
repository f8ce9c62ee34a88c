"""Passkey options on a page: JSON in an attribute, and one script that is always the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chalicelib.protocol_types import Claims

SCRIPT = (Path(__file__).parent / "passkey.js").read_text(encoding="utf-8")
"""The script asks the browser for a passkey, and posts the answer in the page's form. It fetches nothing."""


@dataclass(frozen=True)
class Ceremony:
    """The options for the browser. `nonce`: the value that the page posts back, from which the challenge was made."""

    requested: Claims
    nonce: str

    @property
    def options(self) -> str:
        """The options as JSON."""
        return json.dumps(self.requested)
