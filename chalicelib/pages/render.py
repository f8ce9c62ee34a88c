"""Pages as responses, with security headers.

A page runs only the script that its policy names, loads nothing, and can't be in a frame. Templates escape all values.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from jinja2 import Environment, FileSystemLoader, ModuleLoader, StrictUndefined
from markupsafe import Markup, escape

from chalicelib import date_format
from chalicelib.language import Language, message
from chalicelib.messages import NO_STORE, Response
from chalicelib.pages.frame import STYLE, Frame

FOLDER = Path(__file__).parent


@lru_cache(maxsize=64)
def _source(text: str) -> str:
    """The source of a style or script in the policy."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


SUBMIT = 'document.getElementById("response").submit()'
"""The only script of the page that posts a response. Without it the user presses the button."""

COMPILED = FOLDER / "compiled"
"""The templates as modules, which the package has in place of their sources. Else the first pages of a function compile them."""

TEMPLATES = Environment(
    loader=ModuleLoader(COMPILED) if COMPILED.is_dir() else FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATES.globals["bdi"] = lambda value: Markup("<bdi>") + escape(value) + Markup("</bdi>")
TEMPLATES.globals["strong"] = lambda value: Markup("<strong>") + escape(value) + Markup("</strong>")

WEB = re.compile(r"(https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?)(?=[/?#]|\Z)")
LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?)(?=[/?#]|\Z)")
PRIVATE_SCHEME = re.compile(r"([a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:)/")

Leads = Literal["form-action 'self'; ", "form-action 'self'; connect-src 'self'; ", "form-action 'none'; ", ""]
OURS: Leads = "form-action 'self'; "
"""Targets of a page's forms: only this host, through every redirect that follows."""
OURS_BY_SCRIPT: Leads = "form-action 'self'; connect-src 'self'; "
"""The same, and the page's script may ask this host."""
NOWHERE: Leads = "form-action 'none'; "
ANYWHERE: Leads = ""

PAGE_HEADERS = (
    ("X-Frame-Options", "DENY"),  # RFC6749-10.13
    # The opener loses control of this window, so it can't replace the page before the sign-in. The redirect still arrives in a
    # client's popup. To inform the opener, the client uses a BroadcastChannel.
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
FEATURES = "camera=(), geolocation=(), microphone=(), payment=({}), usb=()"


WARNING_SECONDS = 2 * 60
"""Seconds before the end of a page's time at which the page warns of it (WCAG 2.2.1)."""


@dataclass(frozen=True)
class TimeLimit:
    """How long a page can be answered. `time`: its end, in words. `warn_after`: seconds until the page warns of it."""

    time: Markup
    warn_after: int


def time_limit(until: int, language: Language, *, now: int) -> TimeLimit:
    """The time limit of a page. `until`: its end, epoch seconds."""
    # Markup's own format parses its text in Python, which takes longer than all else here.
    machines, words = escape(date_format.for_machines(until)), escape(date_format.in_words(until, language))
    shown = Markup(f'<time datetime="{machines}">{words}</time>')  # noqa: S704 - both values are escaped
    return TimeLimit(shown, max(0, until - now - WARNING_SECONDS))


class Choice(Protocol):
    """A choice of the user: a form field, its value if taken, and its text."""

    @property
    def field(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def note(self) -> str: ...


class Question(Protocol):
    """A question to the user. `one`: exactly one choice is taken; otherwise any number. `none`: the text without choices."""

    @property
    def words(self) -> str: ...
    @property
    def choices(self) -> Sequence[Choice]: ...
    @property
    def none(self) -> str: ...
    @property
    def one(self) -> bool: ...


class Detail(Protocol):
    """A requested detail as text. `facts`: labels and values. `figure`: the emphasized part of the heading."""

    @property
    def heading(self) -> str: ...
    @property
    def figure(self) -> str: ...
    @property
    def facts(self) -> Sequence[tuple[str, str]]: ...
    @property
    def questions(self) -> Sequence[Question]: ...


def onward(*, frame: Frame, redirect_uri: str, location: str) -> Response:
    """The page that continues to `location`, the redirect_uri with an authorization response. It has a link to it.

    A redirect would be part of the posted form's navigation. Chromium applies our form-action to all its redirects, which the
    client's callback may continue. Raises ValueError as `login`.
    """
    frame = replace(frame, here="")  # The interaction has ended.
    return page("onward.html", NOWHERE, frame, location=location, returns_to=host_of(redirect_uri))


def form_post(*, frame: Frame, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    """The page that posts a response to the client (OAuth 2.0 Form Post Response Mode 2). Raises ValueError as `login`.

    The user types nothing on it, and only the client knows where its callback leads.
    """
    return page(
        "form_post.html",
        ANYWHERE,
        replace(frame, here=""),
        script=SUBMIT,
        action=redirect_uri,
        parameters=parameters,
        returns_to=host_of(redirect_uri),
    )


def error(*, frame: Frame, error: str, description: str, status: int = 400, reference: str | None = None) -> Response:
    """The error page, if there is no verified redirect_uri for the error (RFC 6749 4.1.2.1).

    `reference`: the interaction id by which support finds the login in the log.
    """
    from chalicelib.pages.error_texts import OF_THE_REQUEST, WORDS

    words = WORDS.get(error, OF_THE_REQUEST)
    return page(
        "error.html",
        NOWHERE,
        frame,
        status=status,
        error=error,
        description=frame.language.say(description),
        translated=frame.language.has(description),
        reference=reference,
        headline=frame.language.say(words.headline),
        advice=frame.language.say(words.advice),
    )


def page(
    template: str,
    leads: Leads,
    frame: Frame,
    *,
    status: int = 200,
    script: str | None = None,
    pays: bool = False,
    **shown: object,
) -> Response:
    """A page of a template. `leads`: the targets of its forms. `script`: its script, if any; the policy has the script's hash.

    `pays`: the page may ask the browser to show a payment (SPC-8).
    """
    return response(rendered(template, frame, script, shown), leads, frame, status=status, script=script, pays=pays)


def rendered(template: str, frame: Frame, script: str | None, shown: Mapping[str, object]) -> str:
    """The page's HTML."""
    of_each_page = {"script": script, "style": _style(frame), "frame": frame, "_": partial(_markup, frame.language)}
    return TEMPLATES.get_template(template).render({**shown, **of_each_page})


def response(
    html: str, leads: Leads, frame: Frame, *, status: int = 200, script: str | None = None, pays: bool = False
) -> Response:
    """The response with that HTML: its policy lets its one script run, and nothing else."""
    runs = "" if script is None else f"script-src {_source(script)}; "
    style = f"style-src {_source(_style(frame))}; "
    policy = f"default-src 'none'; {runs}{style}{leads}base-uri 'none'; frame-ancestors 'none'"
    html_type = ("Content-Type", "text/html; charset=utf-8")
    features = ("Permissions-Policy", FEATURES.format("self" if pays else ""))
    headers = (html_type, *NO_STORE, ("Content-Security-Policy", policy), *PAGE_HEADERS, features, *frame.headers)
    return Response(status, headers, html)


def _style(frame: Frame) -> str:
    return STYLE + frame.worn.style


def _markup(language: Language, text: str, **values: object) -> Markup:
    """The templates' `_`: the text in the page's language, as markup. Its values are escaped, unless they are markup."""
    template = escape(language.template(text))
    if not values:
        return template
    # Markup's own format_map parses each text in Python, which took a fifth of a page's time.
    escaped = {name: escape(value) for name, value in values.items()}
    return Markup(str(template).format_map(escaped))  # noqa: S704 - the text and each value are escaped


def host_of(redirect_uri: str) -> str | None:
    """The host of the redirect_uri, which the user can compare with the address bar; None for an app.

    Raises ValueError unless it is https, a loopback address or a private-use scheme with a dot (RFC 8252 7.1, 7.3). For
    example, no page leads to a javascript: URL.
    """
    if found := WEB.match(redirect_uri) or LOOPBACK.match(redirect_uri):
        return found[1].partition("://")[2].lower()
    if PRIVATE_SCHEME.match(redirect_uri):
        return None
    raise ValueError("no page may lead to this redirect_uri")


def addresses(
    language: Language, logo_uri: str | None, policy_uri: str | None, tos_uri: str | None
) -> list[tuple[str, str]]:
    """Links to the client's own pages (OpenID Connect Registration 2).

    The logo is a link too: loading it would tell its server, with cookies, that this user signs in here, and the picture could
    change. Only https links are shown.
    """
    links = (
        (message("Privacy policy"), policy_uri),
        (message("Terms of service"), tos_uri),
        (message("Logo"), logo_uri),
    )
    return [(language.say(words), uri) for words, uri in links if uri and WEB.match(uri)]
