"""The words of a consent page as lines of text: what a person read before agreeing, for the record of what was agreed.

The page posts their digest back, bound to its browser. The record makes the lines again and compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.authorization_details.detail_type import Shown
from chalicelib.interaction.consent_words import consent_words
from chalicelib.language import Language
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import Authentication, Client
from chalicelib.storage.token_values import digest

MAX_DIGEST = 22
"""Characters of the digest that a grant stores: 132 bits."""


def person_of(login: Authentication) -> str:
    """The name of the signed-in person on the page."""
    return str(login.claims.get("name") or login.username)


def lines(grant: Grant, client: Client, language: Language) -> list[str]:
    """The words of the page that differ from page to page. What is marked as new on it is not marked here."""
    words = consent_words(grant, client, language)
    return [
        words.client_name,
        *(f"{one.label}: {one.value} {one.address}".rstrip() for one in words.about),
        grant.request.redirect_uri,
        *(line for one in words.details for line in _of_detail(one)),
        *words.access,
        person_of(grant.person),
        words.until,
    ]


def summary(words: list[str], grant: Grant, language: Language) -> str:
    """The language, a digest of the lines, and the requested end: what the page posts back and the grant stores."""
    return f"{language.tag}.{digest(chr(10).join(words))[:MAX_DIGEST]}.{grant.consent_expires_at}"


def summary_of(grant: Grant, client: Client, language: Language) -> str:
    """The summary of the page of a grant."""
    return summary(lines(grant, client, language), grant, language)


def language_of(shown: str) -> str:
    """The tag of the language in a summary; empty if there is none."""
    return shown.partition(".")[0]


def as_shown(grant: Grant, shown: str) -> Grant:
    """The grant with the requested end of a summary. The person may have chosen an earlier one on the page."""
    end = shown.rpartition(".")[2]
    return replace(grant, consent_expires_at=int(end)) if shown.count(".") > 1 and end.isdecimal() else grant


def _of_detail(shown: Shown) -> Iterator[str]:
    yield shown.heading
    for label, value in shown.facts:
        yield f"{label}: {value}"
    for question in shown.questions:
        yield question.words
        yield from (f"{choice.words} {choice.note}".rstrip() for choice in question.choices)
        if not question.choices:
            yield question.none
