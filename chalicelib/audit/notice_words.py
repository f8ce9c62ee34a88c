"""The words of notices, in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.audit.notices import Kind, Notice
from chalicelib.language import Language, message

WORDS: Mapping[Kind, tuple[str, str]] = {
    "new_consent": (
        message("You connected an app: {client}"),
        message("On {day} you agreed that {client} may use your data at {bank}."),
    ),
    "payment_approved": (
        message("You approved a payment in an app: {client}"),
        message("On {day} you approved a payment at {bank} that {client} makes."),
    ),
    "new_passkey": (
        message("You have a new passkey"),
        message("On {day} a passkey was added to your sign-in at {bank}. Whoever has it can sign in as you."),
    ),
    "passkey_removed": (
        message("A passkey of yours was removed"),
        message("On {day} a passkey was removed from your sign-in at {bank}."),
    ),
    "new_recovery_codes": (
        message("You have new recovery codes"),
        message("On {day} new recovery codes were made for your sign-in at {bank}. The earlier ones are void."),
    ),
    "recovery_used": (
        message("Somebody signed in with a recovery code of yours"),
        message("On {day} a recovery code was used at {bank}. With it one can change how you sign in."),
    ),
    "recovery_begun": (
        message("Somebody began to recover your sign-in"),
        message(
            "On {day} a recovery of your sign-in at {bank} was begun with your password. After a wait, whoever knows the "
            "password can set up another app. Whoever signs in can stop it."
        ),
    ),
    "recovery_completed": (
        message("Your sign-in was recovered"),
        message("On {day} a recovery at {bank} set up another app for your sign-in. Your recovery codes are void."),
    ),
    "recovery_cancelled": (
        message("The recovery of your sign-in has ended"),
        message("On {day} the recovery of your sign-in at {bank} was stopped. Nobody can complete it."),
    ),
    "new_second_factor": (
        message("Your one-time codes come from another app"),
        message("On {day} the app that makes the one-time codes for your sign-in at {bank} was replaced."),
    ),
    "consent_ended": (
        message("We ended what you allowed an app: {client}"),
        message("On {day} we ended a consent that you had given to {client}. The app has no more access by it."),
    ),
}
"""By kind, the subject and the first sentence."""

YOURS = message("Was it you? Then you need to do nothing.")
NOT_YOURS = message("If it was not you, end it now and call {bank}:")
APPS = message("Your connected apps")
SIGN_IN = message("How you sign in")
CALL = message("If you have a question about it, call {bank}.")
NEVER = message("This message never asks for a password or a code.")


@dataclass(frozen=True)
class Words:
    """A notice in words. `language`: its tag."""

    language: str
    subject: str
    text: str


def words_of(notice: Notice, client: str, language: Language, *, bank: str, issuer: str) -> Words:
    """The notice in words. `client`: what the client is called."""
    subject, first = WORDS[notice.kind]
    day = date_format.in_words(notice.at, language)
    known = {"client": client, "bank": bank, "day": day}
    links = (f"{language.say(APPS)}: {issuer}/grants", f"{language.say(SIGN_IN)}: {issuer}/security")
    if notice.kind == "consent_ended":
        what_to_do = [language.say(CALL, bank=bank), links[0]]
    else:
        what_to_do = [language.say(YOURS), "\n".join((language.say(NOT_YOURS, bank=bank), *links))]
    parts = (language.say(first, **known), *what_to_do, language.say(NEVER))
    return Words(language.tag, _one_line(language.say(subject, client=client)), "\n\n".join(parts) + "\n")


def _one_line(text: str) -> str:
    """A header has no line ends. A client's name may have any that a JSON text has."""
    return " ".join(text.split())
