"""The ceremony of a passkey, as a page carries it: options in an attribute, one script that is always the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chalicelib.protocol_types import Claims

SCRIPT = (Path(__file__).parent / "passkey.js").read_text(encoding="utf-8")
"""It asks the browser for a passkey, and posts the answer in the page's own form. It fetches nothing."""


@dataclass(frozen=True)
class Ceremony:
    """What the browser is asked for. `nonce`: what the page posts back, of which the challenge was made."""

    requested: Claims
    nonce: str

    @property
    def options(self) -> str:
        """As JSON."""
        return json.dumps(self.requested)
