"""Pages as responses: what a person sees, and the headers that keep a page to itself.

No page runs a script that its policy does not name, loads anything, or may stand in a frame. A page's words come from
templates that escape whatever they are given.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chalicelib import date_format
from chalicelib.messages import NO_STORE, Response
from chalicelib.pages.error_texts import OF_THE_REQUEST, WORDS
from chalicelib.pages.passkey_options import SCRIPT, Ceremony

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "style.css").read_text(encoding="utf-8")


def _source(text: str) -> str:
    """What a page's policy names a style or a script by."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


STYLE_SOURCE = _source(STYLE)
SUBMIT = 'document.getElementById("response").submit()'
"""The one script of the page that posts a response: a person need not press its button."""

TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATES.globals["style"] = STYLE

WEB = re.compile(r"(https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?)(?=[/?#]|\Z)")
LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?)(?=[/?#]|\Z)")
PRIVATE_SCHEME = re.compile(r"([a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:)/")

Leads = Literal["form-action 'self'; ", "form-action 'none'; ", ""]
OURS: Leads = "form-action 'self'; "
"""Where a page's forms lead: to us alone, through every redirect that follows."""
NOWHERE: Leads = "form-action 'none'; "
ANYWHERE: Leads = ""

PAGE_HEADERS = (
    ("X-Frame-Options", "DENY"),  # RFC6749-10.13
    # Whoever opened this window loses hold of it, and so can't swap the page under a person who is about to sign in. The
    # redirect still arrives in a client's popup; to tell the page that opened it, the client uses a BroadcastChannel.
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Choice(Protocol):
    """What a person may take or leave: a form's field, what it sends when taken, and its words."""

    @property
    def field(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def note(self) -> str: ...


class Question(Protocol):
    """What a person decides: `one` choice is taken, else any may be left out; `none` is said where there is no choice."""

    @property
    def words(self) -> str: ...
    @property
    def choices(self) -> Sequence[Choice]: ...
    @property
    def none(self) -> str: ...
    @property
    def one(self) -> bool: ...


class Detail(Protocol):
    """Something asked for, in words. `facts`: labels and values. `figure`: the part of the heading that the eye should meet."""

    @property
    def heading(self) -> str: ...
    @property
    def figure(self) -> str: ...
    @property
    def facts(self) -> Sequence[tuple[str, str]]: ...
    @property
    def questions(self) -> Sequence[Question]: ...


def login(
    *,
    bank_name: str,
    client_name: str,
    key: str,
    csrf: str,
    redirect_uri: str,
    username: str = "",
    hint: str | None = None,
    problem: str | None = None,
    passkey: Ceremony | None = None,
    logo_uri: str | None = None,
    policy_uri: str | None = None,
    tos_uri: str | None = None,
) -> Response:
    """The login page. `problem`: a sentence about what was wrong with the last try; `hint`: one that helps to sign in;
    `passkey`: what a passkey would be asked for, where people have any.

    Raises ValueError where nobody may be led to `redirect_uri`.
    """
    return page(
        "login.html",
        OURS,
        script=SCRIPT if passkey else None,
        bank_name=bank_name,
        client_name=client_name,
        key=key,
        csrf=csrf,
        returns_to=_host(redirect_uri),
        username=username,
        hint=hint,
        problem=problem,
        passkey=passkey,
        addresses=_addresses(logo_uri, policy_uri, tos_uri),
    )


def consent(
    *,
    bank_name: str,
    client_name: str,
    key: str,
    csrf: str,
    redirect_uri: str,
    person: str,
    access: Sequence[str],
    until: int,
    details: Sequence[Detail] = (),
    look: bool = False,
    chosen: Mapping[str, str] | None = None,
    problem: str | None = None,
    logo_uri: str | None = None,
    policy_uri: str | None = None,
    tos_uri: str | None = None,
) -> Response:
    """The consent page, which tells what is granted (FAPI1-BASE-5.2.2-17).

    `access`: what the client may do, each a sentence; `until`: when that ends, epoch seconds; `details`: what exactly is
    asked for (RFC 9396), and may be chosen; `look`: whether the answer needs a look at it first; `chosen`: the fields as the
    person left them, None where nobody did; `problem`: as on the login page.

    Raises ValueError where nobody may be led to `redirect_uri`.
    """
    return page(
        "consent.html",
        OURS,
        bank_name=bank_name,
        client_name=client_name,
        key=key,
        csrf=csrf,
        returns_to=_host(redirect_uri),
        person=person,
        access=access,
        details=details,
        look=look,
        chosen=chosen,
        problem=problem,
        until=date_format.in_words(until),
        until_iso=date_format.for_machines(until),
        addresses=_addresses(logo_uri, policy_uri, tos_uri),
    )


def onward(*, bank_name: str, redirect_uri: str, location: str) -> Response:
    """The page that goes on to `location`, which is the redirect_uri with an authorization response, and has a link to it.

    A redirect would still be part of the posted form's way, which Chromium holds our form-action against to its end, wherever
    the client's callback leads. Raises ValueError as `consent`.
    """
    return page("onward.html", NOWHERE, bank_name=bank_name, location=location, returns_to=_host(redirect_uri))


def form_post(*, bank_name: str, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    """The page that carries a response to the client (OAuth 2.0 Form Post Response Mode 2). Raises ValueError as `consent`.

    Nothing is typed on it, and nobody but the client knows where its callback leads.
    """
    return page(
        "form_post.html",
        ANYWHERE,
        script=SUBMIT,
        bank_name=bank_name,
        action=redirect_uri,
        parameters=parameters,
        returns_to=_host(redirect_uri),
    )


def error(*, bank_name: str, error: str, description: str, status: int = 400, reference: str | None = None) -> Response:
    """The error page, where nobody is proven to whom an error could be sent (RFC 6749 4.1.2.1).

    `reference`: by which support finds the login in the log.
    """
    words = WORDS.get(error, OF_THE_REQUEST)
    return page(
        "error.html",
        NOWHERE,
        status=status,
        bank_name=bank_name,
        error=error,
        description=description,
        reference=reference,
        headline=words.headline,
        advice=words.advice,
    )


def page(template: str, leads: Leads, *, status: int = 200, script: str | None = None, **shown: object) -> Response:
    """A page of a template. `leads`: where its forms may. `script`: the one that it runs, if any; the policy names its hash."""
    runs = "" if script is None else f"script-src {_source(script)}; "
    policy = f"default-src 'none'; {runs}style-src {STYLE_SOURCE}; {leads}base-uri 'none'; frame-ancestors 'none'"
    return Response(
        status,
        (
            ("Content-Type", "text/html; charset=utf-8"),
            *NO_STORE,
            ("Content-Security-Policy", policy),
            *PAGE_HEADERS,
        ),
        TEMPLATES.get_template(template).render(shown | {"script": script}),
    )


def _host(redirect_uri: str) -> str | None:
    """Where a person ends up, as they can compare it with an address bar; None where that is an app.

    Raises ValueError on anything but https, a loopback address and a private-use scheme with a dot in it (RFC 8252 7.1, 7.3):
    no page of ours leads to a script, say.
    """
    if found := WEB.match(redirect_uri) or LOOPBACK.match(redirect_uri):
        return found[1].partition("://")[2].lower()
    if PRIVATE_SCHEME.match(redirect_uri):
        return None
    raise ValueError("no page may lead to this redirect_uri")


def _addresses(logo_uri: str | None, policy_uri: str | None, tos_uri: str | None) -> list[tuple[str, str]]:
    """What the client says about itself, as links (OpenID Connect Registration 2).

    Even the logo: loading it would tell whoever serves it, cookies and all, that this person is signing in here; and
    the picture could be another one tomorrow. Only https is linked to.
    """
    disclosed = (("Privacy policy", policy_uri), ("Terms of service", tos_uri), ("Logo", logo_uri))
    return [(words, uri) for words, uri in disclosed if uri and WEB.match(uri)]
