"""The demo fintechs' web server: one small page, "connect your bank", and the callback of each client.

What belongs to a browser is kept by a cookie that names nothing else, so that a callback counts only where the login began.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Thread
from typing import Any

from flask import Flask, redirect, render_template_string, request, session, url_for
from requests_oauth2client import BearerToken
from requests_oauth2client.exceptions import OAuth2Error
from werkzeug.serving import BaseWSGIServer, make_server

from local.certificates import Pair
from local.fintech import Begun, Fintech, NotConnected, Refused
from local.ports import PortTaken

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Connect your bank</title>
<style>
:root { color-scheme: light dark; --ink: #1a2b3c; --quiet: #51606f; --rule: #ccd5de; --button: #4b2e83; --on: #fff; --bad: #a11 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9eef3; --quiet: #aab7c4; --rule: #2d3a47; --button: #cdb8f5; --on: #221044; --bad: #ffb3a8 }
  body { background: #0d141b }
}
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: var(--ink) }
section { border: 1px solid var(--rule); border-radius: .5rem; padding: 1.25rem 1.5rem; margin: 1.5rem 0 }
h2 { margin: 0 0 .5rem } p { margin: .5rem 0 } .quiet { color: var(--quiet) } .problem { color: var(--bad) }
ul { list-style: none; padding: 0 } form { margin-top: 1rem }
li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .5rem 0; border-top: 1px solid var(--rule) }
li code { display: block; color: var(--quiet) } li b { font-variant-numeric: tabular-nums; margin-left: auto }
button { font: inherit; font-weight: 600; padding: .5rem 1.1rem; margin: 0 .5rem .25rem 0; border: 1px solid var(--button);
  border-radius: .4rem; color: var(--on); background: var(--button); cursor: pointer }
button.second { color: inherit; background: none; border-color: var(--quiet) }
:focus-visible { outline: 3px solid var(--button); outline-offset: 2px }
</style>
<h1>Connect your bank</h1>
{% if words %}
<p class="problem" role="alert">{{ words }}</p>
<p><a href="{{ url_for('index') }}">Start again</a></p>
{% else %}
<p>Two fintechs of the sandbox. Each asks your bank for your accounts; the bank asks you.</p>
{% endif %}
{% for fintech in fintechs %}
{% set id = fintech.client.client_id %}
{% set mine = desk.connected.get(id) %}
<section id="{{ id }}">
<h2>{{ fintech.client.name }}</h2>
{% if id in desk.problems %}<p class="problem" role="alert">{{ desk.problems[id] }}</p>{% endif %}
{% if mine %}
<p class="quiet">Connected for {{ mine.person.name }}.</p>
<ul>{% for account in mine.accounts %}
<li><span>{{ account.name }}<code>{{ account.iban | in_fours }}</code></span>
<b>{{ account.balance | as_money }} {{ account.currency }}</b></li>
{% endfor %}</ul>
<form method="post" action="{{ url_for('act', client_id=id) }}">
<input type="hidden" name="csrf" value="{{ csrf }}">
<button id="refresh-{{ id }}" name="action" value="refresh">Read again</button>
<button class="second" id="disconnect-{{ id }}" name="action" value="disconnect">Disconnect</button>
</form>
{% else %}
<p class="quiet">The bank knows it by <code>{{ fintech.client.metadata.token_endpoint_auth_method }}</code>.</p>
<form method="post" action="{{ url_for('act', client_id=id) }}">
<input type="hidden" name="csrf" value="{{ csrf }}">
<button id="connect-{{ id }}" name="action" value="connect">Connect your bank</button>
</form>
{% endif %}
</section>
{% endfor %}
</html>"""


@dataclass
class Connected:
    """A customer who is connected, and what was read last."""

    token: BearerToken
    person: dict[str, Any]
    accounts: list[dict[str, str]]


@dataclass
class Desk:
    """All that is kept for one browser, by client_id."""

    begun: dict[str, Begun] = field(default_factory=dict)
    connected: dict[str, Connected] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def build(fintechs: Mapping[str, Fintech]) -> Flask:
    """The web server's application. `fintechs`: by client_id."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    app.config.update(SESSION_COOKIE_NAME="__Host-fintech", SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")
    app.jinja_env.filters.update(in_fours=in_fours, as_money=as_money)
    desks: dict[str, Desk] = {}

    def desk() -> Desk:
        return desks.setdefault(session.setdefault("browser", secrets.token_urlsafe()), Desk())

    @app.get("/")
    def index() -> str:
        csrf = session.setdefault("csrf", secrets.token_urlsafe())
        page = render_template_string(PAGE, fintechs=fintechs.values(), desk=desk(), csrf=csrf)
        desk().problems.clear()
        return page

    @app.post("/act/<client_id>")
    def act(client_id: str) -> Any:
        if client_id not in fintechs or request.form.get("csrf") != session.get("csrf"):
            return _refusal("This form was not made for this browser.")
        return _act(fintechs[client_id], desk(), request.form.get("action", ""))

    @app.get("/callback/<client_id>")
    def callback(client_id: str) -> Any:
        begun = desk().begun.pop(client_id, None)
        if client_id not in fintechs or begun is None:
            return _refusal("No login was begun in this browser, or it has ended already.")
        try:
            token = fintechs[client_id].finish(begun, request.url)
            desk().connected[client_id] = _read(fintechs[client_id], token)
        except (NotConnected, OAuth2Error, Refused) as problem:
            desk().problems[client_id] = f"Not connected: {problem}"
        return redirect(url_for("index"), 303)

    return app


def _act(fintech: Fintech, desk: Desk, action: str) -> Any:
    client_id = fintech.client.client_id
    try:
        if action == "connect":
            desk.begun[client_id] = fintech.begin()
            return redirect(desk.begun[client_id].url, 303)
        connected = desk.connected.pop(client_id, None)
        if connected is not None and action == "refresh":
            desk.connected[client_id] = _read(fintech, fintech.refresh(connected.token))
        elif connected is not None and action == "disconnect":
            fintech.disconnect(connected.token)
    except (OAuth2Error, Refused) as problem:
        desk.problems[client_id] = f"Not connected: {problem}"
    return redirect(url_for("index"), 303)


def in_fours(iban: str) -> str:
    """An IBAN as people read it."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def as_money(amount: str) -> str:
    """An amount with its thousands apart."""
    return f"{Decimal(amount):,.2f}"


def _refusal(words: str) -> tuple[str, int]:
    return render_template_string(PAGE, words=words), 400


def _read(fintech: Fintech, token: BearerToken) -> Connected:
    return Connected(token, fintech.person(token), fintech.accounts(token))


def take(port: int) -> socket.socket:
    """The port, to be served later. Raises PortTaken."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        raise PortTaken(port) from None


def serve(app: Flask, taken: socket.socket, identity: Pair) -> BaseWSGIServer:
    """Serve the application over TLS, in a thread of its own, until `shutdown` is called."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(identity.file)
    host, port = taken.getsockname()
    server = make_server(host, port, app, threaded=True, ssl_context=tls, fd=taken.fileno())
    Thread(target=server.serve_forever, daemon=True).start()
    return server
