"""Passkey options on a page: JSON in an attribute, and one script that is always the same. And how scripts get into pages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from chalicelib.protocol_types import Claims

FOLDER = Path(__file__).parent
COMMENT = re.compile(r"(^|(?<= ))//.*")
SPACE = re.compile(r" *([=?:,{}()<>&|;+]) *")
"""Spaces without meaning: next to operators and brackets. No string and no pattern of the scripts has such a space."""


def script(name: str) -> str:
    """The script of a file, without comments and spaces without meaning, which each page would carry."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    lines = (SPACE.sub(r"\1", COMMENT.sub("", line).strip()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


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
