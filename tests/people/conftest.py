"""A browser, and small sites for it to visit: the bank's, a client's, a stranger's."""

import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import sync_playwright

from chalicelib.messages import Response

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Site:
    """An origin. `answers`: a Response by method and path; `seen`: what was asked, as (method, path, form)."""

    def __init__(self):
        self.answers = {}
        self.seen = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = urlsplit(self.path).path
                if path != "/favicon.ico":
                    site.seen.append((self.command, path, dict(parse_qsl(form, keep_blank_values=True))))
                answer = site.answers.get((self.command, path), Response(404))
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body.encode())

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def sites():
    """Three origins: the bank's, the client's, a stranger's."""
    three = (Site(), Site(), Site())
    yield three
    for site in three:
        site.close()


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium, one for all tests."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip("Chromium is absent, so no page was tried in a real browser; install it (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium):
    """A function: options of a browser context to a fresh page in it, whose `complaints` are all the console's lines."""
    contexts = []

    def fresh(**options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda problem: page.complaints.append(str(problem)))
        return page

    yield fresh
    for context in contexts:
        context.close()
