"""As much of a browser as the provider's pages need: cookies, forms, redirects by status or by page. They need no scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import requests

MAX_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307)
TIMEOUT = 30


@dataclass
class Form:
    """A form as it stands in the page. `buttons`: by id, what pressing one adds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Where the browser is. `status` is None at an address of another program, which it does not open.

    `posted`: the form that it would post there, None where it would only go. `onward`: where the page goes on to by itself.
    """

    url: str
    status: int | None = None
    html: str = ""
    title: str = ""
    forms: tuple[Form, ...] = ()
    posted: Mapping[str, str] | None = None
    onward: str | None = None


class Browser:
    """One browser with its own cookies. `elsewhere`: an address at whose beginning it stops."""

    def __init__(self, trusted: Path, *, elsewhere: str | None = None) -> None:
        self._elsewhere = elsewhere
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(trusted)

    def open(self, url: str) -> Page:
        """The page at an address, and through its redirects."""
        return self._go("GET", url, None)

    def press(self, page: Page, button: str, typed: Mapping[str, str] | None = None) -> Page:
        """Fill in a form's fields and press a button of it, by id. Raises KeyError where the page has none like it."""
        form = next((form for form in page.forms if button in form.buttons), None)
        if form is None:
            raise KeyError(f"no button {button} on {page.title or page.url}")
        unknown = set(typed or {}) - set(form.fields)
        if unknown:
            raise KeyError(f"no field {', '.join(sorted(unknown))} on {page.title or page.url}")
        name, value = form.buttons[button]
        data = {**form.fields, **(typed or {}), **({name: value} if name else {})}
        return self._go(form.method, urljoin(page.url, form.action), data)

    def _go(self, method: str, url: str, data: Mapping[str, str] | None) -> Page:
        for _ in range(MAX_REDIRECTS):
            if self._elsewhere is not None and url.startswith(self._elsewhere):
                return Page(url, posted=data if method == "POST" else None)
            answer = self._session.request(
                method,
                url,
                data=data if method == "POST" else None,
                params=data if method == "GET" else None,
                allow_redirects=False,
                timeout=TIMEOUT,
            )
            if answer.status_code not in REDIRECTS:
                page = _read(answer)
                if page.onward is None:
                    return page
                url, method, data = urljoin(url, page.onward), "GET", None
                continue
            url = urljoin(url, answer.headers["Location"])
            if answer.status_code != 307:
                method, data = "GET", None
        raise requests.TooManyRedirects(url)


def _read(answer: requests.Response) -> Page:
    reader = _Reader()
    if "html" in answer.headers.get("Content-Type", ""):
        reader.feed(answer.text)
    return Page(
        answer.url, answer.status_code, answer.text, reader.title.strip(), tuple(reader.forms), onward=reader.onward
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.title = ""
        self.onward: str | None = None
        self._in_form = self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._in_title = True
        elif tag == "meta" and found.get("http-equiv") == "refresh":
            self.onward = found["content"].removeprefix("0;url=")
        elif tag == "form":
            self._in_form = True
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").upper()))
        elif tag == "input" and self._in_form and "name" in found and _is_posted(found):
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "select" and self._in_form and "name" in found:
            self.forms[-1].fields[found["name"]] = ""  # Our own first options say nothing.
        elif tag == "button" and self._in_form and "id" in found:
            self.forms[-1].buttons[found["id"]] = (found.get("name", ""), found.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"
        self._in_form = self._in_form and tag != "form"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def _is_posted(field: dict[str, str]) -> bool:
    """Whether a form posts this field as the page shows it: a box or a choice that is not taken is left out."""
    return field.get("type") not in ("checkbox", "radio") or "checked" in field
