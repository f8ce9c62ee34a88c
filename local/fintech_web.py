"""The demo fintechs' web server: one small page, "connect your bank", and the callback of each client.

What belongs to a browser is kept by a cookie that names nothing else, so that a callback counts only where the login began.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask, redirect, render_template_string, request, session, url_for
from requests_oauth2client import BearerToken
from requests_oauth2client.exceptions import OAuth2Error
from werkzeug.serving import BaseWSGIServer, make_server

from chalicelib import language
from local.certificates import Pair
from local.exchanges import Exchange, redirected
from local.fintech import CHOICE, PAYMENT, STANDING_ORDER, Begun, Fintech, NotConnected, Refused
from local.ports import PortTaken
from local.second_brand import Brands

PAGE = Path(__file__).with_name("fintech_page.html").read_text(encoding="utf-8")


WANTED: Mapping[str, dict[str, Any]] = {"connect": CHOICE, "pay": PAYMENT, "order": STANDING_ORDER}
"""What each button asks the bank for."""
FIRST_DAY = 7
"""Days until the first payment of a standing order."""


@dataclass
class Connected:
    """A customer who is connected, and what was read last."""

    token: BearerToken
    person: dict[str, Any]
    accounts: list[dict[str, str]]


@dataclass
class Desk:
    """All that is kept for one browser, by client_id.

    `wanted`: what the login that was begun is for. `payments`: what became of the last payment.
    `exchanges`: what was said with the bank at the last login.
    """

    wanted: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    begun: dict[str, Begun] = field(default_factory=dict)
    connected: dict[str, Connected] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def build(fintechs: Mapping[str, Fintech], brands: Brands | None = None) -> Flask:
    """The web server's application. `fintechs`: by client_id. `brands`: the bank's, if another can be put on."""
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
        page = render_template_string(
            PAGE,
            fintechs=fintechs.values(),
            desk=desk(),
            csrf=csrf,
            brands=brands,
            languages={tag: name for tag, (name, _) in language.names().items()},
            grants=next((f"{one.issuer}/grants" for one in fintechs.values()), ""),
        )
        desk().problems.clear()
        return page

    @app.post("/act/<client_id>")
    def act(client_id: str) -> Any:
        if client_id not in fintechs or request.form.get("csrf") != session.get("csrf"):
            return _refusal("This form was not made for this browser.")
        return _act(fintechs[client_id], desk(), request.form.get("action", ""), request.form.get("language", ""))

    @app.post("/brand")
    def wear() -> Any:
        if brands is None or request.form.get("csrf") != session.get("csrf"):
            return _refusal("This form was not made for this browser.")
        try:
            brands.wear(request.form.get("brand", ""))
        except KeyError:
            return _refusal("There is no such brand.")
        return redirect(url_for("index"), 303)

    @app.get("/callback/<client_id>")
    def callback(client_id: str) -> Any:
        begun = desk().begun.pop(client_id, None)
        if client_id not in fintechs or begun is None:
            return _refusal("No login was begun in this browser, or it has ended already.")
        _finish(fintechs[client_id], desk(), begun, request.url)
        return redirect(url_for("index"), 303)

    return app


def _act(fintech: Fintech, desk: Desk, action: str, language_tag: str) -> Any:
    client_id = fintech.client.client_id
    try:
        if action in WANTED:
            return redirect(_begin(fintech, desk, action, language_tag), 303)
        connected = desk.connected.pop(client_id, None)
        if connected is not None and action == "refresh":
            desk.connected[client_id] = _read(fintech, fintech.refresh(connected.token))
        elif connected is not None and action == "disconnect":
            fintech.disconnect(connected.token)
    except (OAuth2Error, Refused) as problem:
        desk.problems[client_id] = f"Not connected: {problem}"
    return redirect(url_for("index"), 303)


def _begin(fintech: Fintech, desk: Desk, action: str, language_tag: str) -> str:
    """The address at the bank where the browser goes."""
    client_id = fintech.client.client_id
    detail = WANTED[action]
    if action == "order":
        detail = {**detail, "startDate": (datetime.now(UTC).date() + timedelta(days=FIRST_DAY)).isoformat()}
    with fintech.watched.watching() as seen:
        begun = fintech.begin(detail, language=language_tag if language_tag in language.names() else "")
    desk.begun[client_id], desk.wanted[client_id] = begun, action
    desk.exchanges[client_id] = [
        *seen,
        redirected(begun.url, "The browser goes to the bank, where the person decides."),
    ]
    desk.payments.pop(client_id, None)
    return begun.url


def _finish(fintech: Fintech, desk: Desk, begun: Begun, callback: str) -> None:
    """Tokens for the code, and with them the accounts, or the payment."""
    client_id = fintech.client.client_id
    back = redirected(callback, "The browser is back, with the bank's answer.")
    with fintech.watched.watching() as seen:
        try:
            token = fintech.finish(begun, callback)
            if desk.wanted.get(client_id) == "connect":
                desk.connected[client_id] = _read(fintech, token)
            else:
                made = fintech.pay(token, secrets.token_urlsafe())
                amount = made["payment"]["instructedAmount"]
                desk.payments[client_id] = f"The bank has taken the payment of {amount['amount']} {amount['currency']}."
        except (NotConnected, OAuth2Error, Refused) as problem:
            desk.problems[client_id] = f"Not connected: {problem}"
    desk.exchanges[client_id] = [*desk.exchanges.get(client_id, []), back, *seen]


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
