"""The frame of a page: whose page it is, in which language, how the reader changes that, and the bank's theme.

`ducat_cdk/themes.py` compiles and checks a theme.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from chalicelib import language
from chalicelib.language import PACKAGE, Language, message

PARAMETER = "language"
"""The query parameter of the language switch."""
COOKIE = "__Host-language"
"""It holds the tag of a language, which is no secret. So its name is none that binds an interaction to a browser, whose cookies
begin with __Host-ducat- (interaction/browser_binding.py).
"""
COOKIE_SECONDS = 365 * 24 * 3600

HELP = (("help", message("Help")), ("complaints", message("Complaints")), ("legal", message("Legal notice")))
"""The bank's own links, by kind, with their texts."""
THEME_FILE = "theme.json"
"""The compiled theme in its folder."""
NEEDLESS = re.compile(r"\s*([{};])\s*|(?<=[:,])\s+|\s*\n\s*|(?<=[ :,(-])0(?=\.)")
"""What a stylesheet does not need: white space beside brackets, semicolons, colons and commas, line ends, zeros before points."""
STYLE = NEEDLESS.sub(r"\1", (Path(__file__).parent / "style.css").read_text(encoding="utf-8")).replace(";}", "}")
"""The library's stylesheet, which each page has in it. So it is a fifth smaller."""


@dataclass(frozen=True)
class Theme:
    """A theme.

    `style`: a stylesheet that follows the library's.
    `logo`: an SVG element.
    `links`: by kind (help, complaints, legal), an address by language tag; that of the tag "" is for all others.
    """

    style: str = ""
    logo: str = ""
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def link(self, kind: str, tag: str) -> str | None:
        """The address for readers of this language, or None."""
        addresses = self.links.get(kind, {})
        return addresses.get(tag) or addresses.get("")


@cache
def theme_of(folder: str | None) -> Theme:
    """The theme of a folder, relative to that of app.py; the library's own for None."""
    return (
        Theme() if folder is None else Theme(**json.loads((PACKAGE / folder / THEME_FILE).read_text(encoding="utf-8")))
    )


def client_logo_file(client_id: str) -> str:
    """The file of a client's logo in the folder of a compiled theme. A client_id may have characters that no file name has."""
    return f"client-{sha256(client_id.encode()).hexdigest()[:32]}.json"


@lru_cache(maxsize=256)
def client_logo(folder: str | None, client_id: str) -> str:
    """The logo of a client in a theme, an SVG element; empty if there is none."""
    file = None if folder is None else PACKAGE / folder / client_logo_file(client_id)
    return str(json.loads(file.read_text(encoding="utf-8"))) if file is not None and file.is_file() else ""


@dataclass(frozen=True)
class Frame:
    """The frame of a page.

    `bank_name`: the bank's name.
    `tag`: the language.
    `offered`: the languages of the switch.
    `theme`: the folder of the bank's theme, or None.
    `here`: the address of the page, to which the switch adds its parameter; empty for a page that can't be loaded again.
    `by_reader`: the reader chose the language by the switch. `switched`: just now, so that the browser keeps it.
    `accept`: the browser's Accept-Language header.
    """

    bank_name: str
    tag: str = language.ENGLISH
    offered: Sequence[str] = ()
    theme: str | None = None
    here: str = ""
    by_reader: bool = False
    switched: bool = False
    accept: str = ""

    @cached_property
    def language(self) -> Language:
        """The language of the page."""
        return language.of(self.tag, self.theme)

    @cached_property
    def worn(self) -> Theme:
        """The theme of the page."""
        return theme_of(self.theme)

    @cached_property
    def help(self) -> list[tuple[str, str]]:
        """The bank's own links: texts and addresses."""
        found = [(self.language.say(words), self.worn.link(kind, self.tag)) for kind, words in HELP]
        return [(words, address) for words, address in found if address]

    def preferring(self, ui_locales: Sequence[str]) -> Frame:
        """The frame in the language of an authorization request (OIDCC-3.1.2.1), unless the reader chose one."""
        if self.by_reader:
            return self
        return replace(self, tag=language.chosen(self.offered, preferred=ui_locales, accept=self.accept))

    @cached_property
    def switch(self) -> list[tuple[str, str, str, str]]:
        """For each offered language its tag, name, direction and address; empty without a choice."""
        if not self.here or len(self.offered) < 2:
            return []
        joint = "&" if "?" in self.here else "?"
        known = language.names(self.theme)
        return [
            (tag, name, direction, f"{self.here}{joint}{PARAMETER}={tag}")
            for tag in self.offered
            for name, direction in [known[tag]]
        ]

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The page's language, and the cookie of the switch."""
        kept = f"{COOKIE}={self.tag}; Max-Age={COOKIE_SECONDS}; Path=/; Secure; HttpOnly; SameSite=Lax"
        return (("Content-Language", self.tag), *((("Set-Cookie", kept),) if self.switched else ()))
