"""A browser, and small sites for it to visit: the bank's, a client's, a stranger's."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from chalicelib.messages import Response
from tests.actors import Bank

ATTEMPTS = 5
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

LEAN = (
    *("--no-sandbox", "--disable-gpu", "--in-process-gpu"),
    *("--disable-site-isolation-trials", "--renderer-process-limit=1"),
)
"""Nothing is drawn by a process of its own, and none begins for each origin: that was a quarter of the CPU."""


class Site:
    """An origin. `answers`: a Response by method and path; `seen`: what was asked, as (method, path, form).

    `bank`: the provider that answers what nothing else does.
    """

    def __init__(self) -> None:
        self.bank: Bank | None = None
        self.answers: dict[tuple[str, str], Response] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = urlsplit(self.path).path
                if path == "/favicon.ico":
                    answer = Response(204)
                else:
                    site.seen.append((self.command, path, dict(parse_qsl(form, keep_blank_values=True))))
                    answer = site.answers.get((self.command, path)) or self.from_bank(path, form)
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body.encode())

            do_POST = do_GET

            def from_bank(self, path: str, form: str) -> Response:
                if site.bank is None:
                    return Response(404)
                cookies = tuple(("Cookie", value) for value in self.headers.get_all("Cookie", ()))
                sent = {"form": form, "query": urlsplit(self.path).query, "headers": cookies}
                given = site.bank.send(self.command, path, **sent if self.command == "POST" else sent | {"form": None})
                return Response(given.status, given.headers, given.text)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


Sites = tuple[Site, Site, Site]


@pytest.fixture(scope="session")
def running_sites() -> Iterator[Sites]:
    """Three, for all tests: a browser has a process for each origin, which takes it a while."""
    three = (Site(), Site(), Site())
    yield three
    for site in three:
        site.close()


@pytest.fixture
def sites(running_sites: Sites) -> Sites:
    """Three origins, the bank's, the client's, a stranger's, where nothing is and nobody has asked."""
    for site in running_sites:
        site.answers, site.seen, site.bank = {}, [], None
    return running_sites


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium, one for all tests."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip("Chromium is absent, so no page was tried in a real browser; install it (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*LEAN])
        yield browser
        browser.close()


class Window:
    """A page of a browser context that one test after the other looks at, each from a blank one and without cookies.

    A context of its own costs a test half a second of CPU. Sites are on ports of a test's own, so none finds what another kept.
    """

    def __init__(self, chromium: Browser, options: dict[str, Any]) -> None:
        self.context = chromium.new_context(**options)
        self.page: Any = self.context.new_page()
        self.page.on("console", lambda message: self._complain(message.text))
        self.page.on("pageerror", lambda problem: self._complain(str(problem)))
        self.left = False

    def _complain(self, text: str) -> None:
        self.page.complaints.append(text)

    def leave(self) -> None:
        """What the test before left under way, such as a page that goes on by itself, would interrupt the next one."""
        if self.left:
            return
        for _ in range(ATTEMPTS):
            try:
                self.page.goto("about:blank")
            except Error:  # interrupted by a navigation that is under way: let that end
                with suppress(Error):
                    self.page.wait_for_load_state()
                continue
            self.left = True
            return
        raise AssertionError("the page goes on and on")

    def blank(self) -> Any:
        for other in self.context.pages:
            if other != self.page:
                other.close()
        self.leave()
        self.page.mouse.move(0, 0)
        self.context.clear_cookies()
        self.page.complaints, self.left = [], False
        return self.page


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Iterator[dict[str, Window]]:
    """Those that were opened, by their contexts' options."""
    opened: dict[str, Window] = {}
    yield opened
    for window in opened.values():
        window.context.close()


@pytest.fixture
def browse(chromium: Browser, windows: dict[str, Window], sites: Sites) -> Iterator[Callable[..., Any]]:
    """A function: options of a browser context to a page in it, whose `complaints` are all the console's lines.

    `alone`: the page is the test's own, which may change it for good.
    """
    own: list[Window] = []
    used: list[Window] = []

    def opened(*, alone: bool = False, **options: Any) -> Any:
        if alone:
            own.append(Window(chromium, options))
            return own[-1].blank()
        name = json.dumps(options, sort_keys=True)
        if name not in windows:
            windows[name] = Window(chromium, options)
        used.append(windows[name])
        return windows[name].blank()

    yield opened
    for (
        window
    ) in used:  # while the sites still are this test's: a page that goes on by itself would visit the next one's
        window.leave()
    for window in own:
        window.context.close()
