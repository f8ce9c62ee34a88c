"""Passkey options on a page: JSON in an attribute, and one script that is always the same. And how scripts get into pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chalicelib.protocol_types import Claims

FOLDER = Path(__file__).parent
COMMENT = "//"


def script(name: str) -> str:
    """The script of a file, without indentation, empty lines and lines of comment, which each page would carry."""
    lines = (line.strip() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(COMMENT)) + "\n"


SCRIPT = script("passkey.js")
"""The script asks the browser for a passkey, and posts the answer in the page's form. It fetches nothing."""
CREATE_SCRIPT = script("passkey_create.js") + SCRIPT
"""The same for a new passkey."""


@dataclass(frozen=True)
class Ceremony:
    """The options for the browser.

    `nonce`: the value that the page posts back, from which the challenge was made.
    `payment`: the options for Secure Payment Confirmation, if the browser may show the payment itself.
    """

    requested: Claims
    nonce: str
    payment: Claims | None = None

    @property
    def options(self) -> str:
        """The options as JSON."""
        return json.dumps(self.requested)

    @property
    def payment_options(self) -> str:
        """The options for Secure Payment Confirmation as JSON."""
        return json.dumps(self.payment)
