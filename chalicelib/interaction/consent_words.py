"""The words of the consent page about what is granted, in any language.

They are a function of the grant, its client and the language. So the words that were shown can be made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.authorization import scope
from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_type import Shown
from chalicelib.interaction import remembered_consent
from chalicelib.interaction.remembered_consent import RequestedAccess
from chalicelib.language import Language
from chalicelib.storage.grant_records import Grant, RememberedConsent
from chalicelib.storage.records import Client
from chalicelib.users import claims


@dataclass(frozen=True)
class Fact:
    """A line about the client. `address`: the https address to which the value is a link, empty for none."""

    label: str
    value: str
    address: str = ""


@dataclass(frozen=True)
class ConsentWords:
    """The words.

    `client_name`: who asks. `about`: what is known of it.
    `access`: what the client may do, one sentence each.
    `details`: the requested details, with their choices.
    `until`: when the access ends.
    """

    client_name: str
    about: tuple[Fact, ...]
    access: tuple[str, ...]
    details: tuple[Shown, ...]
    until: str


def consent_words(
    grant: Grant, client: Client, language: Language, *, remembered: Iterable[RememberedConsent] = ()
) -> ConsentWords:
    """The words for a grant with its user, in a language.

    `remembered`: the remembered consent that applies. With it, new access comes first and is marked.
    """
    wanted = remembered_consent.requested(grant.request, known=claims.known())
    remembered = tuple(remembered)
    access = _access(wanted, wanted[0], language)
    if remembered:
        new = _access(remembered_consent.new(wanted, remembered), wanted[0], language)
        marked = [language.say("{access} (new)", access=words) for words in new]
        access = [*marked, *(words for words in access if words not in new)]
    accounts = () if grant.login is None else grant.login.accounts
    return ConsentWords(
        client_name=client.in_language("client_name", language.tag),
        about=client_words(client, language),
        access=tuple(access),
        details=tuple(details.in_words(grant.request.authorization_details, accounts, language)),
        until=date_format.in_words(grant.consent_expires_at, language),
    )


def client_words(client: Client, language: Language) -> tuple[Fact, ...]:
    """What the client's record says, as far as it says it. The purpose is the client's own word."""

    def said(name: str) -> str:
        return client.in_language(name, language.tag)

    facts = []
    if purpose := said("purpose"):
        facts.append(Fact(language.say("Stated purpose"), purpose))
    if register := said("register_name"):
        number = client.register_number
        entry = language.say("{name}, {number}", name=register, number=number) if number else register
        facts.append(Fact(language.say("Registered with"), entry, said("register_uri")))
    if client.registered_at:
        since = date_format.day_in_words(client.registered_at, language)
        facts.append(Fact(language.say("Known to the bank since"), since))
    return tuple(facts)


def _access(wanted: RequestedAccess, with_scope: tuple[str, ...], language: Language) -> list[str]:
    tokens, names = wanted
    return [*scope.in_words(tokens, language), *claims.in_words(names, with_scope, language)]
