"""A person's browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.actors.answer import Answer, elements
from tests.actors.bank import Bank


class Browser:
    """A person's browser: keeps cookies, shows pages, posts their forms. It runs no script."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.cookies: dict[str, str] = {}

    def get(self, url: str, query: Any = ()) -> Answer:
        """`url`: with its own query, or with the one given."""
        parts = urlsplit(url)
        return self._kept(self.bank.send("GET", parts.path, query=query or parts.query, headers=self._sent()))

    def post(self, path: str, form: Any) -> Answer:
        parts = urlsplit(path)
        sent = {"query": parts.query} if parts.query else {}
        return self._kept(self.bank.send("POST", parts.path, form=form, headers=self._sent(), **sent))

    def open(self, client_id: str, request_uri: str) -> Answer:
        """The authorization endpoint's answer."""
        return self.get("/authorize", {"client_id": client_id, "request_uri": request_uri})

    def page(self, client_id: str, request_uri: str) -> Answer:
        """The login page."""
        return self.get(self.open(client_id, request_uri).location)

    def submit(self, page: Answer, action: str, **typed: str) -> Answer:
        """Post the page's form with what was typed and the button `action`."""
        assert page.status == 200, (page.status, page.text)
        tags = elements(page.text)
        (where,) = [attributes["action"] for tag, attributes in tags if tag == "form"]
        inputs = [a for tag, a in tags if tag == "input" and "name" in a]
        form = {
            a["name"]: a.get("value", "")
            for a in inputs
            if a.get("type") not in ("checkbox", "radio") or "checked" in a or a["name"] in typed
        }
        assert [a for t, a in tags if t == "button" and a.get("name") == "action" and a.get("value") == action]
        assert not typed.keys() - form.keys()
        return self.post(where, form | typed | {"action": action})

    def sign_in(
        self, page: Answer, *, username: str = "alice", password: str = "", one_time_code: str = "123456"
    ) -> Answer:
        password = password or {"alice": "wonderland", "bob": "builder"}[username]
        return self.submit(page, "login", username=username, password=password, one_time_code=one_time_code)

    def consent_page(self, client_id: str, request_uri: str, *, username: str = "alice") -> Answer:
        return self.get(self.sign_in(self.page(client_id, request_uri), username=username).location)

    def login(self, client_id: str, request_uri: str, *, username: str = "alice") -> Answer:
        """The authorization response of a person who agrees."""
        page = self.consent_page(client_id, request_uri, username=username)
        return self.submit(page, "approve") if 'value="approve"' in page.text else page

    def _sent(self) -> tuple[tuple[str, str], ...]:
        together = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return (("Cookie", together),) if together else ()

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.all("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            assert name.startswith("__Host-")
            assert {"Secure", "Path=/", "HttpOnly"} <= set(attributes)
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer
