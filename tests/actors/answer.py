"""An HTTP answer of the bank, read as a client or a browser reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands more than once"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def json(self) -> Any:
        assert self.header("content-type") == "application/json", self.text
        return json.loads(self.text)

    @property
    def unnamed(self) -> Answer:
        """The same answer without the name that each has of its own (x-fapi-interaction-id)."""
        name = self.header("x-fapi-interaction-id") or ""
        headers = tuple(pair for pair in self.headers if pair[0] != "x-fapi-interaction-id")
        return replace(self, headers=headers, text=self.text.replace(name, "") if name else self.text)

    @property
    def error(self) -> str | None:
        """The error code of a JSON answer."""
        found: str | None = self.json().get("error")
        return found

    @property
    def location(self) -> str:
        """Where a browser goes by itself: by a redirect, or by the page that goes on."""
        found = self.header("location") if self.status == 303 else self.onward
        assert found is not None, (self.status, self.text)
        return found

    @property
    def onward(self) -> str | None:
        """Where a page that goes on by itself leads, and its link too; None of any other answer."""
        tags = elements(self.text) if (self.header("content-type") or "").startswith("text/html") else []
        goes = [a["content"] for t, a in tags if t == "meta" and a.get("http-equiv") == "refresh"]
        if not goes:
            return None
        (link,) = [a["href"] for t, a in tags if t == "a"]
        assert self.status == 200
        assert goes == [f"0;url={link}"]
        return link

    @property
    def leads_on(self) -> bool:
        """Whether a browser goes on from it by itself."""
        return self.status == 303 or self.onward is not None

    @property
    def parameters(self) -> dict[str, str]:
        """The query of where it leads."""
        return self._once(urlsplit(self.location).query)

    @property
    def fragment(self) -> dict[str, str]:
        """The parameters in the fragment of where it leads; there are none in its query."""
        assert not urlsplit(self.location).query
        return self._once(urlsplit(self.location).fragment)

    @property
    def posted(self) -> dict[str, str]:
        """What a form_post page would post, to nobody but the redirect_uri of its form."""
        assert (self.header("content-type") or "").startswith("text/html"), self.text
        return {a["name"]: a["value"] for t, a in elements(self.text) if t == "input" and "name" in a}

    @property
    def form_action(self) -> str:
        """Where the page's one form leads."""
        (action,) = [a["action"] for t, a in elements(self.text) if t == "form"]
        return action

    def _once(self, text: str) -> dict[str, str]:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def page_error(self) -> str | None:
        """The OAuth code of an error page."""
        assert (self.header("content-type") or "").startswith("text/html"), self.text
        return next((a.get("data-error") for t, a in elements(self.text) if a.get("id") == "error"), None)


_RAW = re.compile(r"(<(style|script)\b[^>]*>).*?</\2>", re.DOTALL)
"""What browsers read as no markup."""

_ATTRIBUTE = r"""\s+([a-zA-Z][\w:-]*)(?:="([^"]*)"|='([^']*)')?"""
_ELEMENT = re.compile(rf"<([a-zA-Z]\w*)((?:{_ATTRIBUTE})*)\s*/?>")


@lru_cache(maxsize=8)
def elements(text: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of a page in their order: the name of each and its attributes.

    A page is written as ours are, each attribute's value in quotes: another reading would be a browser's guess.
    """
    markup = _RAW.sub(r"\1", text)
    found = list(_ELEMENT.finditer(markup))
    odd = {tag.start() for tag in re.finditer("<[a-zA-Z]", markup)} - {element.start() for element in found}
    assert not odd, [f"a tag that is not written as ours are: {markup[at : at + 80]}" for at in sorted(odd)]
    return [(element[1], dict(_attributes(element[2]))) for element in found]


def _attributes(written: str) -> Iterator[tuple[str, str]]:
    for name, value, single in re.findall(_ATTRIBUTE, written):
        yield name.lower(), unescape(value or single)
