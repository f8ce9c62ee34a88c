"""Pages for errors of API Gateway itself. They are static."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

AGAIN = "Please wait a few minutes, then go back to the app or website that sent you here and start again."
WORDS: Mapping[str, tuple[str, str]] = {
    "MISSING_AUTHENTICATION_TOKEN": (
        "There is no page here",
        "The address may be mistyped, or a link is too old. Go back to the app or website that sent you here and start again.",
    ),
    "WAF_FILTERED": ("This request was stopped for safety", AGAIN),
    "THROTTLED": ("Too many people are signing in at the moment", AGAIN),
    "DEFAULT_4_XX": (
        "This request can't be answered",
        "Go back to the app or website that sent you here and start again.",
    ),
    "DEFAULT_5_XX": ("Something went wrong on our side", AGAIN),
}
"""Headline and advice, by the kind of gateway response."""


def accepts_a_page(accept: str) -> bool:
    """Whether the caller is a browser: its Accept header has HTML, unlike that of programs."""
    return "text/html" in accept.lower()


def page(kind: str) -> str:
    """The page of a kind of gateway response."""
    headline, advice = WORDS[kind]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{headline}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{headline}</h1>\n<p>{advice}</p>\n</main>\n</body>\n</html>\n"
    )
