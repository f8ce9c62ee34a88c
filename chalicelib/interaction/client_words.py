"""The words of the consent page about who asks: purpose, entry in a register, and since when the bank knows the client."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.language import Language
from chalicelib.storage.records import Client


@dataclass(frozen=True)
class Fact:
    """A line about the client. `address`: the https address to which the value is a link, empty for none."""

    label: str
    value: str
    address: str = ""


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
