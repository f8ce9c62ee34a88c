"""Pages for errors of API Gateway itself. They are static, so each says its text in all languages that the bank offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from chalicelib import language
from chalicelib.language import Language, message
from chalicelib.pages.frame import STYLE, theme_of
from chalicelib.settings import Settings, SettingsError

AGAIN = message("Please wait a few minutes, then go back to the app or website that sent you here and start again.")
CONNECTED_APPS = message("Your connected apps")
WORDS: Mapping[str, tuple[str, str]] = {
    "MISSING_AUTHENTICATION_TOKEN": (
        message("There is no page here"),
        message(
            "The address may be mistyped, or a link is too old. Go back to the app or website that sent you here and start "
            "again."
        ),
    ),
    "WAF_FILTERED": (message("This request was stopped for safety"), AGAIN),
    "THROTTLED": (message("Too many people are signing in at the moment"), AGAIN),
    "DEFAULT_4_XX": (
        message("This request can't be answered"),
        message("Go back to the app or website that sent you here and start again."),
    ),
    "DEFAULT_5_XX": (message("Something went wrong on our side"), AGAIN),
}
"""Headline and advice in English, by the kind of gateway response."""


def accepts_a_page(accept: str) -> bool:
    """Whether the caller is a browser: its Accept header has HTML, unlike that of programs."""
    return "text/html" in accept.lower()


def page(kind: str, tags: Sequence[str] = (language.ENGLISH,), *, theme: str | None = None) -> str:
    """The page of a kind of gateway response, in ASCII.

    `tags`: the offered languages, the default first. `theme`: the folder of the bank's theme.
    """
    first, *others = (language.of(tag, theme) for tag in tags)
    headline = _text(first, WORDS[kind][0])
    again = "".join(
        f'<p lang="{one.tag}" dir="{one.direction}"><strong>{_text(one, WORDS[kind][0])}.</strong> '
        f"{_text(one, WORDS[kind][1])} {_link(one)}</p>\n"
        for one in others
    )
    text = (
        f'<!doctype html>\n<html lang="{first.tag}" dir="{first.direction}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{headline}</title>\n<style>{STYLE}{theme_of(theme).style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{headline}</h1>\n<p>{_text(first, WORDS[kind][1])}</p>\n{again}"
        f'<ul class="links" id="connected-apps"><li>{_link(first)}</li></ul>\n</main>\n</body>\n</html>\n'
    )
    return text.encode("ascii", "xmlcharrefreplace").decode()


def page_for(accepted_languages: str, read_settings: Callable[[], Settings]) -> str:
    """The page for an address that is not there, in one language. `accepted_languages`: the Accept-Language header.

    `read_settings`: gives the deployment's settings; where they can't be used, the page is the library's own, in English.
    """
    try:
        settings = read_settings()
    except SettingsError:
        return page("MISSING_AUTHENTICATION_TOKEN")
    tag = language.chosen(settings.offered_languages, preferred=(), accept=accepted_languages)
    return page("MISSING_AUTHENTICATION_TOKEN", (tag,), theme=settings.theme)


def _link(one: Language) -> str:
    """The link to the page where a person ends the access of apps, also where an app's request went wrong."""
    return f'<a href="/grants">{_text(one, CONNECTED_APPS)}</a>'


def _text(one: Language, english: str) -> str:
    return escape(one.say(english), quote=False)
